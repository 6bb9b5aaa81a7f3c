using System.Globalization;
using GreenTune.Core.Contracts;

namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>ThreeE over the sample configurations by design section 4.6, with made-up but fixed spreads.</summary>
internal static class SampleThreeE
{
    public static ThreeEView View(ThreeESettings settings, PlanSummary? plan)
    {
        if (plan is null)
        {
            return new ThreeEView
            {
                Settings = settings,
                Ranking = [],
                Auto = new AutoChoice { Candidates = [], Because = ["Nothing was measured yet, so the default configuration answers."], Pinned = false },
            };
        }

        var reference = SampleConfiguration.Of(settings.Reference ?? plan.Reference);
        var scored = SampleConfiguration.All
            .Where(c => plan.Configurations.Contains(c.Id))
            .Select(c => (Configuration: c, Axes: Axes(c, reference)))
            .Select(s => (s.Configuration, s.Axes, Score: Score(s.Axes, settings.Weights), Below: s.Axes.T < settings.Floor))
            .OrderBy(s => s.Below)
            .ThenByDescending(s => s.Score)
            .ToList();
        var ranking = scored.Select((s, i) => new ThreeEScore
        {
            ConfigurationId = s.Configuration.Id,
            Rank = s.Below ? null : i + 1,
            Score = Around(s.Score, 0.07),
            Energy = Around(s.Axes.E, 0.06),
            Efficiency = Around(s.Axes.F, 0.09),
            Effectiveness = Around(s.Axes.T, 0.014),
            BelowFloor = s.Below,
            IsReference = s.Configuration.Id == reference.Id,
            FirstShare = s.Below ? 0 : i switch { 0 => 0.58, 1 => 0.39, _ => 0.03 / Math.Max(1, scored.Count - 2) },
            JoulesPerToken = Around(s.Configuration.JoulesPerToken, 0.3),
            JoulesPerCorrectItem = Around(s.Configuration.JoulesPerToken * 12 / s.Configuration.Accuracy, 0.3),
            TokensPerSecond = Around(s.Configuration.TokensPerSecond, 0.03),
            P95Seconds = Around(s.Configuration.P95Seconds, 0.05),
            TaskScore = Around(s.Configuration.Accuracy, 0.009),
            Quality = EnergyQuality.Estimated,
        }).ToList();
        var candidates = ranking.Where(r => r.Rank is not null).Select(r => r.ConfigurationId).ToList();
        var chosen = settings.Pinned ?? candidates.FirstOrDefault();
        return new ThreeEView
        {
            Settings = settings,
            Plan = plan,
            Reference = reference.Id,
            EnergyBasis = "joules per output token",
            Ranking = ranking,
            Auto = new AutoChoice { ConfigurationId = chosen, Candidates = candidates, Because = Because(ranking, settings), Pinned = settings.Pinned is not null },
        };
    }

    public static WeightTriangle Triangle(double floor, string? referenceId, int steps)
    {
        var reference = SampleConfiguration.Of(referenceId ?? SampleConfiguration.Reference);
        var admitted = SampleConfiguration.All.Where(c => Axes(c, reference).T >= floor).ToList();
        var winners = new List<string>();
        var cells = new List<TriangleCell>();
        for (var i = 0; i <= steps; i++)
        {
            for (var j = 0; j <= steps - i; j++)
            {
                var weights = new ThreeEWeights((double)i / steps, (double)j / steps, (double)(steps - i - j) / steps);
                var winner = admitted.MaxBy(c => Score(Axes(c, reference), weights));
                if (winner is not null && !winners.Contains(winner.Id))
                {
                    winners.Add(winner.Id);
                }

                cells.Add(new TriangleCell(weights.Energy, weights.Efficiency, weights.Effectiveness, winner is null ? -1 : winners.IndexOf(winner.Id)));
            }
        }

        return new WeightTriangle(steps, winners, cells);
    }

    private static (double E, double F, double T) Axes(SampleConfiguration c, SampleConfiguration reference) => (
        reference.JoulesPerToken / c.JoulesPerToken,
        Math.Sqrt(c.TokensPerSecond / reference.TokensPerSecond * (reference.P95Seconds / c.P95Seconds)),
        c.Accuracy / reference.Accuracy);

    private static double Score((double E, double F, double T) axes, ThreeEWeights w) => Math.Pow(axes.E, w.Energy) * Math.Pow(axes.F, w.Efficiency) * Math.Pow(axes.T, w.Effectiveness);

    private static List<string> Because(List<ThreeEScore> ranking, ThreeESettings settings)
    {
        if (settings.Pinned is { } pinned)
        {
            return [$"{pinned} is pinned: auto serves it whatever the scores."];
        }

        var ranked = ranking.Where(r => r.Rank is not null).ToList();
        var sentences = new List<string>();
        if (ranked.Count > 1)
        {
            sentences.Add($"Highest ThreeE score at or above the floor: {N(ranked[0].Score!.Value)}, next is {ranked[1].ConfigurationId} at {N(ranked[1].Score!.Value)}.");
            sentences.Add("Intervals overlap: first in 58 % of 2000 bootstrap runs. More repeats would settle it.");
        }

        if (ranking.FirstOrDefault(r => r.BelowFloor) is { } below)
        {
            sentences.Add($"{below.ConfigurationId} scores {N(below.Score!.Value)}, but its effectiveness {below.Effectiveness!.Value.ToString("0.000", CultureInfo.InvariantCulture)} is below the floor {settings.Floor.ToString("0.##", CultureInfo.InvariantCulture)}.");
        }

        return sentences;
    }

    private static string N(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);

    private static Interval Around(double value, double relative) => new(value, value * (1 - relative), value * (1 + relative));
}
