using GreenTune.Accounting.Store;
using GreenTune.Core.Budgets;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Budgets;

/// <summary>What came of an edit.</summary>
internal enum EditResult
{
    Done,
    NotFound,

    /// <summary>There is one already that counts the same requests in the same unit and window.</summary>
    Taken,

    /// <summary>Somebody else edited it in between.</summary>
    OldVersion,
}

/// <summary>Creates, changes and deletes budgets; every change makes a line in the log.</summary>
internal sealed class BudgetEditor(StoreWriter writer, BudgetBook budgets, TimeProvider clock)
{
    public Task<(EditResult Result, BudgetStatus? Status)> CreateAsync(BudgetInput input, string actor, CancellationToken cancellation) =>
        writer.WriteAsync<(EditResult, BudgetStatus?)>(Durability.Flushed, async (db, token) =>
        {
            if (await IsTakenAsync(db, input, null, token))
            {
                return (EditResult.Taken, null);
            }

            DateTimeOffset now = clock.GetUtcNow();
            var row = new BudgetRow { Id = Guid.CreateVersion7(now), Name = "", Tenant = "", Thresholds = "", Version = 1, CreatedTicks = now.UtcTicks, UpdatedTicks = now.UtcTicks };
            BudgetMapping.Apply(input, row);
            db.Budgets.Add(row);
            Budget budget = BudgetMapping.ToBudget(row);
            DecisionLog.AddChange(db, row, DecisionLog.Created, $"{BudgetQuantities.InWords(row.Limit, row.Quantity)} {BudgetScopes.WindowInWords(budget)}", InWords(budget), actor, now);
            await db.SaveChangesAsync(token);
            return (EditResult.Done, await budgets.StatusAsync(db, row, token));
        }, cancellation);

    public Task<(EditResult Result, BudgetStatus? Status)> UpdateAsync(Guid id, BudgetInput input, string actor, CancellationToken cancellation) =>
        writer.WriteAsync<(EditResult, BudgetStatus?)>(Durability.Flushed, async (db, token) =>
        {
            if (await db.Budgets.SingleOrDefaultAsync(budget => budget.Id == id, token) is not { } row)
            {
                return (EditResult.NotFound, null);
            }

            if (input.Version is { } version && version != row.Version)
            {
                return (EditResult.OldVersion, await budgets.StatusAsync(db, row, token));
            }

            if (await IsTakenAsync(db, input, id, token))
            {
                return (EditResult.Taken, null);
            }

            DateTimeOffset now = clock.GetUtcNow();
            Budget before = BudgetMapping.ToBudget(row);
            BudgetMapping.Apply(input, row);
            row.Version++;
            row.UpdatedTicks = now.UtcTicks;
            // What the last request met under the old terms says nothing about the new ones.
            row.LastAction = null;
            row.LastActionWindowTicks = null;
            BudgetStatus status = await budgets.StatusAsync(db, row, token);
            LogEdit(db, row, before, status, actor, now);
            await db.SaveChangesAsync(token);
            return (EditResult.Done, status);
        }, cancellation);

    public Task<bool> DeleteAsync(Guid id, string actor, CancellationToken cancellation) => writer.WriteAsync(Durability.Flushed, async (db, token) =>
    {
        if (await db.Budgets.SingleOrDefaultAsync(budget => budget.Id == id, token) is not { } row)
        {
            return false;
        }

        BudgetStatus status = await budgets.StatusAsync(db, row, token);
        DecisionLog.AddChange(db, row, DecisionLog.Deleted, "holds no longer", $"was {BudgetDecider.UsedInWords(status.Budget, status.Used.Value + status.Reserved)}", actor, clock.GetUtcNow());
        db.Budgets.Remove(row);
        await db.SaveChangesAsync(token);
        return true;
    }, cancellation);

    private static void LogEdit(AccountingDb db, BudgetRow row, Budget before, BudgetStatus status, string actor, DateTimeOffset now)
    {
        Budget after = status.Budget;
        string used = BudgetDecider.UsedInWords(after, status.Used.Value + status.Reserved);
        if (before.Paused != after.Paused)
        {
            DecisionLog.AddChange(db, row, after.Paused ? DecisionLog.Paused : DecisionLog.Resumed, after.Paused ? "decides nothing until resumed" : "decides again", used, actor, now);
        }

        string[] changes = [.. Changes(before, after)];
        if (changes.Length > 0)
        {
            DecisionLog.AddChange(db, row, DecisionLog.Edited, string.Join("; ", changes), used, actor, now);
        }
    }

    private static IEnumerable<string> Changes(Budget before, Budget after)
    {
        if (before.Name != after.Name)
        {
            yield return $"name \"{before.Name}\" to \"{after.Name}\"";
        }

        if (before.Tenant is { } from && after.Tenant is { } to && from != to && before.Scope == after.Scope)
        {
            yield return $"tenant {from} to {to}";
        }
        else if (BudgetScopes.InWords(before) != BudgetScopes.InWords(after))
        {
            yield return $"scope {BudgetScopes.InWords(before)} to {BudgetScopes.InWords(after)}";
        }

        if (before.Period != after.Period || before.Window != after.Window || before.TimeZone != after.TimeZone)
        {
            yield return $"window {Window(before)} to {Window(after)}";
        }

        if (before.Limit != after.Limit || before.Quantity != after.Quantity)
        {
            yield return $"limit {BudgetQuantities.InWords(before.Limit, before.Quantity)} to {BudgetQuantities.InWords(after.Limit, after.Quantity)}";
        }

        if (!before.Thresholds.SequenceEqual(after.Thresholds))
        {
            yield return $"thresholds {InWords(before)} to {InWords(after)}";
        }
    }

    private static Task<bool> IsTakenAsync(AccountingDb db, BudgetInput input, Guid? except, CancellationToken cancellation)
    {
        string tenant = input.Tenant ?? "";
        return db.Budgets.AnyAsync(budget => budget.Id != except && budget.Scope == input.Scope && budget.Tenant == tenant && budget.Model == input.Model && budget.Session == input.Session
            && budget.Quantity == input.Quantity && budget.Period == input.Period && budget.Window == input.Window && budget.TimeZone == input.TimeZone, cancellation);
    }

    private static string Window(Budget budget) => budget.TimeZone is null ? BudgetScopes.WindowInWords(budget) : $"{BudgetScopes.WindowInWords(budget)} ({budget.TimeZone})";

    /// <summary>"notify at 80 %, degrade to nano-int8 at 95 %, block at 100 %".</summary>
    private static string InWords(Budget budget) => string.Join(", ", budget.Thresholds.Select(threshold =>
        $"{DecisionLog.Name(threshold.Action)}{(threshold.DegradeTo is null ? "" : $" to {threshold.DegradeTo}")} at {BudgetQuantities.Percent(threshold.Fraction)}"));
}
