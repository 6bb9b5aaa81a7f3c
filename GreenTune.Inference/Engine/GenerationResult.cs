using GreenTune.Core.Units;
using GreenTune.Metering;

namespace GreenTune.Inference.Engine;

/// <summary>Why a generation ended.</summary>
internal enum FinishReason
{
    /// <summary>A stop token or a stop string.</summary>
    Stop,

    /// <summary>max_tokens.</summary>
    Length,

    /// <summary>The client went away, the deadline passed or the service stops.</summary>
    Cancelled,

    /// <summary>A step failed.</summary>
    Error,
}

/// <summary>The end of one choice.</summary>
/// <param name="Finish">Why it ended.</param>
/// <param name="OutputTokens">Tokens generated, a stop token included.</param>
internal readonly record struct ChoiceResult(FinishReason Finish, int OutputTokens);

/// <summary>What became of a generation.</summary>
internal sealed record GenerationResult
{
    /// <summary>By choice, in order; at least one.</summary>
    public required IReadOnlyList<ChoiceResult> Choices { get; init; }

    /// <summary>The worst end of any choice: an error or a cancellation if there was one, otherwise the first choice's.</summary>
    public FinishReason Finish
    {
        get
        {
            FinishReason finish = Choices[0].Finish;
            foreach (ChoiceResult choice in Choices)
            {
                finish = choice.Finish >= FinishReason.Cancelled && choice.Finish > finish ? choice.Finish : finish;
            }

            return finish;
        }
    }

    /// <summary>Tokens generated over all choices, stop tokens included.</summary>
    public int OutputTokens => Choices.Sum(choice => choice.OutputTokens);

    /// <summary>Prompt tokens whose keys and values came from the prefix cache.</summary>
    public int CachedTokens { get; init; }

    /// <summary>Tokens computed for this request, prompt and answers: more than were of use where a static batch runs to its longest row, fewer where a prefix was cached.</summary>
    public long ComputedTokens { get; init; }

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
