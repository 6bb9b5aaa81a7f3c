using System.Diagnostics;
using GreenTune.Core.Telemetry;
using GreenTune.Inference.Chat.Constraints;
using GreenTune.Inference.Chat.Requests;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Records;

namespace GreenTune.Inference.Chat.Answers;

/// <summary>One prompt whose generation runs: the text of its choices as it comes, and its end.</summary>
internal sealed class PromptRun : IDisposable
{
    /// <summary>Tokens that are joined at most: a reader that fell behind gets pieces that fit into a connection's buffer.</summary>
    private const int MostJoined = 64;

    private readonly ChoiceText[] _choices;
    private readonly IReadOnlyList<TokenConstraint> _constraints;
    private readonly Activity? _activity;
    private bool _textEnded;

    /// <param name="request">What was asked for.</param>
    /// <param name="firstChoice">Index of its first choice in the whole answer.</param>
    /// <param name="served">What is known of its record.</param>
    /// <param name="configuration">What runs it.</param>
    /// <param name="generation">The engine's handle.</param>
    /// <param name="constraints">One for each choice, which it disposes; none for free text.</param>
    /// <param name="activity">Its span, which it closes.</param>
    public PromptRun(TextRequest request, int firstChoice, ServedRequest served, LoadedConfiguration configuration, Generation generation, IReadOnlyList<TokenConstraint> constraints, Activity? activity)
    {
        Served = served;
        Generation = generation;
        FirstChoice = firstChoice;
        _constraints = constraints;
        _activity = activity;
        IReadOnlyDictionary<int, string> words = ChoiceText.HiddenWords(request, configuration.Tokenizer);
        _choices = [.. Enumerable.Range(0, request.Choices).Select(choice => new ChoiceText(firstChoice + choice, request, configuration.Tokenizer, words))];
    }

    public ServedRequest Served { get; }

    public Generation Generation { get; }

    public int FirstChoice { get; }

    /// <summary>Reads what the engine has made since the last call. Tokens that came meanwhile are joined into one piece for each choice.</summary>
    /// <param name="pieces">Gets the pieces.</param>
    /// <param name="ended">
    /// Whether nothing comes any more. WaitToReadAsync of <see cref="Generation.Tokens"/> says so, and nothing else does: their Completion stays open for ever when the last token
    /// is read at the moment at which the engine ends the generation (github.com/dotnet/runtime/issues/123544).
    /// </param>
    public void Read(List<AnswerPiece> pieces, bool ended)
    {
        for (int i = 0; i < MostJoined * _choices.Length && Generation.Tokens.TryRead(out GeneratedToken token); i++)
        {
            _choices[token.Choice].Add(token);
        }

        if (ended && !_textEnded)
        {
            _textEnded = true;
            foreach (ChoiceText choice in _choices)
            {
                choice.End();
            }
        }

        foreach (ChoiceText choice in _choices)
        {
            if (choice.Take(ended) is { } piece)
            {
                pieces.Add(piece);
            }
        }
    }

    /// <summary>The end; closes the generation's span.</summary>
    public async Task<GenerationResult> EndAsync()
    {
        GenerationResult result = await Generation.Completion;
        if (_activity is not null)
        {
            _activity.SetTag(TelemetryNames.UsageOutputTokens, result.OutputTokens);
            if (result.StartedAt is not null)
            {
                _activity.SetTag(TelemetryNames.UsageCachedInputTokens, result.CachedTokens);
            }

            _activity.SetTag(TelemetryNames.ResponseFinishReasons, result.Choices.Select((choice, index) => FinishWord(choice.Finish, index)).ToArray());
            if (result.FirstTokenAt is { } first)
            {
                _activity.SetTag(TelemetryNames.ResponseTimeToFirstChunk, (first - Served.AcceptedTick).TotalSeconds);
            }

            if (result.Error is { } error)
            {
                _activity.SetStatus(ActivityStatusCode.Error, error.Message);
                _activity.SetTag(TelemetryNames.ErrorType, error.GetType().Name);
            }
        }

        return result;
    }

    /// <summary>OpenAI's word for the end of a choice.</summary>
    /// <param name="finish">Why it ended.</param>
    /// <param name="choice">Which of this prompt's choices.</param>
    public string FinishWord(FinishReason finish, int choice) => finish switch
    {
        FinishReason.Stop => _choices[choice].CallsTools ? "tool_calls" : "stop",
        FinishReason.Length => "length",
        FinishReason.Cancelled => "cancelled",
        _ => "error",
    };

    /// <summary>Why an answer could not be held to its form; null when all could.</summary>
    public string? ConstraintError => _constraints.FirstOrDefault(constraint => constraint.Error is not null)?.Error;

    public void Dispose()
    {
        _activity?.Dispose();
        if (Generation.Completion.IsCompleted)
        {
            foreach (TokenConstraint constraint in _constraints)
            {
                constraint.Dispose();
            }
        }

        // Otherwise a step may be using them: they go when the engine has let go of them.
    }
}
