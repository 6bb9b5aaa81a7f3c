using GreenTune.Core.Budgets;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Pages.Budgets;

/// <summary>A budget's window in words.</summary>
public static class BudgetWindowText
{
    /// <summary>"today", "this month", "in the last 24 hours": behind what was used.</summary>
    public static string Now(Budget budget) => (budget.Window, budget.Period) switch
    {
        (BudgetWindowKind.Calendar, BudgetPeriod.Hour) => "this hour",
        (BudgetWindowKind.Calendar, BudgetPeriod.Day) => "today",
        (BudgetWindowKind.Calendar, BudgetPeriod.Week) => "this week",
        (BudgetWindowKind.Calendar, _) => "this month",
        (_, BudgetPeriod.Hour) => "in the last hour",
        (_, BudgetPeriod.Day) => "in the last 24 hours",
        (_, BudgetPeriod.Week) => "in the last 7 days",
        _ => "in the last 30 days",
    };

    /// <summary>"day", "week": what ends.</summary>
    public static string Period(Budget budget) => Period(budget.Period);

    /// <inheritdoc cref="Period(Budget)"/>
    public static string Period(BudgetPeriod period) => period switch
    {
        BudgetPeriod.Hour => "hour",
        BudgetPeriod.Day => "day",
        BudgetPeriod.Week => "week",
        _ => "month",
    };

    /// <summary>A moment of the window: the time alone where the window is a day or less, with the day before it otherwise.</summary>
    public static string When(Budget budget, DateTimeOffset at, LocalTimes times) =>
        budget.Period is BudgetPeriod.Hour or BudgetPeriod.Day && budget.Window == BudgetWindowKind.Calendar ? times.HourMinute(at) : $"{times.Day(at)}, {times.HourMinute(at)}";

    /// <summary>What the budget counts, for sentences: "team-support", "everyone", "greentune-tiny-*".</summary>
    public static string Whose(Budget budget) => budget.Scope == BudgetScope.Everything ? "everyone" : BudgetScopes.InWords(budget);
}
