using System.Globalization;

namespace GreenTune.Bench.Energy;

/// <summary>Mean and spread of a few values.</summary>
internal static class Statistic
{
    public static double Deviation(IReadOnlyCollection<double> values)
    {
        double mean = values.Average();
        return values.Count < 2 ? 0 : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
    }

    /// <summary>Root of the mean square: the spread about 0.</summary>
    public static double Rms(IReadOnlyCollection<double> values) => Math.Sqrt(values.Average(value => value * value));

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    public static void Line(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
