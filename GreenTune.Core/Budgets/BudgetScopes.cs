using GreenTune.Core.Contracts;

namespace GreenTune.Core.Budgets;

/// <summary>Which requests a budget counts, and the words for it.</summary>
public static class BudgetScopes
{
    /// <summary>At the end of a model: every configuration whose id begins like this.</summary>
    public const char Any = '*';

    /// <summary>Whether a budget counts what <paramref name="configurationId"/> answers.</summary>
    public static bool CountsConfiguration(Budget budget, string configurationId)
    {
        ArgumentNullException.ThrowIfNull(budget);
        return budget.Model is not { } model
            || (Prefix(model) is { } prefix ? configurationId.StartsWith(prefix, StringComparison.Ordinal) : configurationId == model);
    }

    /// <summary>Whether a budget counts requests of this tenant and session, whichever configuration answers.</summary>
    public static bool CountsTenant(Budget budget, string tenant, string? session)
    {
        ArgumentNullException.ThrowIfNull(budget);
        return (budget.Tenant is null || budget.Tenant == tenant) && (budget.Session is null || budget.Session == session);
    }

    /// <summary>What a model that ends in "*" begins with; null for the id of one configuration.</summary>
    public static string? Prefix(string? model) => model is [.. var prefix, Any] ? prefix : null;

    /// <summary>"team-support", "everything", "greentune-tiny-*", "greentune-tiny-* of team-support" or "session s-1 of team-support".</summary>
    public static string InWords(Budget budget)
    {
        ArgumentNullException.ThrowIfNull(budget);
        return budget.Scope switch
        {
            BudgetScope.Everything => "everything",
            BudgetScope.Model => budget.Tenant is null ? budget.Model! : $"{budget.Model} of {budget.Tenant}",
            BudgetScope.Session => $"session {budget.Session} of {budget.Tenant}",
            _ => budget.Tenant!,
        };
    }

    /// <summary>"a day", "a month", "in any hour", "in any 30 days".</summary>
    public static string WindowInWords(Budget budget)
    {
        ArgumentNullException.ThrowIfNull(budget);
        return (budget.Window, budget.Period) switch
        {
            (BudgetWindowKind.Calendar, BudgetPeriod.Hour) => "an hour",
            (BudgetWindowKind.Calendar, BudgetPeriod.Day) => "a day",
            (BudgetWindowKind.Calendar, BudgetPeriod.Week) => "a week",
            (BudgetWindowKind.Calendar, _) => "a month",
            (_, BudgetPeriod.Hour) => "in any hour",
            (_, BudgetPeriod.Day) => "in any 24 hours",
            (_, BudgetPeriod.Week) => "in any 7 days",
            _ => "in any 30 days",
        };
    }
}
