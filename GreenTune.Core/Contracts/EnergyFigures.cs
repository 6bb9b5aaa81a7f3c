using GreenTune.Core.Units;

namespace GreenTune.Core.Contracts;

/// <summary>
/// What one request cost (design section 3). joules = active + idle share; prefill + decode = active; the first output token belongs to prefill.
/// A figure that is not known is null, and <see cref="Reasons"/> says why under the figure's name in camelCase.
/// </summary>
public sealed record EnergyFigures
{
    /// <summary>Active energy and the share of the idle baseline. Never below 0.</summary>
    public Joules? Joules { get; init; }

    /// <summary>What the request caused above the baseline. May be slightly negative from noise.</summary>
    public Joules? ActiveJoules { get; init; }

    public Joules? PrefillJoules { get; init; }

    public Joules? DecodeJoules { get; init; }

    /// <summary>The request's share of the device's idle baseline over its time in flight.</summary>
    public Joules? IdleJoules { get; init; }

    /// <summary>Standard uncertainty of <see cref="Joules"/> over <see cref="Joules"/> (one sigma; 0.05 is 5 %).</summary>
    public double? RelativeUncertainty { get; init; }

    /// <summary>
    /// The check beside <see cref="ActiveJoules"/>: what equal weights (time alone, rows of a step equally) would have given. The distance between the two is part of the uncertainty.
    /// </summary>
    public Joules? EqualWeightsActiveJoules { get; init; }

    /// <summary>Part (0 to 1) of the active energy that was shared out by the configuration's fitted work model; the rest by time alone.</summary>
    public double? FittedShare { get; init; }

    /// <summary>What the uncertainty is made of, so that sums can be formed honestly.</summary>
    public EnergyUncertainty? Uncertainty { get; init; }

    public required EnergyQuality Quality { get; init; }

    /// <summary>Quality of the prefill and decode figures, which a short request may have at a lower one than its sum.</summary>
    public required EnergyQuality PhaseQuality { get; init; }

    public ComponentJoules Components { get; init; } = new();

    /// <summary>What is inside: device, package or host; null when nothing was metered.</summary>
    public string? Boundary { get; init; }

    /// <summary>The meter that was read, for example "nvml" or "cpu-estimate"; null when there was none.</summary>
    public string? Meter { get; init; }

    /// <summary>The device's id on its node, for example "cpu-0" or a GPU's UUID.</summary>
    public string? Device { get; init; }

    /// <summary>False while the measurement block that holds the request's end is still open; the figures are then a prediction.</summary>
    public required bool Settled { get; init; }

    /// <summary>Version of the attribution method, for restating later.</summary>
    public required string MethodVersion { get; init; }

    /// <summary>Why a figure is null or of lower quality, by the figure's name in camelCase ("components.gpu", "joules", "quality").</summary>
    public IReadOnlyDictionary<string, string> Reasons { get; init; } = new Dictionary<string, string>();

    /// <summary>No figure at all, with the reason.</summary>
    public static EnergyFigures None(string reason, string methodVersion) => new()
    {
        Quality = EnergyQuality.None,
        PhaseQuality = EnergyQuality.None,
        Settled = true,
        MethodVersion = methodVersion,
        Reasons = new Dictionary<string, string> { ["joules"] = reason },
    };
}

/// <summary>Energy by part of the node; null where that part has no meter.</summary>
public sealed record ComponentJoules
{
    public Joules? Gpu { get; init; }

    public Joules? Cpu { get; init; }

    public Joules? Dram { get; init; }
}

/// <summary>
/// Parts of a request's standard uncertainty (design section 4.3). Gain and baseline errors are shared by all requests of a device and add
/// linearly with their signs over a sum; the independent part adds in quadrature.
/// </summary>
/// <param name="GainRelative">Relative error of the sensor's gain (1 sigma), shared.</param>
/// <param name="BaselineSigma">Standard uncertainty of the idle baseline, shared.</param>
/// <param name="BaselineSensitivitySeconds">d(joules)/d(baseline) in seconds, signed.</param>
/// <param name="ActiveBaselineSensitivitySeconds">d(active)/d(baseline) in seconds, signed.</param>
/// <param name="Independent">Edge, noise and model spread in joules (1 sigma), of this request alone.</param>
public sealed record EnergyUncertainty(
    double GainRelative,
    Watts BaselineSigma,
    double BaselineSensitivitySeconds,
    double ActiveBaselineSensitivitySeconds,
    Joules Independent);
