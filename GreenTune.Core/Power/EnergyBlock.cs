using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Power;

/// <summary>What is unusual about an interval of a trace.</summary>
[Flags]
public enum TraceMarks
{
    None = 0,

    /// <summary>Longer than three periods: its energy is modelled (design section 4.1).</summary>
    Gap = 1,

    /// <summary>The energy counter fell inside it.</summary>
    Reset = 2,

    /// <summary>The device has a counter, which said nothing usable about this interval: the samples stand unscaled.</summary>
    Unscaled = 4,

    /// <summary>Nothing is known of its energy.</summary>
    Unknown = 8,
}

/// <summary>
/// The smallest interval for which a source gives an energy: between two distinct readings (design section 4.3).
/// </summary>
public readonly record struct EnergyBlock()
{
    public required MonotonicTime Start { get; init; }

    /// <summary>After <see cref="Start"/>.</summary>
    public required MonotonicTime End { get; init; }

    /// <summary>Energy of the whole device. Meaningless when <see cref="IsKnown"/> is false.</summary>
    public required Joules Energy { get; init; }

    /// <summary>Modelled energy of other processes inside <see cref="Energy"/>.</summary>
    public Joules Other { get; init; }

    /// <summary>None when the energy is not known.</summary>
    public required EnergyQuality Quality { get; init; }

    public TraceMarks Marks { get; init; }

    /// <summary>Standard uncertainty of <see cref="Energy"/> from noise, quantisation and the readings' times; the gain error is apart.</summary>
    public Joules Noise { get; init; }

    /// <summary>
    /// Standard uncertainty, in seconds, of where the source places a change of power inside the block: 0 for a counter read at
    /// both ends, length / sqrt(12) for samples, between which a change may lie anywhere, and the same of the time that a sample averages, in quadrature.
    /// </summary>
    public double EdgeSeconds { get; init; }

    /// <summary>Which rescaling span it belongs to, counting from 1; 0 where samples were not rescaled to a counter.</summary>
    public long Span { get; init; }

    /// <summary>Counter over integral of its rescaling span; 1 where samples were not rescaled.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>Why the energy is not known.</summary>
    public string? Reason { get; init; }

    public bool IsKnown => Quality != EnergyQuality.None;

    public double Seconds => (End - Start).TotalSeconds;

    public Watts MeanPower => new(Energy.Value / Seconds);

    /// <summary>The part of the block from a later time on, with its share of the energy; the block itself when it starts no earlier.</summary>
    public EnergyBlock From(MonotonicTime start)
    {
        if (start <= Start)
            return this;
        double share = (End - start).TotalSeconds / Seconds;
        return this with { Start = start, Energy = Energy * share, Other = Other * share, Noise = Noise * share };
    }

    /// <summary>An interval of which nothing is known but that it passed.</summary>
    public static EnergyBlock Unknown(MonotonicTime start, MonotonicTime end, string reason) => new()
    {
        Start = start,
        End = end,
        Energy = default,
        Quality = EnergyQuality.None,
        Marks = TraceMarks.Unknown,
        Reason = reason,
    };
}
