using System.Collections.Concurrent;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Tests.Engine;
using GreenTune.Metering;

namespace GreenTune.Inference.Tests.Conformance;

/// <summary>
/// An engine that answers what a test wrote, and keeps what it was asked. It obeys the contract: it stops at max_tokens, at stop strings, at the deadline and when the
/// client has gone.
/// </summary>
internal sealed class FakeEngine : IEngine
{
    private const string WarmUp = "warm-up";

    private readonly FakeMeter _meter = new();

    /// <summary>What was asked for, without the service's own warm-up.</summary>
    public ConcurrentQueue<GenerationRequest> Requests { get; } = [];

    public ConcurrentQueue<Task<GenerationResult>> Ends { get; } = [];

    public Func<GenerationRequest, FakeAnswer> Answer { get; set; } = _ => new FakeAnswer([]);

    /// <summary>Thrown by the next submissions; null takes them.</summary>
    public Func<GenerationRequest, Exception?>? Refuse { get; set; }

    public int Waiting => 0;

    public bool CanConstrain { get; set; }

    /// <summary>Gives tokens through a <see cref="NeverCompletedChannel{T}"/>.</summary>
    public bool LosesCompletion { get; set; }

    public IDeviceMeter Meter => _meter;

    /// <summary>The same, to be told what it gives.</summary>
    public FakeMeter FakeMeter => _meter;

    public Generation Submit(GenerationRequest request, CancellationToken cancellation)
    {
        if (request.Id.StartsWith(WarmUp, StringComparison.Ordinal))
        {
            var warm = new Generation(request, _meter.Admit(_meter.Now), _meter.Now, cancellation);
            _ = RunAsync(warm, new FakeAnswer([.. Enumerable.Repeat(new GeneratedToken(0, 5), request.MaxTokens)]));
            return warm;
        }

        if (Refuse?.Invoke(request) is { } refusal)
        {
            throw refusal;
        }

        Requests.Enqueue(request);
        var generation = new Generation(request, _meter.Admit(_meter.Now), _meter.Now, cancellation, LosesCompletion ? new NeverCompletedChannel<GeneratedToken>() : null);
        FakeAnswer answer = Answer(request);
        Ends.Enqueue(generation.Completion);
        _ = Task.Run(() => RunAsync(generation, answer), CancellationToken.None);
        return generation;
    }

    public Task RetireAsync(IModelRunner model)
    {
        model.Dispose();
        return Task.CompletedTask;
    }

    public Task DrainAsync(CancellationToken cancellation) => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task RunAsync(Generation generation, FakeAnswer answer)
    {
        GenerationRequest request = generation.Request;
        var counts = new int[request.Choices];
        var ends = new FinishReason?[request.Choices];
        Func<int, bool>?[] watchers = [.. Enumerable.Range(0, request.Choices).Select(choice => request.StopAfter?.Invoke(choice))];
        Core.Units.MonotonicTime start = _meter.Now;
        bool stopped = false;
        foreach (GeneratedToken token in answer.Tokens)
        {
            if (answer.Before is { } before)
            {
                await before(counts.Sum());
            }

            if (generation.Cancellation.IsCancellationRequested || request.Deadline < DateTimeOffset.UtcNow)
            {
                stopped = true;
                break;
            }

            if (ends[token.Choice] is not null)
            {
                continue;
            }

            generation.Emit(token);
            counts[token.Choice]++;
            ends[token.Choice] = watchers[token.Choice]?.Invoke(token.Id) is true ? FinishReason.Stop
                : counts[token.Choice] >= request.MaxTokens ? FinishReason.Length
                : null;
        }

        if (answer.AtEnd is { } last && !stopped)
        {
            await last();
            stopped = generation.Cancellation.IsCancellationRequested || request.Deadline < DateTimeOffset.UtcNow;
        }

        FinishReason finish = stopped ? FinishReason.Cancelled : answer.Error is null ? FinishReason.Stop : FinishReason.Error;
        Core.Units.MonotonicTime end = _meter.Now;
        generation.Complete(new GenerationResult
        {
            Choices = [.. counts.Select((count, choice) => new ChoiceResult(finish >= FinishReason.Cancelled ? finish : ends[choice] ?? answer.Finish, count))],
            CachedTokens = answer.CachedTokens,
            SubmittedAt = generation.SubmittedAt,
            StartedAt = start,
            FirstTokenAt = counts.Sum() > 0 ? end : null,
            EndedAt = end,
            Error = answer.Error,
            Settled = _meter.Finish(generation.MeterKey, end),
        });
    }
}

/// <summary>What a fake engine answers.</summary>
/// <param name="Tokens">In the order in which they come.</param>
internal sealed record FakeAnswer(IEnumerable<GeneratedToken> Tokens)
{
    /// <summary>Of choices that end by themselves.</summary>
    public FinishReason Finish { get; init; } = FinishReason.Stop;

    public int CachedTokens { get; init; }

    public Exception? Error { get; init; }

    /// <summary>Awaited before each token, with the number of tokens before it.</summary>
    public Func<int, Task>? Before { get; init; }

    /// <summary>Awaited behind the last.</summary>
    public Func<Task>? AtEnd { get; init; }
}
