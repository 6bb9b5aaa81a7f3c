using GreenTune.Accounting.Carbon;
using GreenTune.Accounting.RollUps;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using GreenTune.Core.Totals;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Summaries;

/// <summary>What a span is split by.</summary>
internal enum UsageBy
{
    Tenant,
    Configuration,

    /// <summary>A configuration without its precision.</summary>
    Model,
    Device,
    Quality,
}

/// <summary>Which requests are meant; null for all.</summary>
internal sealed record UsageFilter(string? Tenant = null, string? Configuration = null);

/// <summary>Adds up spans from the roll-ups, and from the records where a span begins or ends within an hour.</summary>
internal sealed class UsageQuery(CarbonPricing pricing)
{
    /// <summary>Sums of a span by group, device and quality.</summary>
    public async Task<IReadOnlyList<KeyedSums>> SumsAsync(AccountingDb db, UsageFilter filter, SpanCover cover, UsageBy by, CancellationToken cancellation)
    {
        var sums = new List<KeyedSums>();
        foreach ((RollUpLevel level, Ticks part) in cover.RollUps)
        {
            IQueryable<RollUpRow> rows = RollUps(db, filter, level, part, byTenant: by == UsageBy.Tenant);
            sums.AddRange(await Select(by switch
            {
                UsageBy.Tenant => rows.GroupBy(row => new GroupKey { Group = row.Tenant, Device = row.Device, Quality = row.Quality }),
                UsageBy.Device or UsageBy.Quality => rows.GroupBy(row => new GroupKey { Group = row.Device, Device = row.Device, Quality = row.Quality }),
                _ => rows.GroupBy(row => new GroupKey { Group = row.ConfigurationId, Device = row.Device, Quality = row.Quality }),
            }).ToListAsync(cancellation));
        }

        foreach (Ticks edge in cover.Edges)
        {
            sums.AddRange(await EdgeAsync(db, filter, edge, by, cancellation));
        }

        return Merge(sums, by);
    }

    /// <summary>Durations of completed requests of a span by group; empty where the split has none.</summary>
    public static async Task<IReadOnlyDictionary<string, LogHistogram>> DurationsAsync(AccountingDb db, UsageFilter filter, SpanCover cover, UsageBy by, CancellationToken cancellation)
    {
        var durations = new Dictionary<string, LogHistogram>(StringComparer.Ordinal);
        if (by is UsageBy.Device or UsageBy.Quality)
        {
            return durations;
        }

        foreach ((RollUpLevel level, Ticks part) in cover.RollUps)
        {
            await foreach (var row in Latencies(db, filter, level, part, byTenant: by == UsageBy.Tenant).Select(row => new { row.Tenant, row.ConfigurationId, row.Durations }).AsAsyncEnumerable().WithCancellation(cancellation))
            {
                Of(by == UsageBy.Tenant ? row.Tenant : row.ConfigurationId).AddPacked(row.Durations);
            }
        }

        foreach (Ticks edge in cover.Edges)
        {
            await foreach (var row in Records(db, filter, edge).Where(record => record.Outcome == RequestOutcome.Completed)
                .Select(record => new { record.Tenant, record.ConfigurationId, record.DurationSeconds }).AsAsyncEnumerable().WithCancellation(cancellation))
            {
                Of(by == UsageBy.Tenant ? row.Tenant : row.ConfigurationId).Add(row.DurationSeconds);
            }
        }

        return durations;

        LogHistogram Of(string group)
        {
            string name = by == UsageBy.Model ? ConfigurationNames.ModelOf(group) : group;
            if (!durations.TryGetValue(name, out LogHistogram? of))
            {
                durations.Add(name, of = new LogHistogram());
            }

            return of;
        }
    }

    /// <summary>Joules of a span, and whether any request was metered.</summary>
    public static async Task<(double Joules, bool Any)> JoulesAsync(AccountingDb db, UsageFilter filter, SpanCover cover, CancellationToken cancellation)
    {
        (double joules, long metered) = (0, 0);
        foreach ((RollUpLevel level, Ticks part) in cover.RollUps)
        {
            var sum = await RollUps(db, filter, level, part).GroupBy(row => row.Level)
                .Select(group => new { Joules = group.Sum(row => row.Joules), Metered = group.Sum(row => row.Metered) }).SingleOrDefaultAsync(cancellation);
            (joules, metered) = (joules + (sum?.Joules ?? 0), metered + (sum?.Metered ?? 0));
        }

        foreach (Ticks edge in cover.Edges)
        {
            var sum = await Records(db, filter, edge).Where(record => record.Joules != null).GroupBy(_ => 1)
                .Select(group => new { Joules = group.Sum(record => record.Joules ?? 0), Metered = group.LongCount() }).SingleOrDefaultAsync(cancellation);
            (joules, metered) = (joules + (sum?.Joules ?? 0), metered + (sum?.Metered ?? 0));
        }

        return (joules, metered > 0);
    }

