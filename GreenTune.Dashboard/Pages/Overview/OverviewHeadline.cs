using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Pages.Overview;

/// <summary>The state in words, in at most three sentences: what was spent or saved, and which budget needs a person.</summary>
public static class OverviewHeadline
{
    public static string Of(Summary summary, IReadOnlyList<BudgetStatus> budgets, PeriodChoice period, LocalTimes times)
    {
        var sentences = new List<string> { Spent(summary, period, times) };
        sentences.AddRange(Pressing(budgets));
        return string.Join(" ", sentences);
    }

    private static string Spent(Summary summary, PeriodChoice period, LocalTimes times)
    {
        var when = period == PeriodChoice.Today ? $"Today until {times.HourMinute(summary.To)}" : $"{period.Label} until {times.Day(summary.To)}";
        if (summary.Requests == 0)
        {
            return $"{when}: no requests yet.";
        }

        if (summary.Saving is { } saving)
        {
            var change = Figures.Percent(Math.Abs(saving.Fraction.Value));
            var reference = ConfigurationName.Parse(saving.ReferenceConfigurationId).Label;
            return saving.Fraction.Value >= 0
                ? $"{when}: {change} less energy than {reference}, the reference, would have taken."
                : $"{when}: {change} more energy than {reference}, the reference, would have taken.";
        }

        return summary.Joules is { } joules
            ? $"{when}: {Figures.Of(joules.Value, Unit.Joule)} for {Requests(summary.Requests)}."
            : $"{when}: {Requests(summary.Requests)}, none of them metered.";
    }

    /// <summary>The worst budgets first, at most two by name.</summary>
    private static IEnumerable<string> Pressing(IReadOnlyList<BudgetStatus> budgets)
    {
        var pressing = budgets
            .Where(b => b.State is BudgetState.Blocking or BudgetState.Degrading or BudgetState.Notifying)
            .OrderByDescending(b => b.State)
            .ThenByDescending(b => b.Fraction)
            .ToList();
        foreach (var status in pressing.Take(2))
        {
            yield return status.State switch
            {
                BudgetState.Blocking => $"The budget {status.Budget.Name} blocks requests now.",
                BudgetState.Degrading => $"The budget {status.Budget.Name} is degrading now.",
                _ => $"The budget {status.Budget.Name} is {Figures.Percent(status.Fraction)} used.",
            };
        }

        if (pressing.Count > 2)
        {
            yield return pressing.Count == 3 ? "One more needs attention." : $"{pressing.Count - 2} more need attention.";
        }
    }

    private static string Requests(long count) => count == 1 ? "1 request" : $"{Figures.Count(count)} requests";
}
