using GreenTune.Core.Units;

namespace GreenTune.Core.Attribution;

/// <summary>The two phases of a generation.</summary>
public enum StepPhase
{
    /// <summary>Prompt tokens run through the model; yields the first output token, which belongs to it.</summary>
    Prefill,

    /// <summary>One token per row.</summary>
    Decode,
}

/// <summary>One row of a step.</summary>
/// <param name="Request">The request's key at the meter.</param>
/// <param name="Tokens">Tokens computed for it in this step; 1 in decode.</param>
/// <param name="Past">Tokens already in its KV cache.</param>
public readonly record struct StepRow(long Request, int Tokens, int Past);

/// <summary>
/// One run of the engine's session on the device. Steps of a device never overlap.
/// </summary>
/// <param name="Start">When it began.</param>
/// <param name="End">When its result was there; not before <paramref name="Start"/>.</param>
/// <param name="Phase">Prefill or decode.</param>
/// <param name="Work">Cost model of the configuration that ran.</param>
/// <param name="Rows">At least one row.</param>
public sealed record StepRecord(MonotonicTime Start, MonotonicTime End, StepPhase Phase, WorkModel Work, IReadOnlyList<StepRow> Rows)
{
    /// <summary>
    /// Part of the run that this record stands for, above 0 and at most 1. A long run may be reported in pieces while it lasts: each names the rows of the whole run, its own
    /// stretch of time and the part of the work done in it. Two pieces of a run are worth as much as the run.
    /// </summary>
    public double Fraction { get; init; } = 1;
}

/// <summary>
/// What a row of a step computes and moves, by design section 4.3: FLOPs = 2 P tokens + k_a tokens (past + tokens / 2);
/// bytes = weight bytes / rows + its KV bytes.
/// </summary>
/// <param name="ConfigurationId">The configuration it describes.</param>
/// <param name="Parameters">P, the weights multiplied per token (embedding look-up left out).</param>
/// <param name="AttentionFlopsPerPair">k_a: FLOPs per token and past position, 4 x layers x heads x head size.</param>
/// <param name="WeightBytes">Bytes of weights read per step.</param>
/// <param name="KvBytesPerToken">Bytes of keys and values per token in the cache.</param>
public sealed record WorkModel(string ConfigurationId, double Parameters, double AttentionFlopsPerPair, double WeightBytes, double KvBytesPerToken)
{
    public double Flops(in StepRow row) => 2 * Parameters * row.Tokens + AttentionFlopsPerPair * row.Tokens * (row.Past + row.Tokens / 2.0);

    public double Bytes(in StepRow row, int rows) => WeightBytes / rows + KvBytesPerToken * (row.Past + row.Tokens);
}
