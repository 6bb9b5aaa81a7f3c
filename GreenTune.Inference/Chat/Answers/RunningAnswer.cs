using GreenTune.Inference.Budgets;
using GreenTune.Inference.Chat.Requests;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Records;

namespace GreenTune.Inference.Chat.Answers;

/// <summary>A request's prompts, all of whose generations run. Disposing it stops those that have not ended.</summary>
internal sealed class RunningAnswer(TextRequest request, LoadedConfiguration configuration, IReadOnlyList<PromptRun> runs, BudgetVerdict verdict, DateTimeOffset? deadline, CancellationTokenSource stop) : IDisposable
{
    public TextRequest Request { get; } = request;

    public LoadedConfiguration Configuration { get; } = configuration;

    public IReadOnlyList<PromptRun> Runs { get; } = runs;

    public BudgetVerdict Verdict { get; } = verdict;

    /// <summary>When the client wants no answer any more; null when it did not say.</summary>
    public DateTimeOffset? Deadline { get; } = deadline;

    /// <summary>The first prompt's record, which the whole answer is named after.</summary>
    public ServedRequest Served => Runs[0].Served;

    public int InputTokens => Runs.Sum(run => run.Served.InputTokens);

    /// <summary>
    /// What has become ready of the answer, choices mixed as they come. While a reader is slow nothing is lost: what the engine makes meanwhile (at most
    /// max_tokens for each choice) is joined. A list is valid until the next one.
    /// </summary>
    public async IAsyncEnumerable<IReadOnlyList<AnswerPiece>> PiecesAsync()
    {
        var pieces = new List<AnswerPiece>();
        var open = Runs.Select(run => new OpenRun(run)).ToList();
        while (open.Count > 0)
        {
            if (Runs.Count == 1)
            {
                // A wait that allocates nothing, as it comes with each token.
                open[0].Read(pieces, await Runs[0].Generation.Tokens.WaitToReadAsync());
            }
            else
            {
                await Task.WhenAny(open.Select(each => each.Wait()));
                foreach (OpenRun each in open)
                {
                    each.ReadWhenReady(pieces);
                }
            }

            if (pieces.Count > 0)
            {
                yield return pieces;
                pieces.Clear();
            }

            open.RemoveAll(each => each.Ended);
        }
    }

    /// <summary>The ends of all prompts, in order.</summary>
    public async Task<IReadOnlyList<GenerationResult>> EndAsync()
    {
        var results = new GenerationResult[Runs.Count];
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = await Runs[i].EndAsync();
        }

        return results;
    }

    /// <summary>Ends the generations within a step; their records say cancelled.</summary>
    public void Stop() => stop.Cancel();

    public void Dispose()
    {
        // Not disposed: a generation that still runs reads its token.
        if (Runs.Any(run => !run.Generation.Completion.IsCompleted))
        {
            stop.Cancel();
        }
        else
        {
            stop.Dispose();
        }

        foreach (PromptRun run in Runs)
        {
            run.Dispose();
        }
    }

    /// <summary>A prompt that is still read.</summary>
    private sealed class OpenRun(PromptRun run)
    {
        private Task<bool>? _wait;

        public bool Ended { get; private set; }

        /// <summary>Completes when there is more to read. A wait that has not ended is used again: a channel takes one at a time.</summary>
        public Task Wait() => _wait ??= run.Generation.Tokens.WaitToReadAsync().AsTask();

        public void ReadWhenReady(List<AnswerPiece> pieces)
        {
            if (_wait is { IsCompleted: true } wait)
            {
                _wait = null;
                Read(pieces, wait.Result);
            }
        }

        /// <param name="pieces">Gets the pieces.</param>
        /// <param name="more">What WaitToReadAsync answered.</param>
        public void Read(List<AnswerPiece> pieces, bool more)
        {
            Ended = !more;
            run.Read(pieces, Ended);
        }
    }
}
