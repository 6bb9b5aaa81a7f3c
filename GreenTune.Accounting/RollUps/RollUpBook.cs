using GreenTune.Accounting.Carbon;
using GreenTune.Accounting.Store;
using GreenTune.Core.Totals;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.RollUps;

/// <summary>
/// Keeps the roll-ups equal to the sums over the records and periods: a new row is added in the transaction that stores it, to the hour and day in which it
/// began, however late it comes. A row that was there already adds nothing.
/// </summary>
internal sealed class RollUpBook(CarbonPricing pricing)
{
    private BulkAdd<RollUpRow>? _rollUps;
    private BulkAdd<LatencyRow>? _latencies;
    private BulkAdd<SessionRow>? _sessions;
    private BulkAdd<SessionPartRow>? _sessionParts;
    private BulkAdd<DeviceRollUpRow>? _devices;

    /// <summary>Within a write: adds records that have just been stored.</summary>
    public async Task AddAsync(AccountingDb db, IEnumerable<RecordRow> records, CancellationToken cancellation)
    {
        var batch = new RollUpBatch();
        foreach (RecordRow record in records)
        {
            batch.Add(record, (await pricing.ByIdAsync(record.FactorId, cancellation)).GramsPerJoule);
        }

        await AddAsync(db, batch, cancellation);
    }

    /// <summary>Within a write: adds what is summed already.</summary>
    public async Task AddAsync(AccountingDb db, RollUpBatch batch, CancellationToken cancellation)
    {
        _rollUps ??= new BulkAdd<RollUpRow>(db);
        await _rollUps.RunAsync(db, batch.RollUps, null, cancellation);
        await AddLatenciesAsync(db, batch.Latencies, cancellation);
        await AddSessionsAsync(db, batch, cancellation);
    }

    /// <summary>Within a write: adds periods that have just been stored.</summary>
    public async Task AddAsync(AccountingDb db, IReadOnlyCollection<PeriodRow> periods, CancellationToken cancellation)
    {
        var devices = new Dictionary<(RollUpLevel, long, string, string), DeviceRollUpRow>();
        foreach (PeriodRow period in periods)
        {
            foreach (RollUpLevel level in (ReadOnlySpan<RollUpLevel>)[RollUpLevel.Hour, RollUpLevel.Day])
            {
                long start = RollUpBatch.StartOf(level, period.FromTicks);
                string instance = period.Instance ?? "";
                if (!devices.TryGetValue((level, start, period.Device, instance), out DeviceRollUpRow? device))
                {
                    device = new DeviceRollUpRow { Level = level, StartTicks = start, Device = period.Device, Instance = instance, Quality = period.Quality };
                    devices.Add((level, start, period.Device, instance), device);
                }

                device.Seconds += TimeSpan.FromTicks(period.ToTicks - period.FromTicks).TotalSeconds;
                device.TotalJoules += period.TotalJoules;
                device.ActiveJoules += period.ActiveJoules;
                device.IdleShareJoules += period.IdleShareJoules;
                device.IdleJoules += period.IdleJoules;
                device.UnattributedJoules += period.UnattributedJoules;
                device.OtherJoules += period.OtherJoules;
                device.Quality = period.Quality < device.Quality ? period.Quality : device.Quality;
            }
        }

        _devices ??= new BulkAdd<DeviceRollUpRow>(db, on: null, (nameof(DeviceRollUpRow.Quality), Merge.Least));
        await _devices.RunAsync(db, devices.Values, null, cancellation);
    }

    /// <summary>A histogram is added in memory; the write's scope keeps others from adding to it meanwhile.</summary>
    private async Task AddLatenciesAsync(AccountingDb db, IReadOnlyDictionary<RollUpBatch.LatencyKey, LogHistogram> latencies, CancellationToken cancellation)
    {
        if (latencies.Count == 0)
        {
            return;
        }

        foreach (IGrouping<RollUpLevel, RollUpBatch.LatencyKey> level in latencies.Keys.GroupBy(key => key.Level))
        {
            RollUpLevel of = level.Key;
            long[] starts = [.. level.Select(key => key.Start).Distinct()];
            string[] tenants = [.. level.Select(key => key.Tenant).Distinct()];
            List<LatencyRow> there = await db.Latencies.AsNoTracking()
                .Where(row => row.Level == of && starts.Contains(row.StartTicks) && tenants.Contains(row.Tenant)).ToListAsync(cancellation);
            foreach (LatencyRow row in there)
            {
                if (latencies.TryGetValue(new RollUpBatch.LatencyKey(row.Level, row.StartTicks, row.Tenant, row.ConfigurationId), out LogHistogram? durations))
                {
                    durations.AddPacked(row.Durations);
                }
            }
        }

        _latencies ??= new BulkAdd<LatencyRow>(db, on: null, (nameof(LatencyRow.Durations), Merge.Replace));
        await _latencies.RunAsync(db, [.. latencies.Select(pair => new LatencyRow
        {
            Level = pair.Key.Level,
            StartTicks = pair.Key.Start,
            Tenant = pair.Key.Tenant,
            ConfigurationId = pair.Key.Configuration,
            Durations = pair.Value.Pack(),
        })], null, cancellation);
    }

    private async Task AddSessionsAsync(AccountingDb db, RollUpBatch batch, CancellationToken cancellation)
    {
        if (batch.Sessions.Count == 0)
        {
            return;
        }

        _sessions ??= new BulkAdd<SessionRow>(db, on: nameof(SessionRow.Id),
            (nameof(SessionRow.Tenant), Merge.Keep), (nameof(SessionRow.Session), Merge.Keep), (nameof(SessionRow.FirstTicks), Merge.Least), (nameof(SessionRow.LastTicks), Merge.Greatest));
        await _sessions.RunAsync(db, batch.Sessions, (row, key) => row.Key = key, cancellation);
        var keys = batch.Sessions.ToDictionary(row => row.Id, row => row.Key, StringComparer.Ordinal);
        _sessionParts ??= new BulkAdd<SessionPartRow>(db);
        await _sessionParts.RunAsync(db, [.. batch.SessionParts.Select(part =>
        {
            part.Part.SessionKey = keys[part.Session];
            return part.Part;
        })], null, cancellation);
    }
}
