using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Pages.Compare;

/// <summary>Sentences of Compare.</summary>
public static class CompareText
{
    /// <summary>What is compared, under the title.</summary>
    public static string Headline(ThreeEView? view) => view?.Plan is null
        ? "Which configuration gives most for its energy? Measure them once, then move the weights."
        : $"{Word(view.Ranking.Count)} {(view.Ranking.Count == 1 ? "configuration" : "configurations")}, one plan. Move the weights; the ranking and what auto serves follow.";

    /// <summary>How the plan was made: "Plan 14, 18 Nov: sentiment-public, 3 repeats, 300 scored items."</summary>
    public static string Plan(PlanSummary plan, LocalTimes times) =>
        $"Plan {plan.Number}, {times.Day(plan.EndedAt)}: {plan.Workload}, {plan.Repeats} {(plan.Repeats == 1 ? "repeat" : "repeats")}, {Figures.Count(plan.ScoredItems)} scored items."
        + (plan.OfferedRequestsPerSecond is { } rate ? $" p95 at {Figures.Significant(rate)} requests/s." : string.Empty);

    /// <summary>"about 3 min left".</summary>
    public static string Remaining(PlanStatus plan) => plan.RemainingSeconds switch
    {
        null => string.Empty,
        < 5 => "almost done",
        < 90 and var seconds => $"about {Math.Ceiling(seconds / 5) * 5:0} s left",
        var seconds => $"about {Math.Ceiling(seconds.Value / 60):0} min left",
    };

    /// <summary>Small numbers as words at the beginning of a sentence.</summary>
    private static string Word(int count) => count switch
    {
        0 => "No",
        1 => "One",
        2 => "Two",
        3 => "Three",
        4 => "Four",
        5 => "Five",
        6 => "Six",
        7 => "Seven",
        8 => "Eight",
        9 => "Nine",
        _ => Figures.Count(count),
    };
}
