using GreenTune.Core.Contracts;

namespace GreenTune.Core.Scoring;

/// <summary>A configuration's samples as the bootstrap needs them: the closed loop summed by item, latencies in order.</summary>
internal sealed class ConfigurationSamples
{
    private ConfigurationSamples(ConfigurationMeasurement measurement, int concurrency)
    {
        Id = measurement.ConfigurationId;
        Concurrency = concurrency;
        Rejected = measurement.Rejected;
        var items = measurement.ClosedLoop.GroupBy(sample => sample.Item).OrderBy(item => item.Key, StringComparer.Ordinal).ToArray();
        Items = [.. items.Select(item => item.Key)];
        Answers = [.. items.Select(item => (double)item.Count())];
        Joules = [.. items.Select(item => item.Sum(sample => sample.Joules?.Value ?? 0))];
        Tokens = [.. items.Select(item => item.Sum(sample => (double)sample.OutputTokens))];
        Seconds = [.. items.Select(item => item.Sum(sample => sample.Seconds))];
        Right = [.. items.Select(item => (double)item.Count(sample => sample.Correct == true))];
        Offered = [.. measurement.OfferedLoadSeconds.Order()];
        Correct = [.. measurement.Correct.Select(right => right ? 1.0 : 0.0)];
        JudgedInLoop = items.Length > 0 && measurement.ClosedLoop.All(sample => sample.Correct is not null);
        Unmetered = measurement.ClosedLoop.Count(sample => sample.Joules is null);
        MeanTokens = items.Length > 0 ? Tokens.Sum() / Answers.Sum() : null;
    }

    public string Id { get; }

    public string? Rejected { get; }

    /// <summary>Item ids of the closed loop in ordinal order; the arrays below follow it.</summary>
    public string[] Items { get; }

    public double[] Answers { get; }

    public double[] Joules { get; }

    public double[] Tokens { get; }

    public double[] Seconds { get; }

    /// <summary>Answers of the closed loop that named the right label.</summary>
    public double[] Right { get; }

    /// <summary>Latencies at the equal offered load, ascending.</summary>
    public double[] Offered { get; }

    /// <summary>1 for each scored item that was right, in the plan's order.</summary>
    public double[] Correct { get; }

    /// <summary>True when every answer of the closed loop was judged, so that joules per correct item come from the very answers that cost them.</summary>
    public bool JudgedInLoop { get; }

    public double? MeanTokens { get; }

    private int Concurrency { get; }

    private int Unmetered { get; }

    public static ConfigurationSamples Of(ConfigurationMeasurement measurement, int concurrency) => new(measurement, concurrency);

    /// <summary>Why the energy axis is missing; null when it is there.</summary>
    public string? EnergyMissing(bool perCorrectItem)
    {
        if (Items.Length == 0)
        {
            return "it has no answers in the closed loop";
        }

        if (Unmetered > 0)
        {
            return Unmetered == Answers.Sum() ? "none of its answers was metered" : $"{Unmetered} of its {Answers.Sum()} answers were not metered";
        }

        if (Joules.Sum() <= 0)
        {
            return "its answers have no energy above 0";
        }

        if (perCorrectItem)
        {
            return Correctness() is null ? "none of its items was scored" : Correctness() > 0 ? null : "it answered no item correctly";
        }

        return Tokens.Sum() > 0 ? null : "it generated no tokens";
    }

    /// <summary>Why the efficiency axis is missing; null when it is there.</summary>
    public string? EfficiencyMissing()
    {
        if (Items.Length == 0)
        {
            return "it has no answers in the closed loop";
        }

        if (!(Seconds.Sum() > 0 && Tokens.Sum() > 0))
        {
            return "its closed loop has no throughput";
        }

        return Offered.Length == 0 ? "the part at equal offered load did not run, so there is no p95" : Offered[^1] > 0 ? null : "its latencies are not above 0";
    }

    /// <summary>Why the effectiveness axis is missing; null when it is there.</summary>
    public string? EffectivenessMissing() => Correct.Length == 0 ? "none of its items was scored" : null;

    /// <summary>Figures from sums over a resample of the closed loop, a p95 and an accuracy; NaN where a figure is not defined.</summary>
    public RawFigures Figures(in LoopSums sums, double p95, double accuracy)
    {
        double right = JudgedInLoop ? sums.Right : sums.Answers * accuracy;
        return new RawFigures(
            Ratio(sums.Joules, sums.Tokens),
            Ratio(sums.Joules, right),
            // By Little's law a closed loop with n requests in flight completes n / mean latency per second.
            Ratio(Concurrency * sums.Tokens, sums.Seconds),
            p95,
            accuracy);
    }

    public RawFigures PointFigures() => Figures(
        new LoopSums(Joules.Sum(), Tokens.Sum(), Seconds.Sum(), Right.Sum(), Answers.Sum()),
        Offered.Length > 0 ? Quantiles.OfSorted(Offered, 0.95) : double.NaN,
        Correct.Length > 0 ? Correct.Average() : double.NaN);

    private double? Correctness() => JudgedInLoop ? Right.Sum() : Correct.Length > 0 ? Correct.Sum() : null;

    private static double Ratio(double numerator, double denominator) => denominator > 0 ? numerator / denominator : double.NaN;
}

/// <summary>Sums over the answers of a closed loop.</summary>
internal readonly record struct LoopSums(double Joules, double Tokens, double Seconds, double Right, double Answers);

/// <summary>A configuration's figures in their own units.</summary>
internal readonly record struct RawFigures(double JoulesPerToken, double JoulesPerCorrectItem, double TokensPerSecond, double P95Seconds, double TaskScore);
