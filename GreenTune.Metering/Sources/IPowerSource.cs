using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;

namespace GreenTune.Metering.Sources;

/// <summary>
/// Where the power of one device is read. One thread at a time calls it: the device's sampler. A reading may take milliseconds; nothing
/// on a request's path waits for it.
/// </summary>
public interface IPowerSource : IDisposable
{
    /// <summary>What is read, and how. Constant over the source's life.</summary>
    PowerSourceDescription Description { get; }

    /// <summary>Reads what is new since the last call. Does not throw for what can go wrong with a sensor: it says so.</summary>
    /// <param name="now">Now on the meter's clock.</param>
    /// <param name="into">Receives samples and counter readings, stamped on the meter's clock and not after <paramref name="now"/>.</param>
    SourceStatus Read(MonotonicTime now, PowerReadings into);
}

/// <summary>How a reading went.</summary>
/// <param name="Fault">What is wrong, as a sentence part without a full stop; null when all is well.</param>
/// <param name="Lost">True when nothing more is to be expected until it recovers: time from here on has no energy.</param>
public readonly record struct SourceStatus(string? Fault, bool Lost)
{
    public static SourceStatus Ok => default;

    /// <summary>This reading failed; the next may work.</summary>
    public static SourceStatus Failed(string fault) => new(fault, false);

    /// <summary>The device or its driver is gone.</summary>
    public static SourceStatus Gone(string fault) => new(fault, true);
}

/// <summary>A buffer that a source fills and the sampler empties, reused so that sampling allocates nothing.</summary>
public sealed class PowerReadings
{
    public List<PowerSample> Samples { get; } = new(256);

    public List<EnergyReading> Counter { get; } = new(16);

    public void Clear()
    {
        Samples.Clear();
        Counter.Clear();
    }
}

/// <summary>What a source reads.</summary>
public sealed record PowerSourceDescription
{
    /// <summary>The device's id on its node, for example "cpu-0" or a GPU's UUID.</summary>
    public required string DeviceId { get; init; }

    /// <summary>For people, for example "NVIDIA H200".</summary>
    public required string DeviceName { get; init; }

    public required DeviceComponent Component { get; init; }

    /// <summary>"nvml", "rapl", "cpu-estimate", "dcgm", "simulated", "replay" or "none".</summary>
    public required string Meter { get; init; }

    /// <summary>What is inside: "device", "package" or "host"; null without a meter.</summary>
    public required string? Boundary { get; init; }

    /// <summary>Quality of an undisturbed block; none when there is no meter.</summary>
    public required EnergyQuality Quality { get; init; }

    /// <summary>The sensor's relative gain error, 1 sigma; null without a meter.</summary>
    public required double? GainRelative { get; init; }

    /// <summary>How the meter works or why there is none, in one sentence.</summary>
    public required string Explanation { get; init; }

    public required ReadingKinds Kinds { get; init; }

    /// <summary>A reading is cheap (microseconds) and exact at the instant it is asked for, so that it may be taken when a request comes or goes.</summary>
    public bool ReadOnDemand { get; init; }

    /// <summary>Time between the sensor's own values; null when each reading yields a new one.</summary>
    public TimeSpan? NativePeriod { get; init; }

    /// <summary>Smallest step of the counter, in joules.</summary>
    public double CounterQuantum { get; init; }

    /// <summary>Standard uncertainty, in seconds, of the instants the counter's readings are stamped with.</summary>
    public double CounterLatchSeconds { get; init; }

    /// <summary>Noise of one sample (1 sigma), in watts.</summary>
    public double SampleNoise { get; init; }

    /// <summary>
    /// A sample is the mean over this long about its stamp; 0 for power at an instant, and where it is not known. A change of power cannot be placed better
    /// than this.
    /// </summary>
    public TimeSpan AveragingWindow { get; init; }

    /// <summary>The counter's readings tell the memory's part apart.</summary>
    public bool TellsDram { get; init; }

    /// <summary>Idle power to go by until a baseline has been measured.</summary>
    public Watts AssumedIdle { get; init; }

    /// <summary>Standard uncertainty of <see cref="AssumedIdle"/>.</summary>
    public Watts AssumedIdleSigma { get; init; }
}
