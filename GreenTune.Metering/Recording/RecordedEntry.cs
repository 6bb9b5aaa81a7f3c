using GreenTune.Core.Attribution;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering.Sources;

namespace GreenTune.Metering.Recording;

/// <summary>
/// One thing the meter took, in the order in which it took it. Times count from the meter's start; a sample the sensor had taken before has a
/// negative one.
/// </summary>
public abstract record RecordedEntry
{
    private RecordedEntry()
    {
    }

    /// <summary>The sensor was read: a tick begins.</summary>
    public sealed record Readings(MonotonicTime At, SourceStatus Status, IReadOnlyList<EnergyReading> Counter, IReadOnlyList<PowerSample> Samples) : RecordedEntry;

    /// <summary>A request entered.</summary>
    public sealed record Admitted(MonotonicTime At, long Request) : RecordedEntry;

    /// <summary>A step ran.</summary>
    /// <param name="Record">The step.</param>
    /// <param name="Coefficients">Given work coefficients of its configuration when it was first seen; null for none.</param>
    public sealed record Stepped(StepRecord Record, WorkCoefficients? Coefficients) : RecordedEntry;

    /// <summary>A request left.</summary>
    public sealed record Finished(MonotonicTime At, long Request) : RecordedEntry;

    /// <summary>The set of resident configurations changed.</summary>
    public sealed record ResidentChanged(MonotonicTime At, IReadOnlyList<string> Configurations) : RecordedEntry;

    /// <summary>Work that is no request began or ended.</summary>
    public sealed record BusyChanged(MonotonicTime At, bool Busy) : RecordedEntry;

    /// <summary>A calibration of the idle baseline was asked for.</summary>
    /// <param name="At">When.</param>
    /// <param name="Over">Quiet time to measure over.</param>
    public sealed record CalibrationAsked(MonotonicTime At, TimeSpan Over) : RecordedEntry;

    /// <summary>What had been told was settled: a tick ends.</summary>
    public sealed record Settled(MonotonicTime At) : RecordedEntry;

    /// <summary>A request was answered without figures.</summary>
    public sealed record GivenUp(long Request, string Reason) : RecordedEntry;
}
