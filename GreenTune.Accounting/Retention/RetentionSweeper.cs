using GreenTune.Accounting.RollUps;
using GreenTune.Accounting.Store;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Retention;

/// <summary>
/// Takes away power traces, and records where the configuration says so, once they are old. In slices, each a short write of its own, so that ingest and
/// reservations hardly wait. Roll-ups stay.
/// </summary>
internal sealed partial class RetentionSweeper(
    StoreWriter writer, IDbContextFactory<AccountingDb> contexts, IOptions<AccountingOptions> options, TimeProvider clock, ILogger<RetentionSweeper> logger) : BackgroundService
{
    private const int Slice = 1000;

    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <summary>Takes away all that is too old now.</summary>
    /// <returns>Traces and records that were taken away; the traces of those records are not among the first.</returns>
    public async Task<(long Traces, long Records)> SweepAsync(CancellationToken cancellation)
    {
        DateTimeOffset now = clock.GetUtcNow();
        long traceCutoff = now.AddDays(-options.Value.TraceRetentionDays).UtcTicks;
        long traces = await SliceAsync(
            db => db.Traces.AnyAsync(trace => trace.StartedTicks < traceCutoff, cancellation),
            (db, token) => db.Traces.Where(trace => trace.StartedTicks < traceCutoff).OrderBy(trace => trace.StartedTicks).Take(Slice).ExecuteDeleteAsync(token),
            cancellation);
        long records = options.Value.RecordsKeptFrom(now) is { } from ? await SweepRecordsAsync(from.UtcTicks, cancellation) : 0;
        if (traces + records > 0)
        {
            LogSwept(logger, traces, records);
        }

        return (traces, records);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFailed(logger, e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>The mark comes first: from then on nobody takes the days before it for whole.</summary>
    private async Task<long> SweepRecordsAsync(long from, CancellationToken cancellation) => await SliceAsync(
        db => db.Records.AnyAsync(record => record.StartedTicks < from, cancellation),
        async (db, token) =>
        {
            if (await db.Marks.SingleOrDefaultAsync(mark => mark.Name == MarkRow.RowsFrom, token) is not { } mark)
            {
                db.Marks.Add(new MarkRow { Name = MarkRow.RowsFrom, Ticks = from });
                await db.SaveChangesAsync(token);
            }
            else if (mark.Ticks < from)
            {
                mark.Ticks = from;
                await db.SaveChangesAsync(token);
            }

            return await db.Records.Where(record => record.StartedTicks < from).OrderBy(record => record.StartedTicks).Take(Slice).ExecuteDeleteAsync(token);
        },
        cancellation);

    private async Task<long> SliceAsync(Func<AccountingDb, Task<bool>> any, Func<AccountingDb, CancellationToken, Task<int>> delete, CancellationToken cancellation)
    {
        await using (AccountingDb db = await contexts.CreateDbContextAsync(cancellation))
        {
            if (!await any(db))
            {
                return 0;
            }
        }

        long all = 0;
        int deleted;
        do
        {
            deleted = await writer.WriteAsync(Durability.Relaxed, delete, cancellation);
            all += deleted;
        }
        while (deleted == Slice);
        return all;
    }

    [LoggerMessage(1, LogLevel.Information, "Retention took away {Traces} power traces and {Records} records")]
    private static partial void LogSwept(ILogger logger, long traces, long records);

    [LoggerMessage(2, LogLevel.Warning, "What is too old could not be taken away; it is tried again in an hour")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
