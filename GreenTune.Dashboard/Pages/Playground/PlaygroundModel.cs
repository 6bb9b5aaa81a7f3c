using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Services;

namespace GreenTune.Dashboard.Pages.Playground;

/// <summary>
/// The conversation: what is asked, of whom, and what it takes. Runs answers, predicts before and while they run, and settles them when their records come.
/// Used on a circuit's dispatcher alone.
/// </summary>
public sealed class PlaygroundModel(InferenceClient inference, AccountingClient accounting, TimeProvider time) : IDisposable
{
    /// <summary>How often a running answer's prediction follows its tokens.</summary>
    private static readonly TimeSpan PredictInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a record is asked for that no event brought.</summary>
    private static readonly TimeSpan SettlePatience = TimeSpan.FromSeconds(60);

    private readonly List<Turn> _turns = [];
    private readonly TokenEstimate _tokens = new();
    private readonly CancellationTokenSource _gone = new();
    private CancellationTokenSource? _run;

    public IReadOnlyList<Turn> Turns => _turns;

    /// <summary>Joins the requests of one conversation in the records.</summary>
    public string SessionId { get; private set; } = NewSession();

    public bool SideBySide { get; set; }

    public string ChoiceA { get; set; } = ConfigurationName.Auto;

    public string ChoiceB { get; set; } = ConfigurationName.Auto;

    public int MaxTokens { get; set; } = 128;

    public double Temperature { get; set; }

    /// <summary>Sends the turns before along, as a chat does.</summary>
    public bool KeepHistory { get; set; } = true;

    public bool Busy => _run is not null;

    public IReadOnlyList<ConfigurationView> Configurations { get; set; } = [];

    /// <summary>Scores and what auto serves; null when nothing is known.</summary>
    public ThreeEView? ThreeE { get; set; }

    /// <summary>What the next message would take, by choice; empty when it cannot be said.</summary>
    public IReadOnlyList<Prediction> Predictions { get; private set; } = [];

    public IReadOnlyList<string> Choices => SideBySide ? [ChoiceA, ChoiceB] : [ChoiceA];

    private IEnumerable<Answer> Answers => _turns.SelectMany(t => t.Answers);

    /// <summary>Sum over the conversation; quality is the weakest of its parts.</summary>
    public ConversationTotal Total
    {
        get
        {
            var counted = Answers.Where(a => a.Joules is not null).ToList();
            return new ConversationTotal(
                counted.Sum(a => a.Joules!.Value.Value),
                counted.Sum(a => a.Grams?.Value ?? 0),
                Answers.Count(a => a.State is not (AnswerState.Refused or AnswerState.Failed)),
                counted.Count == 0 ? EnergyQuality.None : counted.Min(a => a.Quality));
        }
    }

    /// <summary>
    /// Asks every choice at once and runs until all texts have ended. <paramref name="changed"/> is called after each piece; drawing is the caller's to limit.
    /// </summary>
    public async Task SendAsync(string prompt, string tenant, Action changed)
    {
        if (Busy || string.IsNullOrWhiteSpace(prompt))
        {
            return;
        }

        var run = _run = CancellationTokenSource.CreateLinkedTokenSource(_gone.Token);
        var requests = Choices.Select((choice, column) => new ChatRequest
        {
            Model = choice,
            Messages = MessagesFor(column, prompt),
            MaxTokens = MaxTokens,
            Temperature = Temperature,
            Tenant = tenant,
            Session = SessionId,
        }).ToList();
        var turn = new Turn(prompt, [.. requests.Select(r => new Answer(r.Model, r.MaxTokens, time))]);
        _turns.Add(turn);
        changed();
        try
        {
            await Task.WhenAll(requests.Select((request, column) => RunAsync(request, turn.Answers[column], changed, run.Token)));
        }
        finally
        {
            _run = null;
            run.Dispose();
            changed();
        }

        foreach (var answer in turn.Answers.Where(a => a.IsSettling))
        {
            _ = SettleAsync(answer, changed);
        }
    }

    /// <summary>Ends what runs; the service notices within one step, and the records say what was used.</summary>
    public void Stop() => _run?.Cancel();

    /// <summary>Begins a new conversation.</summary>
    public void Clear()
    {
        Stop();
        _turns.Clear();
        SessionId = NewSession();
    }

    /// <summary>Takes a record that arrived by an event; returns whether it belongs to an answer here.</summary>
    public bool Arrive(RecordView record)
    {
        var mine = Answers.FirstOrDefault(a => a.RecordId == record.Record.Id);
        mine?.Settle(record);
        return mine is not null;
    }

