using GreenTune.Accounting.Carbon.Sources;
using GreenTune.Accounting.Store;
using GreenTune.Core.Carbon;
using GreenTune.Core.Units;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Carbon.Intensities;

/// <summary>
/// What sources have said, in the database: it survives restarts, and keeps what restatements and forecasts need. Every read and write is of one signal by its
/// type. Thread-safe.
/// </summary>
internal sealed class IntensityCache(IDbContextFactory<AccountingDb> contexts, StoreWriter writer)
{
    /// <summary>Forecasts of hours that have passed are of no more use after this.</summary>
    private static readonly TimeSpan KeepForecasts = TimeSpan.FromDays(7);

    private long _version;

    /// <summary>Counts up whenever something was stored.</summary>
    public long Version => Interlocked.Read(ref _version);

    /// <summary>Stores an answer. A measured value is never replaced by an estimate of the same span.</summary>
    public async Task StoreAsync<TSignal>(IIntensitySource<TSignal> source, IReadOnlyList<IntensityReading<TSignal>> readings, CancellationToken cancellation)
        where TSignal : IIntensitySignal
    {
        if (readings.Count == 0)
        {
            return;
        }

        await writer.WriteAsync(Durability.Relaxed, async (db, token) =>
        {
            long first = readings.Min(reading => reading.From.UtcTicks);
            long last = readings.Max(reading => reading.From.UtcTicks);
            var there = await Of(db.Intensities, source).Where(row => row.FromTicks >= first && row.FromTicks <= last).ToDictionaryAsync(row => (row.FromTicks, row.Forecast), token);
            foreach (IntensityReading<TSignal> reading in readings)
            {
                if (!there.TryGetValue((reading.From.UtcTicks, reading.IsForecast), out IntensityRow? row))
                {
                    db.Intensities.Add(Row(source, reading));
                }
                else if (!reading.IsEstimated || row.Estimated)
                {
                    db.Entry(row).CurrentValues.SetValues(Row(source, reading));
                }
            }

            await db.SaveChangesAsync(token);
            long past = readings.Max(reading => reading.FetchedAt.UtcTicks) - KeepForecasts.Ticks;
            await Of(db.Intensities, source).Where(row => row.Forecast && row.ToTicks < past).ExecuteDeleteAsync(token);
        }, cancellation);
        Interlocked.Increment(ref _version);
    }

    /// <summary>Values that reach into a span, of each source in the order given.</summary>
    public async Task<IReadOnlyList<IReadOnlyList<IntensityReading<TSignal>>>> LoadAsync<TSignal>(
        IReadOnlyList<IIntensitySource<TSignal>> sources, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation)
        where TSignal : IIntensitySignal
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        var all = new List<IReadOnlyList<IntensityReading<TSignal>>>(sources.Count);
        foreach (IIntensitySource<TSignal> source in sources)
        {
            List<IntensityRow> rows = await Of(db.Intensities.AsNoTracking(), source)
                .Where(row => row.ToTicks > from.UtcTicks && row.FromTicks < to.UtcTicks).OrderBy(row => row.FromTicks).ToListAsync(cancellation);
            all.Add([.. rows.Select(Reading<TSignal>)]);
        }

        return all;
    }

    private static IQueryable<IntensityRow> Of<TSignal>(IQueryable<IntensityRow> rows, IIntensitySource<TSignal> source)
        where TSignal : IIntensitySignal
    {
        var signal = TSignal.Kind;
        string name = source.Name;
        string zone = source.Zone;
        return rows.Where(row => row.Signal == signal && row.SourceKey == name && row.SourceZone == zone);
    }

    private static IntensityRow Row<TSignal>(IIntensitySource<TSignal> source, IntensityReading<TSignal> reading)
        where TSignal : IIntensitySignal => new()
        {
            Signal = TSignal.Kind,
            SourceKey = source.Name,
            SourceZone = source.Zone,
            Forecast = reading.IsForecast,
            FromTicks = reading.From.UtcTicks,
            ToTicks = reading.To.UtcTicks,
            GramsPerKwh = reading.Intensity.Value,
            Zone = reading.Zone,
            Source = reading.Source,
            Licence = reading.Licence,
            FactorType = reading.FactorType,
            GasBasis = reading.GasBasis,
            Estimated = reading.IsEstimated,
            Method = reading.Method,
            UpdatedTicks = reading.UpdatedAt?.UtcTicks,
            FetchedTicks = reading.FetchedAt.UtcTicks,
        };

    private static IntensityReading<TSignal> Reading<TSignal>(IntensityRow row)
        where TSignal : IIntensitySignal => new()
        {
            Zone = row.Zone,
            From = new DateTimeOffset(row.FromTicks, TimeSpan.Zero),
            To = new DateTimeOffset(row.ToTicks, TimeSpan.Zero),
            Intensity = new GramsPerKilowattHour(row.GramsPerKwh),
            Source = row.Source,
            Licence = row.Licence,
            FactorType = row.FactorType,
            GasBasis = row.GasBasis,
            IsEstimated = row.Estimated,
            Method = row.Method,
            IsForecast = row.Forecast,
            UpdatedAt = row.UpdatedTicks is { } updated ? new DateTimeOffset(updated, TimeSpan.Zero) : null,
            FetchedAt = new DateTimeOffset(row.FetchedTicks, TimeSpan.Zero),
        };
}
