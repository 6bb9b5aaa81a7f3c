using GreenTune.Core.Contracts;

namespace GreenTune.Core.Scoring;

/// <summary>A plan's axes against one reference, with logarithms of every bootstrap run kept, so that a score is three products and an exponential.</summary>
public sealed class ReferenceEvaluation
{
    private readonly PlanEvaluation _plan;
    private readonly ConfigurationAxes[] _axes;

    internal ReferenceEvaluation(PlanEvaluation plan, string reference)
    {
        _plan = plan;
        Reference = reference;
        int index = Enumerable.Range(0, plan.Samples.Count).First(i => plan.Samples[i].Id == reference);
        _axes = [.. Enumerable.Range(0, plan.Samples.Count).Select(i => ConfigurationAxes.Of(plan, i, index))];
    }

    /// <summary>Configuration whose axes are 1.</summary>
    public string Reference { get; }

    /// <summary>
    /// Scores of all configurations: ranked ones first, then those below the floor, then those without a score. A configuration below the floor by its
    /// point estimate has a score and no rank.
    /// </summary>
    public IReadOnlyList<ThreeEScore> Rank(ThreeEWeights weights, double floor)
    {
        double[]?[] runs = [.. _axes.Select(axes => axes.Runs(weights))];
        double?[] points = [.. _axes.Select(axes => axes.Point(weights))];
        bool[] eligible = [.. _axes.Select((axes, i) => points[i] is not null && !axes.Below(floor))];
        double[] firstShares = FirstShares(runs, eligible);
        int[] order = [.. Enumerable.Range(0, _axes.Length)
            .OrderBy(i => eligible[i] ? 0 : points[i] is not null ? 1 : 2)
            .ThenByDescending(i => points[i] ?? 0).ThenBy(i => _axes[i].Id, StringComparer.Ordinal)];
        int rank = 0;
        return [.. order.Select(i => View(_axes[i], weights, floor, points[i], runs[i], eligible[i] ? ++rank : null, eligible[i] ? firstShares[i] : null))];
    }

    /// <summary>
    /// Best configuration at every weight vector of a regular grid with <paramref name="steps"/> steps along an edge, by the point estimates.
    /// </summary>
    public WeightTriangle Triangle(double floor, int steps)
    {
        ConfigurationAxes[] candidates = [.. _axes.Where(axes => !axes.Below(floor))];
        var winners = new List<string>();
        var cells = new List<TriangleCell>((steps + 1) * (steps + 2) / 2);
        for (int i = 0; i <= steps; i++)
        {
            for (int j = 0; j <= steps - i; j++)
            {
                var weights = new ThreeEWeights((double)i / steps, (double)j / steps, (double)(steps - i - j) / steps);
                ConfigurationAxes? winner = candidates.Where(axes => axes.Point(weights) is not null)
                    .OrderByDescending(axes => axes.Point(weights)).ThenBy(axes => axes.Id, StringComparer.Ordinal).FirstOrDefault();
                int index = winner is null ? -1 : winners.IndexOf(winner.Id);
                if (winner is not null && index < 0)
                {
                    index = winners.Count;
                    winners.Add(winner.Id);
                }

                cells.Add(new TriangleCell(weights.Energy, weights.Efficiency, weights.Effectiveness, index));
            }
        }

        return new WeightTriangle(steps, winners, cells);
    }

    /// <summary>
    /// What the reference would have used for the same tokens: each configuration's joules times its measured ratio of joules per output token. Scaling
    /// what was really used keeps load and lengths as they were. Null when a configuration of the sum or the reference was not measured.
    /// </summary>
    /// <param name="joules">Joules by configuration; those that the plan did not measure are left out.</param>
    /// <returns>Saved joules and the saved share of the reference's energy; null when nothing can be said.</returns>
    public (Interval Fraction, double Joules)? Saving(IReadOnlyDictionary<string, double> joules)
    {
        var parts = _axes.Where(axes => axes.TokenEnergyRatio is not null && joules.GetValueOrDefault(axes.Id) > 0).ToArray();
        double used = parts.Sum(axes => joules[axes.Id]);
        if (used <= 0)
        {
            return null;
        }

        double[] fractions = new double[PlanEvaluation.Runs];
        for (int run = 0; run < fractions.Length; run++)
        {
            fractions[run] = 1 - used / parts.Sum(axes => joules[axes.Id] * axes.TokenEnergyRatios![run]);
        }

        double expected = parts.Sum(axes => joules[axes.Id] * axes.TokenEnergyRatio!.Value);
        return (Percentiles.Around(1 - used / expected, fractions), expected - used);
    }

    private double[] FirstShares(double[]?[] runs, bool[] eligible)
    {
        int[] candidates = [.. Enumerable.Range(0, _axes.Length).Where(i => eligible[i])];
        double[] firsts = new double[_axes.Length];
        int counted = 0;
        for (int run = 0; run < PlanEvaluation.Runs && candidates.Length > 0; run++)
        {
            int best = candidates[0];
            bool defined = true;
            foreach (int i in candidates)
            {
                defined &= !double.IsNaN(runs[i]![run]);
                best = runs[i]![run] > runs[best]![run] ? i : best;
            }

            if (defined)
            {
                firsts[best]++;
                counted++;
            }
        }

        return [.. firsts.Select(first => counted > 0 ? first / counted : 0)];
    }

    private ThreeEScore View(ConfigurationAxes axes, ThreeEWeights weights, double floor, double? point, double[]? runs, int? rank, double? firstShare) => new()
    {
        ConfigurationId = axes.Id,
        Rank = rank,
        Score = point is null ? null : Percentiles.Around(point.Value, runs!),
        Energy = axes.Energy.Interval,
        Efficiency = axes.Efficiency.Interval,
        Effectiveness = axes.Effectiveness.Interval,
        BelowFloor = axes.Below(floor),
        IsReference = axes.Id == Reference,
        Reason = axes.Reason(weights),
        FirstShare = firstShare,
        JoulesPerToken = axes.JoulesPerToken,
        JoulesPerCorrectItem = axes.JoulesPerCorrectItem,
        TokensPerSecond = axes.TokensPerSecond,
        P95Seconds = axes.P95Seconds,
        TaskScore = axes.TaskScore,
        Quality = axes.JoulesPerToken is null ? EnergyQuality.None : _plan.Plan.Quality,
    };
}
