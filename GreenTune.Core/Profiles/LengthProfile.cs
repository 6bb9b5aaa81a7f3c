using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Profiles;

/// <summary>What one request of known lengths cost.</summary>
/// <param name="InputTokens">n_in, at least 0.</param>
/// <param name="OutputTokens">n_out, at least 0.</param>
/// <param name="Joules">Active energy and idle share.</param>
/// <param name="Sigma">Independent part of its standard uncertainty (edge, noise, model): the gain error is common to all and cancels in a fit.</param>
public sealed record LengthRecord(int InputTokens, int OutputTokens, Joules Joules, Joules Sigma);

/// <summary>A profile's answer for one request.</summary>
/// <param name="Joules">Expected energy.</param>
/// <param name="Sigma">Standard uncertainty of a single request's energy about it.</param>
public readonly record struct ProfilePrediction(Joules Joules, Joules Sigma)
{
    /// <summary>Standard uncertainty of the expected energy itself, without the scatter of single requests: what the confidence band is made of.</summary>
    public Joules MeanSigma { get; init; }
}

/// <summary>
/// Energy of a request by its lengths (design section 4.4):
/// E = c0 + a n_in + a2 n_in^2 + b n_out + d n_out (n_in + n_out / 2), coefficients at least 0, for one configuration at one load level.
/// </summary>
public sealed record LengthProfile
{
    /// <summary>"profile": fitted from records.</summary>
    public const string FittedBasis = "profile";

    /// <summary>"warm-up": from the calibration when the model was loaded.</summary>
    public const string WarmUpBasis = "warm-up";

    /// <summary>
    /// Relative standard uncertainty of a warm-up profile: two timings of one short run stand for all lengths, and growth with the
    /// context is left out. An assumption on the careful side, replaced by the first fit.
    /// </summary>
    public const double WarmUpRelativeSigma = 0.5;

    /// <summary>Relative standard uncertainty added per doubling of a length beyond the longest fitted one.</summary>
    private const double ExtrapolationPerDoubling = 0.2;

    internal const int Terms = 5;

    /// <summary>c0, a, a2, b, d in joules per 1, token, token^2, token and token^2.</summary>
    public required IReadOnlyList<double> Coefficients { get; init; }

    /// <summary>"profile" or "warm-up".</summary>
    public required string Basis { get; init; }

    /// <summary>Records it was fitted from.</summary>
    public int Records { get; init; }

    /// <summary>Weighted coefficient of determination on the fitted records; null for a warm-up or when all cost the same.</summary>
    public double? RSquared { get; init; }

    /// <summary>Mean absolute percentage error on records that were kept out of the fit, as a fraction; null when there are none.</summary>
    public double? MeanAbsolutePercentageError { get; init; }

    public int HeldOutRecords { get; init; }

    /// <summary>Relative spread of single requests about the fit, 1 sigma.</summary>
    public double RelativeSigma { get; init; }

    /// <summary>Covariance of the coefficients, row by row; empty for a warm-up.</summary>
    public IReadOnlyList<double> Covariance { get; init; } = [];

    /// <summary>Longest prompt among the fitted records; null for a warm-up.</summary>
    public int? LongestInput { get; init; }

    /// <summary>Longest output among the fitted records; null for a warm-up.</summary>
    public int? LongestOutput { get; init; }

