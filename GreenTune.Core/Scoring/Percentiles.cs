using GreenTune.Core.Contracts;

namespace GreenTune.Core.Scoring;

/// <summary>Percentile intervals of bootstrap runs.</summary>
internal static class Percentiles
{
    /// <summary>
    /// The point estimate with the 2.5 % and 97.5 % percentiles of the runs. Runs in which the figure is not defined (NaN) are left out. The interval
    /// always holds the point estimate.
    /// </summary>
    public static Interval Around(double point, ReadOnlySpan<double> runs)
    {
        double[] sorted = new double[runs.Length];
        int count = 0;
        foreach (double run in runs)
        {
            if (double.IsFinite(run))
            {
                sorted[count++] = run;
            }
        }

        if (count == 0)
        {
            return new Interval(point, point, point);
        }

        Span<double> defined = sorted.AsSpan(0, count);
        defined.Sort();
        return new Interval(point, Math.Min(point, Quantiles.OfSorted(defined, 0.025)), Math.Max(point, Quantiles.OfSorted(defined, 0.975)));
    }
}
