using GreenTune.Core.Contracts;

namespace GreenTune.Core.Power;

/// <summary>What a source gives of a device's energy.</summary>
public enum ReadingKinds
{
    /// <summary>Power at instants.</summary>
    Samples,

    /// <summary>A cumulative energy counter.</summary>
    Counter,

    /// <summary>Both: the samples are rescaled to the counter (design section 4.1).</summary>
    SamplesAndCounter,
}

/// <summary>How the readings of one source become blocks.</summary>
public sealed record BlockCutting
{
    /// <summary>A distance between readings above this many periods is a gap.</summary>
    public const int GapPeriods = 3;

    public required ReadingKinds Kinds { get; init; }

    /// <summary>Expected time between samples, or between distinct counter values where there are no samples.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>Quality of a block without a mark.</summary>
    public required EnergyQuality Quality { get; init; }

    /// <summary>Smallest step of the counter, in joules.</summary>
    public double CounterQuantum { get; init; }

    /// <summary>Standard uncertainty, in seconds, of the instant at which the counter had the value read.</summary>
    public double CounterLatchSeconds { get; init; }

    /// <summary>Noise of one sample (1 sigma), in watts.</summary>
    public double SampleNoise { get; init; }

    /// <summary>A sample is the mean over this long about its stamp; 0 for power at an instant.</summary>
    public TimeSpan AveragingWindow { get; init; }

    /// <summary>Shortest span over which samples are rescaled to the counter.</summary>
    public TimeSpan RescaleSpan { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Without a usable counter value for this long, samples stand unscaled.</summary>
    public TimeSpan RescaleWait { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Scales outside [1 / this, this] are not believed: the samples stand unscaled. At idle others saw a counter at 0.57 of the samples.</summary>
    public double LargestScale { get; init; } = 2;

    public TimeSpan Gap => Period * GapPeriods;
}

/// <summary>What cutting met so far.</summary>
public sealed class CuttingStatistics
{
    /// <summary>Readings that were not newer than the last, or not finite.</summary>
    public long Dropped { get; internal set; }

    public long Gaps { get; internal set; }

    public long Resets { get; internal set; }

    /// <summary>Rescaling spans closed.</summary>
    public long Spans { get; internal set; }

    /// <summary>Spans whose counter could not be believed.</summary>
    public long UnscaledSpans { get; internal set; }

    /// <summary>Counter over integral of the last span, minus 1; null before the first.</summary>
    public double? LastDisagreement { get; internal set; }

    /// <summary>Largest absolute disagreement of a span.</summary>
    public double LargestDisagreement { get; internal set; }

    /// <summary>Counter over integral of all spans together, minus 1; null before the first.</summary>
    public double? OverallDisagreement => IntegralSum > 0 ? CounterSum / IntegralSum - 1 : null;

    internal double CounterSum { get; set; }

    internal double IntegralSum { get; set; }
}
