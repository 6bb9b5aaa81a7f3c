using GreenTune.Core.Units;

namespace GreenTune.Core.Contracts;

/// <summary>A device's state beside its power. What the driver does not tell is null, with the reason in <see cref="Reasons"/>.</summary>
public sealed record DeviceFacts
{
    public required DateTimeOffset At { get; init; }

    /// <summary>Power limit in force, in watts.</summary>
    public Watts? PowerLimitWatts { get; init; }

    /// <summary>Power at this instant (NVML's field 186), in watts.</summary>
    public Watts? InstantWatts { get; init; }

    /// <summary>Power averaged over a second (NVML's field 185), in watts.</summary>
    public Watts? AverageWatts { get; init; }

    /// <summary>Power of the device's memory, which is inside the device's, in watts.</summary>
    public Watts? MemoryWatts { get; init; }

    /// <summary>Clock of the multiprocessors, in MHz.</summary>
    public double? SmClockMegahertz { get; init; }

    /// <summary>Clock of the memory, in MHz.</summary>
    public double? MemoryClockMegahertz { get; init; }

    public double? TemperatureCelsius { get; init; }

    /// <summary>Share of the time with work running, 0 to 1.</summary>
    public double? Utilization { get; init; }

    /// <summary>Why clocks are held down, in the driver's terms ("swPowerCap", "hwThermalSlowdown"); empty when they are not, null when not known.</summary>
    public IReadOnlyList<string>? ThrottleReasons { get; init; }

    /// <summary>Other processes on the device; null when not known.</summary>
    public IReadOnlyList<ForeignProcess>? ForeignProcesses { get; init; }

    /// <summary>Share of the power above idle that is taken to be other processes', 0 to 1; null when not known.</summary>
    public double? ForeignShare { get; init; }

    /// <summary>MIG instances of the GPU; empty when it is not divided, null when not known.</summary>
    public IReadOnlyList<string>? MigInstances { get; init; }

    /// <summary>How long reading all this took, in milliseconds. It is not read on a request's path.</summary>
    public required double ReadMilliseconds { get; init; }

    /// <summary>Why a figure is null, by its name in camelCase.</summary>
    public IReadOnlyDictionary<string, string> Reasons { get; init; } = new Dictionary<string, string>();
}

/// <summary>A process of somebody else on a device.</summary>
/// <param name="Pid">Its id, as the driver numbers it: in a container not the container's numbers.</param>
/// <param name="MemoryBytes">Device memory in use; null when not known.</param>
/// <param name="Utilization">Share of the time in which it ran something lately, 0 to 1; null when not known.</param>
public sealed record ForeignProcess(long Pid, long? MemoryBytes, double? Utilization);
