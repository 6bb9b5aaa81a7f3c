using GreenTune.Accounting.Store;
using GreenTune.Core.Budgets;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Budgets;

/// <summary>What budgets decided and what was done to them. Adds to a write; the caller saves.</summary>
internal static class DecisionLog
{
    public const string Created = "created";
    public const string Edited = "edited";
    public const string Paused = "paused";
    public const string Resumed = "resumed";
    public const string Deleted = "deleted";

    /// <summary>Reads and writes "notify", "degrade" and "block".</summary>
    public static string Name(BudgetAction action) => action switch
    {
        BudgetAction.Notify => "notify",
        BudgetAction.Degrade => "degrade",
        _ => "block",
    };

    /// <summary>
    /// A notice is logged once per window and threshold. Degrading and blocking are logged each time, but within one second only the first becomes a line
    /// and the others are counted on it, so that a client that hammers a blocked budget does not fill the log.
    /// </summary>
    /// <returns>True when a new line was made.</returns>
    public static async Task<bool> AddOutcomeAsync(
        AccountingDb db, BudgetRow budget, BudgetOutcome outcome, string effect, string? requestId, DayWindow window, DateTimeOffset now, CancellationToken cancellation)
    {
        if (outcome.Action is not { } action)
        {
            return false;
        }

        string name = Name(action);
        if (action == BudgetAction.Notify)
        {
            return await AddNoticeAsync(db, budget, outcome.Threshold!, effect, outcome.Detail!, requestId, window, now, cancellation);
        }

        long second = now.UtcTicks - now.UtcTicks % TimeSpan.TicksPerSecond;
        DecisionRow? same = await db.Decisions
            .Where(line => line.BudgetId == budget.Id && line.Action == name && line.AtTicks >= second)
            .OrderByDescending(line => line.AtTicks).FirstOrDefaultAsync(cancellation);
        if (same is not null)
        {
            same.Count++;
            return false;
        }

        db.Decisions.Add(Line(budget, name, effect, outcome.Detail!, now, requestId, window, outcome.Threshold?.Fraction));
        return true;
    }

    public static async Task<bool> AddNoticeAsync(
        AccountingDb db, BudgetRow budget, BudgetThreshold threshold, string effect, string detail, string? requestId, DayWindow window, DateTimeOffset now, CancellationToken cancellation)
    {
        string name = Name(BudgetAction.Notify);
        long start = window.Start.UtcTicks;
        // A line made before its window began would be of another day; the bound lets the index answer.
        if (await db.Decisions.AnyAsync(line => line.BudgetId == budget.Id && line.Action == name && line.AtTicks >= start && line.WindowTicks == start && line.Fraction == threshold.Fraction, cancellation))
        {
            return false;
        }

        db.Decisions.Add(Line(budget, name, effect, detail, now, requestId, window, threshold.Fraction));
        return true;
    }

    public static void AddChange(AccountingDb db, BudgetRow budget, string action, string effect, string detail, DateTimeOffset now) =>
        db.Decisions.Add(Line(budget, action, effect, detail, now));

    private static DecisionRow Line(
        BudgetRow budget, string action, string effect, string detail, DateTimeOffset now, string? requestId = null, DayWindow? window = null, double? fraction = null) => new()
        {
            AtTicks = now.UtcTicks,
            BudgetId = budget.Id,
            BudgetName = budget.Name,
            Tenant = budget.Tenant,
            Action = action,
            Effect = effect,
            Detail = detail,
            RequestId = requestId,
            Count = 1,
            WindowTicks = window?.Start.UtcTicks,
            Fraction = fraction,
        };
}