    /// <summary>Predicts what a message would take with each choice.</summary>
    public async Task PredictAsync(string prompt, CancellationToken cancellationToken)
    {
        var choices = Choices.Select((choice, column) => (Id: PlaygroundChoice.Resolve(choice, Configurations, ThreeE), Tokens: InputTokens(column, prompt))).ToList();
        if (choices.Any(c => c.Id is null))
        {
            Predictions = [];
            return;
        }

        try
        {
            Predictions = await Task.WhenAll(choices.Select(c => inference.PredictAsync(new PredictionRequest(c.Id!, c.Tokens, MaxTokens), cancellationToken)));
        }
        catch (ServiceException)
        {
            // No prediction is not worth a message: the answer itself will say what it took.
            Predictions = [];
        }
    }

    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
    }

    private static string NewSession() => "playground-" + Guid.NewGuid().ToString("N")[..12];

    private int InputTokens(int column, string prompt) => _tokens.Of([.. MessagesFor(column, prompt).Select(m => m.Content.Length)]);

    /// <summary>The conversation of one column: its own answers where there were two, the only one elsewhere.</summary>
    private List<ChatMessage> MessagesFor(int column, string prompt)
    {
        var messages = new List<ChatMessage>();
        foreach (var turn in KeepHistory ? _turns : [])
        {
            var answer = turn.Answers[Math.Min(column, turn.Answers.Count - 1)];
            if (answer.Text.Length > 0 && answer.State is not (AnswerState.Refused or AnswerState.Failed))
            {
                messages.Add(new ChatMessage("user", turn.Prompt));
                messages.Add(new ChatMessage("assistant", answer.Text));
            }
        }

        messages.Add(new ChatMessage("user", prompt));
        return messages;
    }

    private async Task RunAsync(ChatRequest request, Answer answer, Action changed, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var predicting = FollowAsync(request, answer, changed, ended.Token);
        try
        {
            await foreach (var update in inference.StreamChatAsync(request, cancellationToken))
            {
                answer.Apply(update);
                if (update is ChatUsage usage)
                {
                    _tokens.Learn([.. request.Messages.Select(m => m.Content.Length)], usage.PromptTokens);
                }

                changed();
            }

            answer.Finish();
        }
        catch (OperationCanceledException)
        {
            answer.Stop();
        }
        catch (ChatRefusedException e)
        {
            answer.Refuse(e);
        }
        catch (ServiceException e)
        {
            answer.Fail(e.Message);
        }
        catch (Exception e) when (cancellationToken.IsCancellationRequested && e is IOException or HttpRequestException)
        {
            answer.Stop();
        }
        finally
        {
            await ended.CancelAsync();
            await predicting;
        }
    }

    private async Task FollowAsync(ChatRequest request, Answer answer, Action changed, CancellationToken cancellationToken)
    {
        var inputTokens = _tokens.Of([.. request.Messages.Select(m => m.Content.Length)]);
        try
        {
            while (true)
            {
                await Task.Delay(PredictInterval, time, cancellationToken);
                var configuration = answer.ConfigurationId ?? PlaygroundChoice.Resolve(answer.Asked, Configurations, ThreeE);
                if (answer.State == AnswerState.Streaming && configuration is not null)
                {
                    answer.Predict(await inference.PredictAsync(new PredictionRequest(configuration, inputTokens, answer.OutputTokens), cancellationToken));
                    changed();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The text has ended.
        }
        catch (ServiceException)
        {
            // Without predictions the figures come at the end.
        }
    }

    /// <summary>Asks for the record, in case its event was missed.</summary>
    private async Task SettleAsync(Answer answer, Action changed)
    {
        var began = time.GetTimestamp();
        var wait = TimeSpan.FromSeconds(0.5);
        try
        {
            while (answer.IsSettling && answer.RecordId is { } id && time.GetElapsedTime(began) < SettlePatience)
            {
                await Task.Delay(wait, time, _gone.Token);
                wait = TimeSpan.FromSeconds(Math.Min(4, wait.TotalSeconds * 1.6));
                if (!answer.IsSettling)
                {
                    return;
                }

                try
                {
                    answer.Settle(await accounting.GetRecordAsync(id, _gone.Token));
                    changed();
                }
                catch (ServiceException)
                {
                    // Not there yet, or Accounting is away: the outbox keeps it.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The page is gone.
        }
        catch (ObjectDisposedException)
        {
            // The page is gone.
        }
    }
}

/// <summary>What a conversation took.</summary>
/// <param name="Joules">Sum in joules of the answers that have a figure.</param>
/// <param name="Grams">Sum in grams.</param>
/// <param name="Answers">Answers that were given.</param>
/// <param name="Quality">The weakest of the parts.</param>
public sealed record ConversationTotal(double Joules, double Grams, int Answers, EnergyQuality Quality);
