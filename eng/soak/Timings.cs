namespace GreenTune.Soak;

/// <summary>Durations of many calls.</summary>
internal static class Timings
{
    /// <summary>Nearest rank, in milliseconds.</summary>
    public static double Quantile(IReadOnlyCollection<TimeSpan> times, double q)
    {
        TimeSpan[] ascending = [.. times.Order()];
        return ascending[Math.Max(1, (int)Math.Ceiling(q * ascending.Length)) - 1].TotalMilliseconds;
    }

    public static string InWords(IReadOnlyCollection<TimeSpan> times) =>
        FormattableString.Invariant($"p50 {Quantile(times, 0.5):0.0} ms, p95 {Quantile(times, 0.95):0.0} ms, longest {Quantile(times, 1):0.0} ms over {times.Count}");
}
