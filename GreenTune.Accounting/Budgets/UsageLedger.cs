using GreenTune.Accounting.Carbon;
using GreenTune.Accounting.Store;
using GreenTune.Core.Budgets;
using GreenTune.Core.Contracts;
using GreenTune.Core.Totals;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Budgets;

/// <summary>
/// Keeps what scopes have used in their windows. A record belongs to the slice in which its request started, also when it arrives later. A slice's
/// sums are made from its records when a reservation first asks for them and carried on by each ingest in the ingest's own transaction, so they
/// are what adding up the records would give.
/// </summary>
internal sealed class UsageLedger(CarbonPricing pricing)
{
    /// <summary>A slice is kept this long after the last window that could hold it.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    /// <summary>Use of a window, from its kept sums where all are there and else from its records. Writes nothing.</summary>
    public async Task<Usage> ReadAsync(AccountingDb db, UsageScope scope, BudgetWindow window, CancellationToken cancellation)
    {
        List<UsageSliceRow> kept = await KeptAsync(db, scope, window, cancellation);
        return await PricedAsync(Missing(kept, window) is [] ? Parts(kept) : await FromRecordsAsync(db, scope, window, cancellation), cancellation);
    }

    /// <summary>The same within a write, keeping the sums for the next time.</summary>
    public async Task<Usage> KeepAsync(AccountingDb db, UsageScope scope, BudgetWindow window, CancellationToken cancellation)
    {
        List<UsageSliceRow> kept = await KeptAsync(db, scope, window, cancellation);
        if (Missing(kept, window) is { Count: > 0 } missing)
        {
            var gap = new BudgetWindow(missing[0].Start, missing[^1].End, window.Step);
            long drop = (window.End + (window.End - window.Start) + Grace).UtcTicks;
            HashSet<long> ends = [.. missing.Select(slice => slice.End.UtcTicks)];
            List<UsageSliceRow> rows = [.. missing.Select(slice => Marker(scope, slice.End.UtcTicks, window.Step, drop))];
            rows.AddRange((await FromRecordsAsync(db, scope, gap, cancellation)).Where(part => ends.Contains(part.EndTicks)).Select(part => Row(scope, part, window.Step, drop)));
            db.AddRange(rows);
            // Another budget of the same scope may ask for the same slices within this write.
            await db.SaveChangesAsync(cancellation);
            kept.AddRange(rows);
        }

        return await PricedAsync(Parts(kept), cancellation);
    }

    /// <summary>Carries new records into the slices that are kept; the caller saves.</summary>
    public static async Task AddAsync(AccountingDb db, IReadOnlyCollection<RecordRow> records, CancellationToken cancellation)
    {
        RecordRow[] metered = [.. records.Where(record => record.Joules is not null)];
        if (metered.Length == 0)
        {
            return;
        }

        long first = metered.Min(record => record.StartedTicks);
        long last = metered.Max(record => record.StartedTicks);
        List<UsageSliceRow> rows = await db.Set<UsageSliceRow>().Where(row => row.EndTicks > first && row.StartTicks <= last).ToListAsync(cancellation);
        foreach (var slice in rows.GroupBy(row => (row.Scope, row.StartTicks, row.EndTicks)))
        {
            if (slice.FirstOrDefault(row => row.FactorId == UsageSliceRow.Marker) is not { } marker)
            {
                continue;
            }

            UsageScope scope = UsageScope.OfKey(slice.Key.Scope);
            var inside = metered.Where(record => record.StartedTicks >= marker.StartTicks && record.StartedTicks < marker.EndTicks && scope.Counts(record));
            foreach (var group in inside.GroupBy(record => (Device: record.Device ?? "", record.FactorId)))
            {
                UsageSliceRow? part = slice.FirstOrDefault(row => row.Device == group.Key.Device && row.FactorId == group.Key.FactorId);
                if (part is null)
                {
                    part = Empty(marker, group.Key.Device, group.Key.FactorId);
                    db.Add(part);
                }

                foreach (RecordRow record in group)
                {
                    UncertainSum sum = Sum(record);
                    part.Records++;
                    part.Joules += sum.Value;
                    part.GainJoules += sum.Gain;
                    part.BaselineJoules += sum.Baseline;
                    part.IndependentVariance += sum.IndependentVariance;
                    part.WeakestQuality = record.Quality < part.WeakestQuality ? record.Quality : part.WeakestQuality;
                }
            }
        }
    }

    private static async Task<List<UsageSliceRow>> KeptAsync(AccountingDb db, UsageScope scope, BudgetWindow window, CancellationToken cancellation)
    {
        long start = window.Start.UtcTicks, end = window.End.UtcTicks, step = window.Step.Ticks;
        return await db.Set<UsageSliceRow>().AsNoTracking()
            .Where(row => row.Scope == scope.Key && row.StartTicks >= start && row.EndTicks <= end && row.EndTicks - row.StartTicks == step)
            .ToListAsync(cancellation);
    }

