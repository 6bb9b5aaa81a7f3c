using System.Globalization;
using GreenTune.Core.Scoring;

namespace GreenTune.Bench.Load;

/// <summary>Runs as lines of a Markdown table. Failed requests count as failures alone: their times are in no percentile.</summary>
internal static class LoadReport
{
    public static void WriteHead()
    {
        Console.WriteLine("| load | answered | failed | requests/s | output tokens/s | prompt tokens (mean) | output tokens (mean) | time to first token p50 / p95 / p99, ms | between pieces p50 / p95 / p99, ms | whole answer p50 / p95 / p99, s | resident memory before / most / after, MB |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
    }

    public static void Write(string load, IReadOnlyList<LoadResult> results, TimeSpan took, ResidentMemory? memory)
    {
        LoadResult[] answered = [.. results.Where(result => result.Failure is null)];
        int failed = results.Count - answered.Length;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {load} | {answered.Length} | {failed} | {answered.Length / took.TotalSeconds:0.00} | {answered.Sum(result => result.OutputTokens) / took.TotalSeconds:0} | {Mean(answered, result => result.InputTokens)} | {Mean(answered, result => result.OutputTokens)} | {Three(answered.Select(result => result.FirstSeconds).OfType<double>(), 1000)} | {Three(answered.SelectMany(result => result.Gaps), 1000)} | {Three(answered.Select(result => result.Seconds), 1)} | {memory?.Text() ?? "not measured"} |"));
        foreach (IGrouping<string, LoadResult> reason in results.Where(result => result.Failure is not null).GroupBy(result => result.Failure!).OrderByDescending(group => group.Count()))
        {
            Console.WriteLine($"    {reason.Count()} failed: {reason.Key}");
        }
    }

    private static string Mean(LoadResult[] results, Func<LoadResult, int> tokens) =>
        results.Length == 0 ? "none" : results.Average(tokens).ToString("0.0", CultureInfo.InvariantCulture);

    private static string Three(IEnumerable<double> values, double scale)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0
            ? "none"
            : string.Join(" / ", new[] { 0.5, 0.95, 0.99 }.Select(q => (Quantiles.OfSorted(sorted, q) * scale).ToString(scale == 1 ? "0.00" : "0.0", CultureInfo.InvariantCulture)));
    }
}
