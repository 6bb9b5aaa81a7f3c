using GreenTune.Core.Contracts;

namespace GreenTune.Core.Attribution;

/// <summary>Part of a node that a device's energy belongs to.</summary>
public enum DeviceComponent
{
    Cpu,
    Gpu,
}

/// <summary>What a device's figures carry with them.</summary>
public sealed record LedgerDevice
{
    /// <summary>The device's id on its node.</summary>
    public required string Id { get; init; }

    /// <summary>For example "nvml".</summary>
    public required string Meter { get; init; }

    /// <summary>What is inside: "device", "package" or "host".</summary>
    public required string Boundary { get; init; }

    public required DeviceComponent Component { get; init; }

    /// <summary>The sensor's relative gain error, 1 sigma.</summary>
    public required double GainRelative { get; init; }
}

/// <summary>One request's share of a device's energy, final.</summary>
public sealed record Settlement
{
    /// <summary>The request's key.</summary>
    public required long Request { get; init; }

    /// <summary>Its figures, or none with the reason.</summary>
    public required EnergyFigures Energy { get; init; }

    /// <summary>Mean number of requests in flight over its own time in flight.</summary>
    public required double MeanRowsInFlight { get; init; }

    /// <summary>Mean baseline over its time in flight; null when nothing was metered.</summary>
    public Units.Watts? Baseline { get; init; }

    /// <summary>Its active energy by equal weights (time alone, rows equally): the check beside the work model.</summary>
    public Units.Joules? EqualWeightsActive { get; init; }

    /// <summary>What it had been given where its figures are none: in the device's buckets, and on no record.</summary>
    public Units.Joules Withheld { get; init; }

    /// <summary>Its active energy lies below -3 sigma: the baseline was too high and is to be measured anew.</summary>
    public bool BaselineSuspect { get; init; }
}
