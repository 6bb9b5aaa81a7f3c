using GreenTune.Accounting.Carbon;
using GreenTune.Accounting.Records;
using GreenTune.Accounting.Store;
using GreenTune.Core.Budgets;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Budgets;

/// <summary>A budget's use over its window, for the burn-down chart.</summary>
internal sealed class BudgetUsage(BudgetBook budgets, CarbonPricing pricing, TimeProvider clock)
{
    /// <summary>Most points of a chart: one every five minutes of a day.</summary>
    public const int MaxPoints = 288;

    /// <summary>
    /// Cumulative settled use: the window's start, one point before and one after each slice in which something was used, and now, so that a line through them is level where
    /// nothing was. Requests count at their start, as the budget counts them.
    /// </summary>
    public async Task<IReadOnlyList<UsagePoint>> PointsAsync(AccountingDb db, BudgetRow row, CancellationToken cancellation)
    {
        Budget budget = BudgetMapping.ToBudget(row);
        BudgetWindow window = budgets.WindowOf(budget, clock.GetUtcNow());
        DateTimeOffset now = clock.GetUtcNow();
        long start = window.Start.UtcTicks;
        long end = window.End.UtcTicks;
        long slice = (end - start) / (MaxPoints - 2) + 1;
        var slices = await UsageScope.Of(budget).Of(db.Records)
            .Where(record => record.StartedTicks >= start && record.StartedTicks < end && record.Joules != null)
            .GroupBy(record => new { Slice = (record.StartedTicks - start) / slice, record.FactorId })
            .Select(group => new { group.Key.Slice, group.Key.FactorId, Joules = group.Sum(record => record.Joules ?? 0) })
            .ToListAsync(cancellation);

        var points = new List<UsagePoint> { new(window.Start, 0) };
        double used = 0;
        foreach (var group in slices.GroupBy(part => part.Slice).OrderBy(group => group.Key))
        {
            DateTimeOffset before = At(group.Key);
            if (before > points[^1].At)
            {
                points.Add(new UsagePoint(before, used));
            }

            foreach (var part in group)
            {
                used += part.Joules * BudgetQuantities.PerJoule(row.Quantity, (await pricing.ByIdAsync(part.FactorId, cancellation)).GramsPerJoule);
            }

            points.Add(new UsagePoint(At(group.Key + 1), used));
        }

        if (now > points[^1].At)
        {
            points.Add(new UsagePoint(now.ToOffset(window.Start.Offset), used));
        }

        return points;

        DateTimeOffset At(long sliceStart) => RecordMapping.Time(Math.Min(start + sliceStart * slice, Math.Max(now.UtcTicks, start + 1))).ToOffset(window.Start.Offset);
    }
}
