using System.Text.Json.Serialization;
using GreenTune.Core.Attribution;
using GreenTune.Metering.Baselines;
using GreenTune.Metering.Recording;

namespace GreenTune.Metering;

/// <summary>How one device's meter works.</summary>
public sealed record DeviceMeterOptions
{
    /// <summary>Time between readings.</summary>
    public TimeSpan Period { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Least time between readings taken because a request came or went.</summary>
    public TimeSpan OnDemandSpacing { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Without a block for this long, and for 20 periods, the meter counts as lost: time from there on has no energy.</summary>
    public TimeSpan LostAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A request that has ended is given up, without figures, when they have not settled after this long.</summary>
    public TimeSpan SettlePatience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Blocks are closed without waiting longer for a running step's report after this long.</summary>
    public TimeSpan StepPatience { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Power points kept for charts.</summary>
    public int TraceCapacity { get; init; } = 65_536;

    public BaselineOptions Baselines { get; init; } = new();

    /// <summary>Work coefficients by configuration; null is time alone (design section 4.3).</summary>
    [JsonIgnore]
    public Func<string, WorkCoefficients?>? Coefficients { get; init; }

    /// <summary>Records what the meter takes, from its start on; ended with the meter. Null for no recording.</summary>
    [JsonIgnore]
    public MeterRecorder? Recorder { get; init; }
}
