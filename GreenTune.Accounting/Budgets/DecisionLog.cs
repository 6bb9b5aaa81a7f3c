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
    /// A notice is logged once per window and threshold (in a rolling window once in its length). Degrading and blocking are logged each time, but within one second only the first becomes a line
    /// and the others are counted on it, so that a client that hammers a blocked budget does not fill the log.
    /// </summary>
    /// <returns>The line when a new one was made.</returns>
    public static async Task<DecisionRow?> AddOutcomeAsync(
        AccountingDb db, Budget budget, BudgetOutcome outcome, string effect, string tenant, string? requestId, BudgetWindow window, DateTimeOffset now, CancellationToken cancellation)
    {
        if (outcome.Action is not { } action)
        {
            return null;
        }

        string name = Name(action);
        if (action == BudgetAction.Notify)
        {
            return await AddNoticeAsync(db, budget, outcome.Threshold!, effect, outcome.Detail!, tenant, requestId, window, now, cancellation);
        }

        long second = now.UtcTicks - now.UtcTicks % TimeSpan.TicksPerSecond;
        DecisionRow? same = await db.Decisions
            .Where(line => line.BudgetId == budget.Id && line.Action == name && line.AtTicks >= second && line.Tenant == tenant)
            .OrderByDescending(line => line.AtTicks).FirstOrDefaultAsync(cancellation);
        if (same is not null)
        {
            same.Count++;
            return null;
        }

        return Add(db, Line(budget, name, effect, outcome.Detail!, tenant, now, requestId, window, outcome.Threshold?.Fraction));
    }

    public static async Task<DecisionRow?> AddNoticeAsync(
        AccountingDb db, Budget budget, BudgetThreshold threshold, string effect, string detail, string tenant, string? requestId, BudgetWindow window, DateTimeOffset now, CancellationToken cancellation)
    {
        string name = Name(BudgetAction.Notify);
        long start = window.Start.UtcTicks;
        // A line made before its window began would be of another one; the bound lets the index answer. A rolling window has no beginning that stays.
        bool rolling = budget.Window == BudgetWindowKind.Rolling;
        if (await db.Decisions.AnyAsync(line => line.BudgetId == budget.Id && line.Action == name && line.AtTicks >= start && (rolling || line.WindowTicks == start) && line.Fraction == threshold.Fraction, cancellation))
        {
            return null;
        }

        return Add(db, Line(budget, name, effect, detail, tenant, now, requestId, window, threshold.Fraction));
    }

    public static void AddChange(AccountingDb db, BudgetRow budget, string action, string effect, string detail, string actor, DateTimeOffset now)
    {
        DecisionRow line = Line(BudgetMapping.ToBudget(budget), action, effect, detail, budget.Tenant, now);
        line.Actor = actor;
        db.Decisions.Add(line);
    }

    private static DecisionRow Add(AccountingDb db, DecisionRow line)
    {
        db.Decisions.Add(line);
        return line;
    }

    private static DecisionRow Line(
        Budget budget, string action, string effect, string detail, string tenant, DateTimeOffset now, string? requestId = null, BudgetWindow? window = null, double? fraction = null) => new()
        {
            AtTicks = now.UtcTicks,
            BudgetId = budget.Id,
            BudgetName = budget.Name,
            Tenant = tenant,
            Action = action,
            Effect = effect,
            Detail = detail,
            RequestId = requestId,
            Count = 1,
            WindowTicks = window?.Start.UtcTicks,
            Fraction = fraction,
        };
}
