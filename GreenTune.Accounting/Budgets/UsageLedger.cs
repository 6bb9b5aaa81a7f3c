using GreenTune.Accounting.Carbon;
using GreenTune.Accounting.Store;
using GreenTune.Core.Budgets;
using GreenTune.Core.Contracts;
using GreenTune.Core.Totals;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Budgets;

/// <summary>
/// Keeps what tenants have used in their windows. A record belongs to the window in which its request started, also when it arrives later. A window's
/// sums are made from its records when a reservation first asks for them and carried on by each ingest in the ingest's own transaction, so they
/// are what adding up the records would give.
/// </summary>
internal sealed class UsageLedger(CarbonPricing pricing)
{
    /// <summary>Use of a window, from its kept sums or else from its records. Writes nothing.</summary>
    public async Task<Usage> ReadAsync(AccountingDb db, string tenant, DayWindow window, CancellationToken cancellation) =>
        await PricedAsync(await FindAsync(db, tenant, window, cancellation) is { } kept ? Parts(kept) : await FromRecordsAsync(db, tenant, window, cancellation), cancellation);

    /// <summary>The same within a write, keeping the sums for the next time.</summary>
    public async Task<Usage> KeepAsync(AccountingDb db, string tenant, DayWindow window, CancellationToken cancellation)
    {
        if (await FindAsync(db, tenant, window, cancellation) is { } kept)
        {
            return await PricedAsync(Parts(kept), cancellation);
        }

        IReadOnlyList<UsagePart> parts = await FromRecordsAsync(db, tenant, window, cancellation);
        db.UsageWindows.Add(new UsageWindowRow
        {
            Tenant = tenant,
            StartTicks = window.Start.UtcTicks,
            EndTicks = window.End.UtcTicks,
            Parts = [.. parts.Select(Row)],
        });
        await db.SaveChangesAsync(cancellation);
        return await PricedAsync(parts, cancellation);
    }

    /// <summary>Carries new records into the windows that are kept; the caller saves.</summary>
    public static async Task AddAsync(AccountingDb db, IReadOnlyCollection<RecordRow> records, CancellationToken cancellation)
    {
        RecordRow[] metered = [.. records.Where(record => record.Joules is not null)];
        if (metered.Length == 0)
        {
            return;
        }

        string[] tenants = [.. metered.Select(record => record.Tenant).Distinct()];
        long first = metered.Min(record => record.StartedTicks);
        long last = metered.Max(record => record.StartedTicks);
        List<UsageWindowRow> windows = await db.UsageWindows.Include(window => window.Parts)
            .Where(window => tenants.Contains(window.Tenant) && window.StartTicks <= last && window.EndTicks > first)
            .ToListAsync(cancellation);
        foreach (UsageWindowRow window in windows)
        {
            var inside = metered.Where(record => record.Tenant == window.Tenant && record.StartedTicks >= window.StartTicks && record.StartedTicks < window.EndTicks);
            foreach (var group in inside.GroupBy(record => (Device: record.Device ?? "", record.FactorId)))
            {
                UsagePartRow? part = window.Parts.Find(row => row.Device == group.Key.Device && row.FactorId == group.Key.FactorId);
                if (part is null)
                {
                    part = new UsagePartRow { Device = group.Key.Device, FactorId = group.Key.FactorId, WeakestQuality = EnergyQuality.Measured };
                    window.Parts.Add(part);
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

    private static Task<UsageWindowRow?> FindAsync(AccountingDb db, string tenant, DayWindow window, CancellationToken cancellation) => db.UsageWindows.AsNoTracking()
        .Include(row => row.Parts)
        .SingleOrDefaultAsync(row => row.Tenant == tenant && row.StartTicks == window.Start.UtcTicks && row.EndTicks == window.End.UtcTicks, cancellation);

    private static async Task<IReadOnlyList<UsagePart>> FromRecordsAsync(AccountingDb db, string tenant, DayWindow window, CancellationToken cancellation)
    {
        long start = window.Start.UtcTicks;
        long end = window.End.UtcTicks;
        var sums = await db.Records
            .Where(record => record.Tenant == tenant && record.StartedTicks >= start && record.StartedTicks < end && record.Joules != null)
            .GroupBy(record => new { record.Device, record.FactorId })
            .Select(group => new
            {
                group.Key.Device,
                group.Key.FactorId,
                Records = group.LongCount(),
                Joules = group.Sum(record => record.Joules ?? 0),
                Gain = group.Sum(record => (record.GainRelative ?? record.RelativeUncertainty ?? 0) * (record.Joules ?? 0)),
                Baseline = group.Sum(record => (record.BaselineSigmaWatts ?? 0) * (record.BaselineSensitivitySeconds ?? 0)),
                Independent = group.Sum(record => (record.IndependentJoules ?? 0) * (record.IndependentJoules ?? 0)),
                Quality = group.Min(record => (int)record.Quality),
            }).ToListAsync(cancellation);
        return [.. sums.Select(sum => new UsagePart(sum.Device ?? "", sum.FactorId, sum.Records, new UncertainSum(sum.Joules, sum.Gain, sum.Baseline, sum.Independent), (EnergyQuality)sum.Quality))];
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

    private static UsagePart[] Parts(UsageWindowRow window) => [.. window.Parts.Select(part => new UsagePart(
        part.Device, part.FactorId, part.Records, new UncertainSum(part.Joules, part.GainJoules, part.BaselineJoules, part.IndependentVariance), part.WeakestQuality))];

    private static UsagePartRow Row(UsagePart part) => new()
    {
        Device = part.Device,
        FactorId = part.FactorId,
        Records = part.Records,
        Joules = part.Joules.Value,
        GainJoules = part.Joules.Gain,
        BaselineJoules = part.Joules.Baseline,
        IndependentVariance = part.Joules.IndependentVariance,
        WeakestQuality = part.WeakestQuality,
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
