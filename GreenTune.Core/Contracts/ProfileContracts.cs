using GreenTune.Core.Units;

namespace GreenTune.Core.Contracts;

/// <summary>What requests of a configuration cost and how fast they are, by load level (GET /api/profiles on Inference; design section 4.4).</summary>
/// <param name="ConfigurationId">The configuration.</param>
/// <param name="Loads">By load level, lowest first; the warm-up profile alone before any request has run.</param>
public sealed record ConfigurationProfile(string ConfigurationId, IReadOnlyList<LoadProfile> Loads);

/// <summary>One load level of a configuration.</summary>
public sealed record LoadProfile
{
    /// <summary>Power of two of the mean number of requests in flight.</summary>
    public required int Level { get; init; }

    /// <summary>Least mean number of requests in flight of this level.</summary>
    public required double RowsFrom { get; init; }

    /// <summary>Mean number of requests in flight at which the next level begins.</summary>
    public required double RowsBelow { get; init; }

    /// <summary>"profile" when fitted from records, "warm-up" when from the calibration at load; null while there are too few records.</summary>
    public string? Basis { get; init; }

    /// <summary>Records of the fit.</summary>
    public int Records { get; init; }

    /// <summary>c0, a, a2, b, d of E = c0 + a n_in + a2 n_in^2 + b n_out + d n_out (n_in + n_out / 2), in joules; empty without a fit.</summary>
    public IReadOnlyList<double> Coefficients { get; init; } = [];

    /// <summary>Weighted coefficient of determination on the fitted records; null without a fit.</summary>
    public double? RSquared { get; init; }

    /// <summary>Mean absolute percentage error on records kept out of the fit, as a fraction; null when there are none.</summary>
    public double? MeanAbsolutePercentageError { get; init; }

    public int HeldOutRecords { get; init; }

    /// <summary>Relative spread of single requests about the fit, one sigma; null without a fit.</summary>
    public double? RelativeSigma { get; init; }

    /// <summary>Energy over lengths; empty without a fit.</summary>
    public IReadOnlyList<LengthCurvePoint> Curve { get; init; } = [];

    /// <summary>Speed of the last requests at this level; null before the first.</summary>
    public SpeedFigures? Speed { get; init; }
}

/// <summary>One point of the energy curve over lengths.</summary>
/// <param name="InputTokens">Prompt tokens.</param>
/// <param name="OutputTokens">Output tokens, at least 1.</param>
/// <param name="Joules">Expected energy of a request of these lengths.</param>
/// <param name="JoulesPerOutputToken">The same per output token.</param>
/// <param name="Low">Lower end of the 95 % confidence band of the expected joules; never below 0.</param>
/// <param name="High">Upper end of it.</param>
/// <param name="RequestSigma">Standard uncertainty of a single request's energy.</param>
/// <param name="Extrapolated">A length lies beyond all fitted ones.</param>
public sealed record LengthCurvePoint(int InputTokens, int OutputTokens, Joules Joules, double JoulesPerOutputToken, Joules Low, Joules High, Joules RequestSigma, bool Extrapolated);

/// <summary>How fast the last requests of a load level were.</summary>
/// <param name="Requests">Requests the figures are from.</param>
/// <param name="OutputTokensPerSecond">
/// Output tokens per second of the whole level by Little's law: mean number in flight times output tokens over time in flight. Null without output tokens.
/// </param>
/// <param name="TimeToFirstToken">Seconds from acceptance to the first output token; null where none was timed.</param>
/// <param name="InterTokenLatency">Seconds between output tokens after the first, by request; null where no request had two.</param>
/// <param name="Latency">Seconds from acceptance to the end.</param>
public sealed record SpeedFigures(int Requests, double? OutputTokensPerSecond, LatencyFigures? TimeToFirstToken, LatencyFigures? InterTokenLatency, LatencyFigures Latency);

/// <summary>Mean and quantiles over requests, in seconds (type 7: linear between order statistics).</summary>
public sealed record LatencyFigures(double Mean, double P50, double P95, double P99);