    /// <summary>Sums of roll-ups by their start, device and quality.</summary>
    public static async Task<IReadOnlyList<KeyedSums>> ByStartAsync(AccountingDb db, UsageFilter filter, RollUpLevel level, Ticks span, CancellationToken cancellation) =>
        await Select(RollUps(db, filter, level, span).GroupBy(row => new GroupKey { Start = row.StartTicks, Device = row.Device, Quality = row.Quality })).ToListAsync(cancellation);

    /// <summary>Roll-ups of latencies by their start, to be put into spans.</summary>
    public static IAsyncEnumerable<LatencyRow> LatenciesAsync(AccountingDb db, UsageFilter filter, RollUpLevel level, Ticks span) => Latencies(db, filter, level, span).AsAsyncEnumerable();

    /// <summary>Sums of any rows that hold them.</summary>
    public static IQueryable<KeyedSums> Select<T>(IQueryable<IGrouping<GroupKey, T>> groups)
        where T : RollUpSums => groups.Select(group => new KeyedSums
        {
            Key = group.Key,
            Requests = group.Sum(row => row.Requests),
            Cancelled = group.Sum(row => row.Cancelled),
            Failed = group.Sum(row => row.Failed),
            Degraded = group.Sum(row => row.Degraded),
            InputTokens = group.Sum(row => row.InputTokens),
            OutputTokens = group.Sum(row => row.OutputTokens),
            Metered = group.Sum(row => row.Metered),
            MeteredOutputTokens = group.Sum(row => row.MeteredOutputTokens),
            Joules = group.Sum(row => row.Joules),
            GainJoules = group.Sum(row => row.GainJoules),
            BaselineJoules = group.Sum(row => row.BaselineJoules),
            IndependentVariance = group.Sum(row => row.IndependentVariance),
            Grams = group.Sum(row => row.Grams),
            GainGrams = group.Sum(row => row.GainGrams),
            BaselineGrams = group.Sum(row => row.BaselineGrams),
            GramsVariance = group.Sum(row => row.GramsVariance),
            ActiveRecords = group.Sum(row => row.ActiveRecords),
            ActiveJoules = group.Sum(row => row.ActiveJoules),
            ActiveGainJoules = group.Sum(row => row.ActiveGainJoules),
            ActiveBaselineJoules = group.Sum(row => row.ActiveBaselineJoules),
            ActiveVariance = group.Sum(row => row.ActiveVariance),
            PhaseRecords = group.Sum(row => row.PhaseRecords),
            PrefillJoules = group.Sum(row => row.PrefillJoules),
            DecodeJoules = group.Sum(row => row.DecodeJoules),
            GpuRecords = group.Sum(row => row.GpuRecords),
            GpuJoules = group.Sum(row => row.GpuJoules),
            CpuRecords = group.Sum(row => row.CpuRecords),
            CpuJoules = group.Sum(row => row.CpuJoules),
            DramRecords = group.Sum(row => row.DramRecords),
            DramJoules = group.Sum(row => row.DramJoules),
        });

    /// <summary>
    /// The span's cover, in which an edge beyond whose ends nothing lies within its hour is that hour, which a roll-up answers: so it is with "until now", and the
    /// records of the current hour need not be added up. It is so as well where retention has taken the records away: the whole hour is the nearest there is.
    /// </summary>
    public static async Task<SpanCover> CoverAsync(AccountingDb db, long from, long to, CancellationToken cancellation)
    {
        SpanCover cover = SpanCover.Of(from, to);
        var rollUps = new List<(RollUpLevel, Ticks)>(cover.RollUps);
        var edges = new List<Ticks>();
        long rowsFrom = cover.Edges.Count == 0 ? 0 : await db.Marks.Where(mark => mark.Name == MarkRow.RowsFrom).Select(mark => mark.Ticks).SingleOrDefaultAsync(cancellation);
        foreach (Ticks edge in cover.Edges)
        {
            if (await WholeHourAsync(db, edge, rowsFrom, cancellation) is { } hour)
            {
                rollUps.Add((RollUpLevel.Hour, hour));
            }
            else
            {
                edges.Add(edge);
            }
        }

        return new SpanCover(rollUps, edges);
    }

