using GreenTune.Core.Contracts;

namespace GreenTune.Core.Totals;

/// <summary>
/// A sum of figures of one device with what its uncertainty is made of (design section 4.3). The gain's and the baseline's errors are shared by all
/// requests of a device, so they add linearly and with their signs; each request's own part adds in quadrature. Any unit: joules, or grams after
/// <see cref="operator *(UncertainSum, double)"/> with grams per joule.
/// </summary>
/// <param name="Value">Sum of the figures.</param>
/// <param name="Gain">Sum of gain error x figure (1 sigma, signed).</param>
/// <param name="Baseline">Sum of baseline sigma x sensitivity (1 sigma, signed).</param>
/// <param name="IndependentVariance">Sum of the squares of the independent parts.</param>
public readonly record struct UncertainSum(double Value, double Gain, double Baseline, double IndependentVariance)
{
    /// <summary>Half-width of a 95 % interval in standard uncertainties of a normal distribution.</summary>
    public const double Coverage95 = 1.96;

    /// <summary>Standard uncertainty (1 sigma).</summary>
    public double StandardUncertainty => Math.Sqrt(Variance);

    private double Variance => Gain * Gain + Baseline * Baseline + IndependentVariance;

    public static UncertainSum operator +(UncertainSum a, UncertainSum b) => new(
        a.Value + b.Value, a.Gain + b.Gain, a.Baseline + b.Baseline, a.IndependentVariance + b.IndependentVariance);

    public static UncertainSum operator *(UncertainSum a, double factor) => new(
        a.Value * factor, a.Gain * factor, a.Baseline * factor, a.IndependentVariance * factor * factor);

    /// <summary>
    /// The joules of one request; null when it has none. Where only a relative uncertainty is known, all of it counts as shared, the more cautious reading.
    /// </summary>
    public static UncertainSum? OfJoules(EnergyFigures energy)
    {
        if (energy.Joules is not { Value: var joules })
        {
            return null;
        }

        return energy.Uncertainty is { } parts
            ? new UncertainSum(joules, parts.GainRelative * joules, parts.BaselineSigma.Value * parts.BaselineSensitivitySeconds, Square(parts.Independent.Value))
            : new UncertainSum(joules, (energy.RelativeUncertainty ?? 0) * joules, 0, 0);
    }

    /// <summary>The active joules of one request; null when it has none.</summary>
    public static UncertainSum? OfActiveJoules(EnergyFigures energy)
    {
        if (energy.ActiveJoules is not { Value: var active })
        {
            return null;
        }

        return energy.Uncertainty is { } parts
            ? new UncertainSum(active, parts.GainRelative * active, parts.BaselineSigma.Value * parts.ActiveBaselineSensitivitySeconds, Square(parts.Independent.Value))
            : new UncertainSum(active, (energy.RelativeUncertainty ?? 0) * (energy.Joules?.Value ?? active), 0, 0);
    }

    /// <summary>
    /// Total over devices with its 95 % interval. Devices have sensors of their own, so their uncertainties add in quadrature. A sum of joules or grams
    /// cannot be below 0, so neither is the interval's lower end.
    /// </summary>
    public static Interval Total(IEnumerable<UncertainSum> devices)
    {
        double value = 0;
        double variance = 0;
        foreach (UncertainSum device in devices)
        {
            value += device.Value;
            variance += device.Variance;
        }

        double half = Coverage95 * Math.Sqrt(variance);
        return new Interval(value, Math.Max(0, value - half), value + half);
    }

    private static double Square(double value) => value * value;
}
