using GreenTune.Accounting.Budgets;
using GreenTune.Accounting.Carbon;
using GreenTune.Accounting.Events;
using GreenTune.Accounting.Http;
using GreenTune.Accounting.RollUps;
using GreenTune.Accounting.Store;
using GreenTune.Accounting.Telemetry;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Records;

/// <summary>
/// Takes batches of records: each is checked on its own, priced with the factor of its hour, and stored once whatever often it is sent. A batch is one
/// transaction, in which budgets are settled too.
/// </summary>
internal sealed class RecordIngest(
    StoreWriter writer, CarbonPricing pricing, RollUpBook rollUps, BudgetBook budgets, BudgetSignals signals, EventHub events, AccountingTelemetry telemetry,
    IOptions<AccountingOptions> options, TimeProvider clock)
{
    private BulkInsert<RecordRow>? _records;
    private BulkInsert<RecordTraceRow>? _traces;

    private readonly record struct Written(List<(RequestRecord Record, RecordRow Row)> Stored, int Duplicates, IReadOnlyCollection<Guid> Budgets);

    /// <exception cref="StoreUnavailableException">Nothing of the batch was stored; send it again.</exception>
    public async Task<IngestResult> StoreAsync(IReadOnlyList<BatchItem<RequestRecord>> items, CancellationToken cancellation)
    {
        DateTimeOffset now = clock.GetUtcNow();
        RecordLimits limits = options.Value.LimitsAt(now);
        var sound = new Dictionary<string, RequestRecord>(items.Count, StringComparer.Ordinal);
        var refused = new List<IngestRefusal>();
        int repeated = 0;
        foreach (BatchItem<RequestRecord> item in items)
        {
            if ((item.Problem ?? RecordValidator.Problem(item.Value!, now, limits)) is { } problem)
            {
                refused.Add(new IngestRefusal(item.Id, problem));
            }
            else if (!sound.TryAdd(item.Value!.Id, item.Value))
            {
                repeated++;
            }
        }

        if (sound.Count == 0)
        {
            return new IngestResult(0, repeated, refused);
        }

        HourFactors factors = await pricing.ForAsync(sound.Values.Select(record => record.StartedAt), cancellation);
        Written written = await writer.WriteAsync(Durability.Flushed, (db, token) => WriteAsync(db, sound, factors, now, token), cancellation);
        foreach ((RequestRecord record, RecordRow row) in written.Stored)
        {
            telemetry.Stored(record, row.CO2eGrams);
            if (events.HasListeners)
            {
                row.Trace = null;
                events.Publish(EventNames.Record, RecordMapping.ToView(row, factors.At(record.StartedAt).Factor));
            }
        }

        signals.Changed(written.Budgets);
        return new IngestResult(written.Stored.Count, written.Duplicates + repeated, refused);
    }

    private async Task<Written> WriteAsync(AccountingDb db, Dictionary<string, RequestRecord> sound, HourFactors factors, DateTimeOffset now, CancellationToken cancellation)
    {
        _records ??= new BulkInsert<RecordRow>(db, unique: nameof(RecordRow.Id));
        _traces ??= new BulkInsert<RecordTraceRow>(db);
        RecordRow[] rows = [.. sound.Values.Select(record => RecordMapping.ToRow(record, factors.At(record.StartedAt), now))];
        await _records.RunAsync(db, rows, (row, key) => row.Key = key, cancellation);
        // A row without a key was there already.
        RecordRow[] stored = [.. rows.Where(row => row.Key != 0)];
        if (stored.Length > 0)
        {
            await _traces.RunAsync(db, [.. stored.Where(row => row.Trace is not null).Select(Trace)], null, cancellation);
            await AddTenantsAsync(db, stored, now, cancellation);
            await rollUps.AddAsync(db, stored, cancellation);
            await UsageLedger.AddAsync(db, stored, cancellation);
            await db.SaveChangesAsync(cancellation);
        }

        // A record that was there already may have left its reservation behind if the first answer was lost.
        IReadOnlyCollection<Guid> touched = await budgets.SettleAsync(db, rows, now, cancellation);
        return new Written([.. stored.Select(row => (sound[row.Id], row))], rows.Length - stored.Length, touched);
    }

    private static RecordTraceRow Trace(RecordRow row)
    {
        row.Trace!.RecordKey = row.Key;
        return row.Trace;
    }

    private static async Task AddTenantsAsync(AccountingDb db, RecordRow[] rows, DateTimeOffset now, CancellationToken cancellation)
    {
        string[] names = [.. rows.Select(row => row.Tenant).Distinct()];
        List<string> seen = await db.Tenants.Where(tenant => names.Contains(tenant.Name)).Select(tenant => tenant.Name).ToListAsync(cancellation);
        db.Tenants.AddRange(names.Except(seen).Select(name => new TenantRow { Name = name, FirstSeenTicks = now.UtcTicks }));
    }
}