    private static List<(DateTimeOffset Start, DateTimeOffset End)> Missing(List<UsageSliceRow> kept, BudgetWindow window)
    {
        HashSet<long> ends = [.. kept.Where(row => row.FactorId == UsageSliceRow.Marker).Select(row => row.EndTicks)];
        return [.. window.Slices().Where(slice => !ends.Contains(slice.End.UtcTicks))];
    }

    private static async Task<IReadOnlyList<UsagePart>> FromRecordsAsync(AccountingDb db, UsageScope scope, BudgetWindow window, CancellationToken cancellation)
    {
        long start = window.Start.UtcTicks, end = window.End.UtcTicks, step = window.Step.Ticks;
        var sums = await scope.Of(db.Records)
            .Where(record => record.StartedTicks >= start && record.StartedTicks < end && record.Joules != null)
            .GroupBy(record => new { Slice = (record.StartedTicks - start) / step, record.Device, record.FactorId })
            .Select(group => new
            {
                group.Key.Slice,
                group.Key.Device,
                group.Key.FactorId,
                Records = group.LongCount(),
                Joules = group.Sum(record => record.Joules ?? 0),
                Gain = group.Sum(record => (record.GainRelative ?? record.RelativeUncertainty ?? 0) * (record.Joules ?? 0)),
                Baseline = group.Sum(record => (record.BaselineSigmaWatts ?? 0) * (record.BaselineSensitivitySeconds ?? 0)),
                Independent = group.Sum(record => (record.IndependentJoules ?? 0) * (record.IndependentJoules ?? 0)),
                Quality = group.Min(record => (int)record.Quality),
            }).ToListAsync(cancellation);
        return [.. sums.Select(sum => new UsagePart(
            start + (sum.Slice + 1) * step, sum.Device ?? "", sum.FactorId, sum.Records, new UncertainSum(sum.Joules, sum.Gain, sum.Baseline, sum.Independent), (EnergyQuality)sum.Quality))];
    }

    private async Task<Usage> PricedAsync(IReadOnlyList<UsagePart> parts, CancellationToken cancellation)
    {
        var priced = new List<(UsagePart, PricedFactor)>(parts.Count);
        foreach (UsagePart part in parts)
        {
            priced.Add((part, await pricing.ByIdAsync(part.FactorId, cancellation)));
        }

        return new Usage(priced);
    }

    private static UsagePart[] Parts(IEnumerable<UsageSliceRow> rows) => [.. rows.Where(row => row.FactorId != UsageSliceRow.Marker).Select(row => new UsagePart(
        row.EndTicks, row.Device, row.FactorId, row.Records, new UncertainSum(row.Joules, row.GainJoules, row.BaselineJoules, row.IndependentVariance), row.WeakestQuality))];

    private static UsageSliceRow Marker(UsageScope scope, long end, TimeSpan step, long drop) => new()
    {
        Scope = scope.Key,
        StartTicks = end - step.Ticks,
        EndTicks = end,
        Device = "",
        FactorId = UsageSliceRow.Marker,
        WeakestQuality = EnergyQuality.Measured,
        DropTicks = drop,
    };

    private static UsageSliceRow Empty(UsageSliceRow marker, string device, int factor) => new()
    {
        Scope = marker.Scope,
        StartTicks = marker.StartTicks,
        EndTicks = marker.EndTicks,
        Device = device,
        FactorId = factor,
        WeakestQuality = EnergyQuality.Measured,
        DropTicks = marker.DropTicks,
    };

    private static UsageSliceRow Row(UsageScope scope, UsagePart part, TimeSpan step, long drop) => new()
    {
        Scope = scope.Key,
        StartTicks = part.EndTicks - step.Ticks,
        EndTicks = part.EndTicks,
        Device = part.Device,
        FactorId = part.FactorId,
        Records = part.Records,
        Joules = part.Joules.Value,
        GainJoules = part.Joules.Gain,
        BaselineJoules = part.Joules.Baseline,
        IndependentVariance = part.Joules.IndependentVariance,
        WeakestQuality = part.WeakestQuality,
        DropTicks = drop,
    };

    // The same arithmetic as the query above, by the same rule as UncertainSum.OfJoules.
    private static UncertainSum Sum(RecordRow record)
    {
        double joules = record.Joules ?? 0;
        double independent = record.IndependentJoules ?? 0;
        return new UncertainSum(
            joules,
            (record.GainRelative ?? record.RelativeUncertainty ?? 0) * joules,
            (record.BaselineSigmaWatts ?? 0) * (record.BaselineSensitivitySeconds ?? 0),
            independent * independent);
    }
}
