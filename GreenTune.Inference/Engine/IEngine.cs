using GreenTune.Core.Units;
using GreenTune.Metering;

namespace GreenTune.Inference.Engine;

/// <summary>
/// Runs generations on one device. One owner thread serialises every step, so that steps never overlap; requests wait in a bounded queue.
/// </summary>
internal interface IEngine : IAsyncDisposable
{
    /// <summary>Queues a generation. Its tokens and its end are read from the returned handle.</summary>
    /// <param name="request">What to generate.</param>
    /// <param name="cancellation">Stops the generation within one step; the handle then completes as cancelled.</param>
    /// <exception cref="QueueFullException">The queue is at its limit.</exception>
    Generation Submit(GenerationRequest request, CancellationToken cancellation);

    /// <summary>Generations that wait for the device.</summary>
    int Waiting { get; }

    /// <summary>The meter of the engine's device.</summary>
    IDeviceMeter Meter { get; }
}

/// <summary>The engine has as many waiting requests as it may.</summary>
internal sealed class QueueFullException(int limit, TimeSpan retryAfter)
    : Exception($"The queue is full ({limit} requests are waiting). Try again in {Math.Ceiling(retryAfter.TotalSeconds):0} s.")
{
    public TimeSpan RetryAfter { get; } = retryAfter;
}

/// <summary>One generation to run.</summary>
internal sealed record GenerationRequest
{
    public required string Id { get; init; }

    public required IDecoder Decoder { get; init; }

    /// <summary>Prompt token ids; at least one, and together with <see cref="MaxTokens"/> at most the decoder's context.</summary>
    public required int[] Prompt { get; init; }

    public required int MaxTokens { get; init; }

    public SamplingSettings Sampling { get; init; } = SamplingSettings.Greedy;

    /// <summary>Asked after every token on the engine's thread; true ends the generation with <see cref="FinishReason.Stop"/>. Null when there is nothing to watch for.</summary>
    public Func<int, bool>? StopAfter { get; init; }

    /// <summary>Tokens whose logits at the first output position are wanted (label scoring); null for none.</summary>
    public int[]? ScoredTokens { get; init; }

    public DateTimeOffset? Deadline { get; init; }
}

/// <summary>How a token is chosen.</summary>
/// <param name="Temperature">0 is greedy.</param>
/// <param name="TopP">Nucleus, above 0 and at most 1.</param>
/// <param name="TopK">Candidates kept; 0 keeps all.</param>
/// <param name="Seed">Same seed, same text; null draws one.</param>
internal sealed record SamplingSettings(double Temperature, double TopP, int TopK, long? Seed)
{
    public static SamplingSettings Greedy { get; } = new(0, 1, 0, null);

    public bool IsGreedy => Temperature == 0;
}

/// <summary>Why a generation ended.</summary>
internal enum FinishReason
{
    /// <summary>A stop token or a stop string.</summary>
    Stop,

    /// <summary>max_tokens.</summary>
    Length,

    /// <summary>The client went away or the deadline passed.</summary>
    Cancelled,

    /// <summary>A step failed.</summary>
    Error,
}

/// <summary>What became of a generation.</summary>
internal sealed record GenerationResult
{
    public required FinishReason Finish { get; init; }

    /// <summary>Tokens generated, a stop token included.</summary>
    public required int OutputTokens { get; init; }

    public required MonotonicTime SubmittedAt { get; init; }

    /// <summary>When its first step began; null when it never ran.</summary>
    public MonotonicTime? StartedAt { get; init; }

    public MonotonicTime? FirstTokenAt { get; init; }

    public required MonotonicTime EndedAt { get; init; }

    /// <summary>Logits of <see cref="GenerationRequest.ScoredTokens"/>, in their order.</summary>
    public float[]? Scores { get; init; }

    /// <summary>What failed; null unless <see cref="Finish"/> is an error.</summary>
    public Exception? Error { get; init; }

    /// <summary>The request's energy, once the block that holds its end has closed. Never fails.</summary>
    public required Task<SettledRequest> Settled { get; init; }
}
