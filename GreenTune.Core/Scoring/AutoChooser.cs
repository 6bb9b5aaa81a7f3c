using System.Globalization;
using GreenTune.Core.Contracts;

namespace GreenTune.Core.Scoring;

/// <summary>What `auto` serves: the pinned configuration, else the best score at or above the floor; with the reasons in words.</summary>
public static class AutoChooser
{
    // Thousands are grouped by a narrow no-break space, as everywhere in the dashboard.
    private static readonly NumberFormatInfo Thin = new() { NumberGroupSeparator = "\u202F" };

    /// <summary>Before anything was measured.</summary>
    public static AutoChoice WithoutPlan(ThreeESettings settings) => settings.Pinned is { } pinned
        ? new AutoChoice { ConfigurationId = pinned, Candidates = [pinned], Because = ["Pinned: nothing has been measured yet."], Pinned = true }
        : new AutoChoice
        {
            ConfigurationId = null,
            Candidates = [],
            Because = ["Nothing has been measured yet, so the default configuration answers. Measure the configurations to let the scores decide."],
            Pinned = false,
        };

    /// <summary>From a ranking as <see cref="ReferenceEvaluation.Rank"/> gives it.</summary>
    public static AutoChoice Of(ThreeESettings settings, string referenceInForce, IReadOnlyList<ThreeEScore> ranking)
    {
        ThreeEScore[] ranked = [.. ranking.Where(score => score.Rank is not null)];
        var because = new List<string>();
        if (settings.Pinned is { } pinned)
        {
            Pinned(settings, pinned, ranking, ranked, because);
        }
        else if (ranked.Length == 0)
        {
            because.Add("No configuration has a score at or above the floor, so the default configuration answers.");
        }
        else
        {
            ByScore(settings, ranking, ranked, because);
        }

        if (settings.Reference is { } wanted && wanted != referenceInForce)
        {
            because.Add($"The reference {wanted} was not measured in this plan; the plan's own, {referenceInForce}, stands in.");
        }

        because.AddRange(ranking.Where(score => score.Score is null && score.Reason is not null).Select(score => $"{score.ConfigurationId} has no score. {score.Reason}"));
        string[] byScore = [.. ranked.Select(score => score.ConfigurationId)];
        return new AutoChoice
        {
            ConfigurationId = settings.Pinned ?? byScore.FirstOrDefault(),
            Candidates = settings.Pinned is { } first ? [first, .. byScore.Where(id => id != first)] : byScore,
            Because = because,
            Pinned = settings.Pinned is not null,
        };
    }

    private static void Pinned(ThreeESettings settings, string pinned, IReadOnlyList<ThreeEScore> ranking, ThreeEScore[] ranked, List<string> because)
    {
        because.Add("Pinned: the scores do not decide.");
        if (ranked.FirstOrDefault() is { Score: { } best } first && first.ConfigurationId != pinned)
        {
            because.Add($"By score it would be {first.ConfigurationId} at {Two(best.Value)}.");
        }

        if (ranking.FirstOrDefault(score => score.ConfigurationId == pinned) is { BelowFloor: true, Effectiveness: { } effectiveness })
        {
            because.Add($"Its effectiveness {Three(effectiveness.Value)} is below the floor {Plain(settings.Floor)}.");
        }
    }

    private static void ByScore(ThreeESettings settings, IReadOnlyList<ThreeEScore> ranking, ThreeEScore[] ranked, List<string> because)
    {
        ThreeEScore chosen = ranked[0];
        Interval score = chosen.Score!;
        if (ranked is [_, { Score: { } next } second, ..])
        {
            because.Add($"Highest ThreeE score at or above the floor: {Two(score.Value)}, next is {second.ConfigurationId} at {Two(next.Value)}.");
            because.Add((score.Low < next.High ? "Intervals overlap: first in " : "First in ") + $"{Share(chosen.FirstShare ?? 0)} of {PlanEvaluation.Runs.ToString("#,0", Thin)} bootstrap runs.");
        }
        else
        {
            because.Add($"The only configuration with a score at or above the floor: {Two(score.Value)}.");
        }

        // One sentence for the strongest temptation below the floor: the greenest, else the one with the highest score.
        ThreeEScore[] below = [.. ranking.Where(other => other is { BelowFloor: true, Effectiveness: not null })];
        if (chosen.Energy is { } energy && below.Where(other => other.Energy?.Value > energy.Value).MaxBy(other => other.Energy!.Value) is { } greener)
        {
            because.Add($"{greener.ConfigurationId} uses {Share(1 - energy.Value / greener.Energy!.Value)} less energy, but its effectiveness {Three(greener.Effectiveness!.Value)} is below the floor {Plain(settings.Floor)}.");
        }
        else if (below.Where(other => other.Score?.Value > score.Value).MaxBy(other => other.Score!.Value) is { } higher)
        {
            because.Add($"{higher.ConfigurationId} would score {Two(higher.Score!.Value)}, but its effectiveness {Three(higher.Effectiveness!.Value)} is below the floor {Plain(settings.Floor)}.");
        }
    }

    private static string Two(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);

    private static string Three(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Plain(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    private static string Share(double share) => Math.Round(share * 100) switch
    {
        100 when share < 1 => "more than 99 %",
        0 when share > 0 => "less than 1 %",
        double percent => percent.ToString("0", CultureInfo.InvariantCulture) + " %",
    };
}