    /// <summary>A profile from the two timings that loading a model yields: time times power, each token alike.</summary>
    /// <param name="prefillSecondsPerToken">Prompt tokens' time, in seconds per token.</param>
    /// <param name="decodeSecondsPerToken">Output tokens' time, in seconds per token.</param>
    /// <param name="active">Power above the idle baseline while the model runs.</param>
    /// <param name="idle">Idle baseline, which a request alone on the device bears whole.</param>
    /// <param name="overheadSeconds">Time of a request that belongs to no token.</param>
    public static LengthProfile FromWarmUp(double prefillSecondsPerToken, double decodeSecondsPerToken, Watts active, Watts idle, double overheadSeconds = 0)
    {
        Check(prefillSecondsPerToken, nameof(prefillSecondsPerToken));
        Check(decodeSecondsPerToken, nameof(decodeSecondsPerToken));
        Check(active.Value, nameof(active));
        Check(idle.Value, nameof(idle));
        Check(overheadSeconds, nameof(overheadSeconds));
        double power = active.Value + idle.Value;
        return new()
        {
            Coefficients = [overheadSeconds * power, prefillSecondsPerToken * power, 0, decodeSecondsPerToken * power, 0],
            Basis = WarmUpBasis,
            RelativeSigma = WarmUpRelativeSigma,
        };

        static void Check(double value, string name)
        {
            if (!double.IsFinite(value) || value < 0)
                throw new ArgumentOutOfRangeException(name, value, "Must be a number of at least 0.");
        }
    }

    /// <summary>What a request of these lengths is expected to cost.</summary>
    public ProfilePrediction Predict(int inputTokens, int outputTokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(inputTokens);
        ArgumentOutOfRangeException.ThrowIfNegative(outputTokens);
        double[] terms = TermsOf(inputTokens, outputTokens);
        double joules = 0, variance = 0;
        for (int i = 0; i < Terms; i++)
        {
            joules += Coefficients[i] * terms[i];
            for (int j = 0; j < Terms && Covariance.Count > 0; j++)
                variance += terms[i] * Covariance[i * Terms + j] * terms[j];
        }
        double beyond = ExtrapolationPerDoubling * (Doublings(inputTokens, LongestInput) + Doublings(outputTokens, LongestOutput));
        double relative = RelativeSigma + beyond;
        // A warm-up has no scatter of its own: all of its uncertainty is its level's.
        double ofMean = Covariance.Count > 0 ? beyond : relative;
        return new(new(joules), new(Math.Sqrt(Math.Max(0, variance) + relative * relative * joules * joules)))
        {
            MeanSigma = new(Math.Sqrt(Math.Max(0, variance) + ofMean * ofMean * joules * joules)),
        };
    }

    /// <summary>Energy over lengths, with a 95 % confidence band of the expected value: each prompt length with each output length.</summary>
    /// <param name="inputTokens">Prompt lengths, at least 0 each.</param>
    /// <param name="outputTokens">Output lengths, at least 1 each.</param>
    public IReadOnlyList<LengthCurvePoint> Curve(IReadOnlyList<int> inputTokens, IReadOnlyList<int> outputTokens)
    {
        var points = new List<LengthCurvePoint>(inputTokens.Count * outputTokens.Count);
        foreach (int input in inputTokens)
        {
            foreach (int output in outputTokens)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(output, 1, nameof(outputTokens));
                ProfilePrediction prediction = Predict(input, output);
                double half = 1.96 * prediction.MeanSigma.Value;
                points.Add(new(
                    input,
                    output,
                    prediction.Joules,
                    prediction.Joules.Value / output,
                    new(Math.Max(0, prediction.Joules.Value - half)),
                    new(prediction.Joules.Value + half),
                    prediction.Sigma,
                    input > (LongestInput ?? int.MaxValue) || output > (LongestOutput ?? int.MaxValue)));
            }
        }
        return points;
    }

    /// <summary>Energy per output token at these lengths; null without output tokens.</summary>
    public double? JoulesPerOutputToken(int inputTokens, int outputTokens) =>
        outputTokens > 0 ? Predict(inputTokens, outputTokens).Joules.Value / outputTokens : null;

    internal static double[] TermsOf(double inputTokens, double outputTokens) =>
        [1, inputTokens, inputTokens * inputTokens, outputTokens, outputTokens * (inputTokens + outputTokens / 2)];

    private static double Doublings(int length, int? longest) => longest is { } known && length > known ? Math.Log2(length / (double)Math.Max(known, 1)) : 0;
}
