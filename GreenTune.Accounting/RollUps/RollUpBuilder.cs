using GreenTune.Accounting.Carbon;
using GreenTune.Accounting.Store;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.RollUps;

/// <summary>
/// Makes the roll-ups anew from the records and periods: once when books of an older version are opened, and by the command rebuild-rollups. One
/// transaction, so nobody sees half of it. What is older than the rows that retention has left keeps the roll-ups that it has.
/// </summary>
internal sealed partial class RollUpBuilder(IDbContextFactory<AccountingDb> contexts, StoreWriter writer, CarbonPricing pricing, RollUpBook book, TimeProvider clock, ILogger<RollUpBuilder> logger)
{
    /// <summary>Rows read and added at a time: what bounds the memory.</summary>
    private const int Slice = 20_000;

    /// <summary>Makes the roll-ups if these books never had any, and the sums of all tenants if they never had those.</summary>
    public async Task EnsureAsync(CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        if (!await db.Marks.AnyAsync(mark => mark.Name == MarkRow.RollUpsBuilt, cancellation))
        {
            await RebuildAsync(onlyIfNever: true, cancellation);
        }
        else if (!await db.Marks.AnyAsync(mark => mark.Name == MarkRow.OfAllBuilt, cancellation))
        {
            await AddOfAllAsync(cancellation);
        }
    }

    /// <returns>Records and periods that were added up.</returns>
    public Task<(long Records, long Periods)> RebuildAsync(CancellationToken cancellation) => RebuildAsync(onlyIfNever: false, cancellation);

    private Task<(long Records, long Periods)> RebuildAsync(bool onlyIfNever, CancellationToken cancellation) => writer.WriteAsync(Durability.Flushed, async (db, token) =>
    {
        // Another replica may have done it while this one waited.
        if (onlyIfNever && await db.Marks.AnyAsync(mark => mark.Name == MarkRow.RollUpsBuilt, token))
        {
            return (0L, 0L);
        }

        db.Database.SetCommandTimeout(TimeSpan.FromHours(1));
        long from = await db.Marks.Where(mark => mark.Name == MarkRow.RowsFrom).Select(mark => mark.Ticks).SingleOrDefaultAsync(token);
        await db.RollUps.Where(row => row.StartTicks >= from).ExecuteDeleteAsync(token);
        await db.Latencies.Where(row => row.StartTicks >= from).ExecuteDeleteAsync(token);
        await db.DeviceRollUps.Where(row => row.StartTicks >= from).ExecuteDeleteAsync(token);
        // A session that began before then has lost rows, so what is kept of it is all there is.
        await db.SessionParts.Where(part => db.Sessions.Any(session => session.Key == part.SessionKey && session.FirstTicks >= from)).ExecuteDeleteAsync(token);
        await db.Sessions.Where(session => session.FirstTicks >= from).ExecuteDeleteAsync(token);
        var kept = from == 0 ? [] : (await db.Sessions.Select(session => session.Id).ToListAsync(token)).ToHashSet(StringComparer.Ordinal);
        long records = await AddRecordsAsync(db, from, kept, token);
        long periods = await AddPeriodsAsync(db, from, token);
        await db.Marks.Where(mark => mark.Name == MarkRow.RollUpsBuilt || mark.Name == MarkRow.OfAllBuilt).ExecuteDeleteAsync(token);
        long now = clock.GetUtcNow().UtcTicks;
        db.Marks.AddRange(new MarkRow { Name = MarkRow.RollUpsBuilt, Ticks = now }, new MarkRow { Name = MarkRow.OfAllBuilt, Ticks = now });
        await db.SaveChangesAsync(token);
        LogBuilt(logger, records, periods);
        return (records, periods);
    }, cancellation);

    /// <summary>From the tenants' hours and days, which are there also where retention has taken the records away.</summary>
    private Task AddOfAllAsync(CancellationToken cancellation) => writer.WriteAsync(Durability.Flushed, async (db, token) =>
    {
        // Another replica may have done it while this one waited.
        if (await db.Marks.AnyAsync(mark => mark.Name == MarkRow.OfAllBuilt, token))
        {
            return;
        }

        db.Database.SetCommandTimeout(TimeSpan.FromHours(1));
        List<long> days = await db.RollUps.Where(row => row.Level == RollUpLevel.Day).Select(row => row.StartTicks).Distinct().ToListAsync(token);
        foreach (long day in days)
        {
            var batch = new RollUpBatch();
            long end = day + TimeSpan.TicksPerDay;
            await foreach (RollUpRow row in db.RollUps.AsNoTracking().Where(row => row.Level <= RollUpLevel.Day && row.StartTicks >= day && row.StartTicks < end).AsAsyncEnumerable().WithCancellation(token))
            {
                batch.AddToAll(row);
            }

            await foreach (LatencyRow row in db.Latencies.AsNoTracking().Where(row => row.Level <= RollUpLevel.Day && row.StartTicks >= day && row.StartTicks < end).AsAsyncEnumerable().WithCancellation(token))
            {
                batch.AddToAll(row);
            }

            await book.AddAsync(db, batch, token);
        }

        db.Marks.Add(new MarkRow { Name = MarkRow.OfAllBuilt, Ticks = clock.GetUtcNow().UtcTicks });
        await db.SaveChangesAsync(token);
        LogOfAll(logger, days.Count);
    }, cancellation);

    private async Task<long> AddRecordsAsync(AccountingDb db, long from, HashSet<string> kept, CancellationToken cancellation)
    {
        long count = 0;
        long last = 0;
        while (true)
        {
            List<RecordRow> rows = await db.Records.AsNoTracking().Where(record => record.Key > last && record.StartedTicks >= from).OrderBy(record => record.Key).Take(Slice).ToListAsync(cancellation);
            if (rows.Count == 0)
            {
                return count;
            }

            var batch = new RollUpBatch();
            foreach (RecordRow row in rows)
            {
                bool session = row.Session is null || !kept.Contains(SessionRow.IdOf(row.Tenant, row.Session));
                batch.Add(row, (await pricing.ByIdAsync(row.FactorId, cancellation)).GramsPerJoule, session);
            }

            await book.AddAsync(db, batch, cancellation);
            last = rows[^1].Key;
            count += rows.Count;
            LogProgress(logger, count);
        }
    }

    private async Task<long> AddPeriodsAsync(AccountingDb db, long from, CancellationToken cancellation)
    {
        long count = 0;
        long last = 0;
        while (true)
        {
            List<PeriodRow> rows = await db.Periods.AsNoTracking().Where(period => period.Key > last && period.FromTicks >= from).OrderBy(period => period.Key).Take(Slice).ToListAsync(cancellation);
            if (rows.Count == 0)
            {
                return count;
            }

            await book.AddAsync(db, rows, cancellation);
            last = rows[^1].Key;
            count += rows.Count;
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Roll-ups were built from {Records} records and {Periods} periods")]
    private static partial void LogBuilt(ILogger logger, long records, long periods);

    [LoggerMessage(3, LogLevel.Information, "Sums of all tenants together were built for {Days} days")]
    private static partial void LogOfAll(ILogger logger, int days);

    [LoggerMessage(2, LogLevel.Debug, "Roll-ups: {Records} records added up")]
    private static partial void LogProgress(ILogger logger, long records);
}
