using GreenTune.Accounting.Carbon.Sources;
using GreenTune.Accounting.Store;
using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Carbon.Intensities;

/// <summary>
/// Asks the sources when their calls are due, one call per zone and period, and keeps the answers. Requests and records never wait for a source: they are
/// priced with what is kept.
/// </summary>
internal sealed partial class IntensityRefresher(
    IntensitySources sources, IntensityCache cache, CarbonPricing pricing, StoreWriter writer, IDbContextFactory<AccountingDb> contexts, CarbonJitter jitter,
    TimeProvider clock, ILogger<IntensityRefresher> logger) : BackgroundService
{
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ShortestSleep = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private Dictionary<(CarbonSignal, string, string, SourceCallKind), IntensityCallRow>? _calls;

    /// <summary>Makes every call that is due, and renews the factor of the running hour. Returns when the next call is due.</summary>
    public async Task<DateTimeOffset> RefreshDueAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            _calls ??= await ReadCallsAsync(cancellation);
            DateTimeOffset next = clock.GetUtcNow() + LongestSleep;
            foreach (IIntensitySource<AverageSignal> source in sources.Average)
            {
                next = Earlier(next, await RefreshAsync(source, cancellation));
            }

            foreach (IIntensitySource<MarginalSignal> source in sources.Marginal)
            {
                next = Earlier(next, await RefreshAsync(source, cancellation));
            }

            await pricing.RenewAsync(cancellation);
            return next;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>State of every call, for people.</summary>
    public async Task<IReadOnlyList<CarbonSourceState>> StatesAsync(CancellationToken cancellation)
    {
        var rows = await ReadCallsAsync(cancellation);
        return [.. Each(sources.Average).Concat(Each(sources.Marginal)).Select(call =>
        {
            rows.TryGetValue(call, out IntensityCallRow? row);
            return new CarbonSourceState
            {
                Source = call.Item2,
                Signal = call.Item1,
                Zone = call.Item3,
                Kind = call.Item4.ToString().ToLowerInvariant(),
                LastSuccess = row?.SucceededTicks is { } ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null,
                NextCall = row is null ? clock.GetUtcNow() : new DateTimeOffset(row.NextTicks, TimeSpan.Zero),
                Failures = row?.Failures ?? 0,
                Problem = row?.Problem,
            };
        })];
    }

    public override void Dispose()
    {
        _turn.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (sources.Average.Count + sources.Marginal.Count == 0)
        {
            return;
        }

        while (!stoppingToken.IsCancellationRequested)
        {
            TimeSpan sleep = LongestSleep;
            try
            {
                DateTimeOffset next = await RefreshDueAsync(stoppingToken);
                sleep = next - clock.GetUtcNow();
            }
            catch (Exception e) when (e is StoreUnavailableException or DbUpdateException)
            {
                LogStore(logger, e.Message);
            }

            await Task.Delay(sleep < ShortestSleep ? ShortestSleep : sleep, clock, stoppingToken);
        }
    }

    private async Task<DateTimeOffset> RefreshAsync<TSignal>(IIntensitySource<TSignal> source, CancellationToken cancellation)
        where TSignal : IIntensitySignal
    {
        DateTimeOffset next = DateTimeOffset.MaxValue;
        foreach (SourceCall call in source.Calls)
        {
            var key = (TSignal.Kind, source.Name, source.Zone, call.Kind);
            if (!_calls!.TryGetValue(key, out IntensityCallRow? row))
            {
                row = new IntensityCallRow { Signal = TSignal.Kind, SourceKey = source.Name, SourceZone = source.Zone, Kind = (int)call.Kind };
                _calls.Add(key, row);
            }

            if (row.NextTicks <= clock.GetUtcNow().UtcTicks)
            {
                await CallAsync(source, call, row, cancellation);
                await SaveAsync(row, cancellation);
            }

            next = Earlier(next, new DateTimeOffset(row.NextTicks, TimeSpan.Zero));
        }

        return next;
    }

    private async Task CallAsync<TSignal>(IIntensitySource<TSignal> source, SourceCall call, IntensityCallRow row, CancellationToken cancellation)
        where TSignal : IIntensitySignal
    {
        DateTimeOffset now = clock.GetUtcNow();
        try
        {
            SourceAnswer<TSignal> answer = await source.FetchAsync(call.Kind, now, cancellation);
            await cache.StoreAsync(source, answer.Readings, cancellation);
            foreach (string skipped in answer.Skipped.Take(3))
            {
                LogSkipped(logger, skipped, answer.Skipped.Count);
            }

            if (row.Failures > 0)
            {
                LogBack(logger, source.Name, call.Kind);
            }

            row.Failures = 0;
            row.Problem = null;
            row.SucceededTicks = now.UtcTicks;
            row.NextTicks = CallTiming.AfterSuccess(now, call.Period, jitter.Next()).UtcTicks;
        }
        catch (IntensitySourceException e)
        {
            row.Failures++;
            row.Problem = e.Message;
            row.NextTicks = CallTiming.AfterFailure(now, row.Failures, e.Failure, e.RetryAfter, jitter.Next()).UtcTicks;
            double minutes = TimeSpan.FromTicks(row.NextTicks - now.UtcTicks).TotalMinutes;
            // Not every plan of a source has forecasts and history; without the latest value there is a stand-in in every record.
            if (call.Kind == SourceCallKind.Latest || row.Failures == 1)
            {
                LogFailed(logger, call.Kind, e.Message, minutes);
            }
        }
    }

    private Task SaveAsync(IntensityCallRow row, CancellationToken cancellation) => writer.WriteAsync(Durability.Relaxed, async (db, token) =>
    {
        IntensityCallRow? there = await db.IntensityCalls.FindAsync([row.Signal, row.SourceKey, row.SourceZone, row.Kind], token);
        if (there is null)
        {
            db.IntensityCalls.Add(Copy(row));
        }
        else
        {
            db.Entry(there).CurrentValues.SetValues(row);
        }

        await db.SaveChangesAsync(token);
    }, cancellation);

    // The row that is kept here must not become the context's own.
    private static IntensityCallRow Copy(IntensityCallRow row) => new()
    {
        Signal = row.Signal,
        SourceKey = row.SourceKey,
        SourceZone = row.SourceZone,
        Kind = row.Kind,
        SucceededTicks = row.SucceededTicks,
        NextTicks = row.NextTicks,
        Failures = row.Failures,
        Problem = row.Problem,
    };

    private async Task<Dictionary<(CarbonSignal, string, string, SourceCallKind), IntensityCallRow>> ReadCallsAsync(CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        List<IntensityCallRow> rows = await db.IntensityCalls.AsNoTracking().ToListAsync(cancellation);
        return rows.ToDictionary(row => (row.Signal, row.SourceKey, row.SourceZone, (SourceCallKind)row.Kind));
    }

    private static IEnumerable<(CarbonSignal, string, string, SourceCallKind)> Each<TSignal>(IEnumerable<IIntensitySource<TSignal>> from)
        where TSignal : IIntensitySignal => from.SelectMany(source => source.Calls.Select(call => (TSignal.Kind, source.Name, source.Zone, call.Kind)));

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    [LoggerMessage(1, LogLevel.Warning, "Carbon intensity ({Kind}): {Problem} Asked again in {Minutes:0.#} min; what is kept stands in until then")]
    private static partial void LogFailed(ILogger logger, SourceCallKind kind, string problem, double minutes);

    [LoggerMessage(2, LogLevel.Information, "{Source} answers again ({Kind})")]
    private static partial void LogBack(ILogger logger, string source, SourceCallKind kind);

    [LoggerMessage(3, LogLevel.Warning, "{Problem} ({Count} in this answer)")]
    private static partial void LogSkipped(ILogger logger, string problem, int count);

    [LoggerMessage(4, LogLevel.Warning, "Carbon intensities cannot be kept now: {Problem}")]
    private static partial void LogStore(ILogger logger, string problem);
}
