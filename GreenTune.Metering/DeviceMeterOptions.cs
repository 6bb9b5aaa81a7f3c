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

    /// <summary>Baselines of earlier runs, which serve until they are measured anew. Read from <see cref="BaselineFile"/> where there is one.</summary>
    public IReadOnlyList<SavedBaseline> SavedBaselines { get; init; } = [];

    /// <summary>Where baselines are remembered; null for nowhere.</summary>
    [JsonIgnore]
    public BaselineFile? BaselineFile { get; init; }

    /// <summary>Records what the meter takes, from its start on; ended with the meter. Null for no recording.</summary>
    [JsonIgnore]
    public MeterRecorder? Recorder { get; init; }

    /// <summary>
    /// Work coefficients by configuration, null being time alone, instead of those that the meter fits from its own blocks (design section 4.3). Null leaves it to fit them.
    /// </summary>
    [JsonIgnore]
    public Func<string, WorkCoefficients?>? Coefficients { get; init; }

    /// <summary>Fits that a meter had made before a restart (<see cref="IDeviceMeter.WorkFits"/>); those of another device or kind of meter are left out.</summary>
    public WorkFitSnapshot? Remembered { get; init; }
}
