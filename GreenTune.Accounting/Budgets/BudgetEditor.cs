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

    /// <summary>The tenant has a budget already.</summary>
    TenantTaken,

    /// <summary>Somebody else edited it in between.</summary>
    OldVersion,
}

/// <summary>Creates, changes and deletes budgets; every change makes a line in the log.</summary>
internal sealed class BudgetEditor(StoreWriter writer, BudgetBook budgets, TimeProvider clock)
{
    public Task<(EditResult Result, BudgetStatus? Status)> CreateAsync(BudgetInput input, CancellationToken cancellation) =>
        writer.WriteAsync<(EditResult, BudgetStatus?)>(Durability.Flushed, async (db, token) =>
        {
            if (await db.Budgets.AnyAsync(budget => budget.Tenant == input.Tenant, token))
            {
                return (EditResult.TenantTaken, null);
            }

            DateTimeOffset now = clock.GetUtcNow();
            var row = new BudgetRow
            {
                Id = Guid.CreateVersion7(now),
                Name = input.Name.Trim(),
                Tenant = input.Tenant,
                Quantity = input.Quantity,
                Limit = input.Limit,
                Thresholds = BudgetMapping.ThresholdsJson(input.Thresholds),
                Paused = input.Paused,
                Version = 1,
                CreatedTicks = now.UtcTicks,
                UpdatedTicks = now.UtcTicks,
            };
            db.Budgets.Add(row);
            Budget budget = BudgetMapping.ToBudget(row);
            DecisionLog.AddChange(db, row, DecisionLog.Created, $"{BudgetQuantities.InWords(row.Limit, row.Quantity)} a day", InWords(budget), now);
            await db.SaveChangesAsync(token);
            return (EditResult.Done, await budgets.StatusAsync(db, row, token));
        }, cancellation);

    public Task<(EditResult Result, BudgetStatus? Status)> UpdateAsync(Guid id, BudgetInput input, CancellationToken cancellation) =>
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

            if (input.Tenant != row.Tenant && await db.Budgets.AnyAsync(budget => budget.Tenant == input.Tenant, token))
            {
                return (EditResult.TenantTaken, null);
            }

            DateTimeOffset now = clock.GetUtcNow();
            Budget before = BudgetMapping.ToBudget(row);
            row.Name = input.Name.Trim();
            row.Tenant = input.Tenant;
            row.Quantity = input.Quantity;
            row.Limit = input.Limit;
            row.Thresholds = BudgetMapping.ThresholdsJson(input.Thresholds);
            row.Paused = input.Paused;
            row.Version++;
            row.UpdatedTicks = now.UtcTicks;
            // What the last request met under the old terms says nothing about the new ones.
            row.LastAction = null;
            row.LastActionWindowTicks = null;
            BudgetStatus status = await budgets.StatusAsync(db, row, token);
            LogEdit(db, row, before, status, now);
            await db.SaveChangesAsync(token);
            return (EditResult.Done, status);
        }, cancellation);

    public Task<bool> DeleteAsync(Guid id, CancellationToken cancellation) => writer.WriteAsync(Durability.Flushed, async (db, token) =>
    {
        if (await db.Budgets.SingleOrDefaultAsync(budget => budget.Id == id, token) is not { } row)
        {
            return false;
        }

        BudgetStatus status = await budgets.StatusAsync(db, row, token);
        DecisionLog.AddChange(db, row, DecisionLog.Deleted, "holds no longer", $"was {BudgetDecider.UsedInWords(status.Budget, status.Used.Value + status.Reserved)}", clock.GetUtcNow());
        db.Budgets.Remove(row);
        await db.SaveChangesAsync(token);
        return true;
    }, cancellation);

    private static void LogEdit(AccountingDb db, BudgetRow row, Budget before, BudgetStatus status, DateTimeOffset now)
    {
        Budget after = status.Budget;
        string used = BudgetDecider.UsedInWords(after, status.Used.Value + status.Reserved);
        if (before.Paused != after.Paused)
        {
            DecisionLog.AddChange(db, row, after.Paused ? DecisionLog.Paused : DecisionLog.Resumed, after.Paused ? "decides nothing until resumed" : "decides again", used, now);
        }

        string[] changes = [.. Changes(before, after)];
        if (changes.Length > 0)
        {
            DecisionLog.AddChange(db, row, DecisionLog.Edited, string.Join("; ", changes), used, now);
        }
    }

    private static IEnumerable<string> Changes(Budget before, Budget after)
    {
        if (before.Name != after.Name)
        {
            yield return $"name \"{before.Name}\" to \"{after.Name}\"";
        }

        if (before.Tenant != after.Tenant)
        {
            yield return $"tenant {before.Tenant} to {after.Tenant}";
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

    /// <summary>"notify at 80 %, degrade to nano-int8 at 95 %, block at 100 %".</summary>
    private static string InWords(Budget budget) => string.Join(", ", budget.Thresholds.Select(threshold =>
        $"{DecisionLog.Name(threshold.Action)}{(threshold.DegradeTo is null ? "" : $" to {threshold.DegradeTo}")} at {BudgetQuantities.Percent(threshold.Fraction)}"));
}
