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
/// Takes batches of records: each is checked on its own, priced with the factor of its hour, and stored once whatever often it is sent. Batches that come at
/// the same time are one transaction, in which budgets are settled too.
/// </summary>
internal sealed class RecordIngest
{
    /// <summary>Records in one transaction, some tenths of a second of work: a reservation waits behind at most one.</summary>
    private const int MostTogether = 4 * RecordsApi.MaxBatch;

    private readonly CarbonPricing _pricing;
    private readonly RollUpBook _rollUps;
    private readonly BudgetBook _budgets;
    private readonly BudgetSignals _signals;
    private readonly EventHub _events;
    private readonly AccountingTelemetry _telemetry;
    private readonly IOptions<AccountingOptions> _options;
    private readonly TimeProvider _clock;
    private readonly GroupWriter<Batch, Written> _group;
    private BulkInsert<RecordRow>? _records;
    private BulkInsert<RecordTraceRow>? _traces;

    public RecordIngest(
        StoreWriter writer, CarbonPricing pricing, RollUpBook rollUps, BudgetBook budgets, BudgetSignals signals, EventHub events, AccountingTelemetry telemetry,
        IOptions<AccountingOptions> options, TimeProvider clock)
    {
        _pricing = pricing;
        _rollUps = rollUps;
        _budgets = budgets;
        _signals = signals;
        _events = events;
        _telemetry = telemetry;
        _options = options;
        _clock = clock;
        _group = new GroupWriter<Batch, Written>(writer, Durability.Flushed, MostTogether, batch => batch.Records.Count, WriteAsync);
    }

    private sealed record Batch(IReadOnlyDictionary<string, RequestRecord> Records, HourFactors Factors, DateTimeOffset ReceivedAt);

    private readonly record struct Written(IReadOnlyList<RecordRow> Stored, IReadOnlyCollection<Guid> Budgets);

    /// <exception cref="StoreUnavailableException">Nothing of the batch was stored; send it again.</exception>
    public async Task<IngestResult> StoreAsync(IReadOnlyList<BatchItem<RequestRecord>> items, CancellationToken cancellation)
    {
        DateTimeOffset now = _clock.GetUtcNow();
        RecordLimits limits = _options.Value.LimitsAt(now);
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

        HourFactors factors = await _pricing.ForAsync(sound.Values.Select(record => record.StartedAt), cancellation);
        Written written = await _group.WriteAsync(new Batch(sound, factors, now), cancellation);
        foreach (RecordRow row in written.Stored)
        {
            _telemetry.Stored(sound[row.Id], row.CO2eGrams);
            if (_events.HasListeners)
            {
                row.Trace = null;
                _events.Publish(EventNames.Record, RecordMapping.ToView(row, factors.At(sound[row.Id].StartedAt).Factor));
            }
        }

        _signals.Changed(written.Budgets);
        return new IngestResult(written.Stored.Count, sound.Count - written.Stored.Count + repeated, refused);
    }

    private async Task<IReadOnlyList<Written>> WriteAsync(AccountingDb db, IReadOnlyList<Batch> batches, CancellationToken cancellation)
    {
        _records ??= new BulkInsert<RecordRow>(db, unique: nameof(RecordRow.Id));
        _traces ??= new BulkInsert<RecordTraceRow>(db);
        DateTimeOffset now = batches[^1].ReceivedAt;
        RecordRow[][] rows = [.. batches.Select(Rows)];
        // A record that two of the batches bring is the first one's.
        RecordRow[] all = rows is [var only] ? only : [.. rows.SelectMany(part => part).DistinctBy(row => row.Id, StringComparer.Ordinal)];
        await _records.RunAsync(db, all, (row, key) => row.Key = key, cancellation);
        // A row without a key was there already.
        RecordRow[] stored = [.. all.Where(row => row.Key != 0)];
        if (stored.Length > 0)
        {
            await _traces.RunAsync(db, [.. stored.Where(row => row.Trace is not null).Select(Trace)], null, cancellation);
            await AddTenantsAsync(db, stored, now, cancellation);
            await _rollUps.AddAsync(db, stored, cancellation);
            await UsageLedger.AddAsync(db, stored, cancellation);
            await db.SaveChangesAsync(cancellation);
        }

        // A record that was there already may have left its reservation behind if the first answer was lost.
        IReadOnlyCollection<Guid> touched = await _budgets.SettleAsync(db, all, now, cancellation);
        return [.. rows.Select(part => new Written([.. part.Where(row => row.Key != 0)], touched))];
    }

    private static RecordRow[] Rows(Batch batch) =>
        [.. batch.Records.Values.Select(record => RecordMapping.ToRow(record, batch.Factors.At(record.StartedAt), batch.ReceivedAt))];

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