    /// <summary>The hour around an edge when all its records are within the edge; null otherwise.</summary>
    private static async Task<Ticks?> WholeHourAsync(AccountingDb db, Ticks edge, long rowsFrom, CancellationToken cancellation)
    {
        long start = RollUpBatch.StartOf(RollUpLevel.Hour, edge.From);
        long end = start + TimeSpan.TicksPerHour;
        if (start < rowsFrom)
        {
            return new Ticks(start, end);
        }

        bool others = await db.Records.AnyAsync(record => record.StartedTicks >= edge.To && record.StartedTicks < end, cancellation)
            || await db.Records.AnyAsync(record => record.StartedTicks >= start && record.StartedTicks < edge.From, cancellation);
        return others ? null : new Ticks(start, end);
    }

    /// <summary>Adds up records within an hour, in the database.</summary>
    public async Task<IReadOnlyList<KeyedSums>> EdgeAsync(AccountingDb db, UsageFilter filter, Ticks edge, UsageBy by, CancellationToken cancellation)
    {
        List<EdgeSums> groups = await EdgeSums.Of(Records(db, filter, edge), by).ToListAsync(cancellation);
        var sums = new List<KeyedSums>(groups.Count);
        foreach (EdgeSums group in groups)
        {
            sums.Add(group.Priced((await pricing.ByIdAsync(group.Edge.FactorId, cancellation)).GramsPerJoule));
        }

        return sums;
    }

    private static IQueryable<RollUpRow> RollUps(AccountingDb db, UsageFilter filter, RollUpLevel level, Ticks span, bool byTenant = false)
    {
        level = Widest(level, filter, byTenant);
        IQueryable<RollUpRow> rows = db.RollUps.AsNoTracking().Where(row => row.Level == level && row.StartTicks >= span.From && row.StartTicks < span.To);
        rows = filter.Tenant is { } tenant ? rows.Where(row => row.Tenant == tenant) : rows;
        return filter.Configuration is { } configuration ? rows.Where(row => row.ConfigurationId == configuration) : rows;
    }

    private static IQueryable<LatencyRow> Latencies(AccountingDb db, UsageFilter filter, RollUpLevel level, Ticks span, bool byTenant = false)
    {
        level = Widest(level, filter, byTenant);
        IQueryable<LatencyRow> rows = db.Latencies.AsNoTracking().Where(row => row.Level == level && row.StartTicks >= span.From && row.StartTicks < span.To);
        rows = filter.Tenant is { } tenant ? rows.Where(row => row.Tenant == tenant) : rows;
        return filter.Configuration is { } configuration ? rows.Where(row => row.ConfigurationId == configuration) : rows;
    }

    /// <summary>Those of all tenants where none is told apart.</summary>
    private static RollUpLevel Widest(RollUpLevel level, UsageFilter filter, bool byTenant) => filter.Tenant is null && !byTenant ? RollUpBatch.OfAll(level) : level;

    private static IQueryable<RecordRow> Records(AccountingDb db, UsageFilter filter, Ticks span)
    {
        IQueryable<RecordRow> records = db.Records.Where(record => record.StartedTicks >= span.From && record.StartedTicks < span.To);
        records = filter.Tenant is { } tenant ? records.Where(record => record.Tenant == tenant) : records;
        return filter.Configuration is { } configuration ? records.Where(record => record.ConfigurationId == configuration) : records;
    }

    private static List<KeyedSums> Merge(IEnumerable<KeyedSums> sums, UsageBy by)
    {
        var merged = new Dictionary<GroupKey, KeyedSums>();
        foreach (KeyedSums sum in sums)
        {
            GroupKey key = by switch
            {
                UsageBy.Model => sum.Key with { Group = ConfigurationNames.ModelOf(sum.Key.Group) },
                UsageBy.Quality => sum.Key with { Group = sum.Key.Quality.ToString().ToLowerInvariant() },
                _ => sum.Key,
            };
            if (merged.TryGetValue(key, out KeyedSums? there))
            {
                there.Add(sum);
            }
            else
            {
                sum.Key = key;
                merged.Add(key, sum);
            }
        }

        return [.. merged.Values];
    }
}
