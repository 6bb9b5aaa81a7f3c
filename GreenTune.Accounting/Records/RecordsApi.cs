using GreenTune.Accounting.Carbon;
using GreenTune.Accounting.Carbon.Restatements;
using GreenTune.Accounting.Http;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using GreenTune.ServiceDefaults.Access;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Records;

/// <summary>/api/records and /api/tenants.</summary>
internal static class RecordsApi
{
    public const int MaxBatch = 1000;
    private const int MaxPage = 500;
    private const int DefaultPage = 50;

    public static void MapRecordsApi(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/records", StoreAsync).WithSummary("Stores a batch of records, each once whatever often it is sent.");
        app.MapGet("/api/records", ListAsync).WithSummary("One page of records, newest first.");
        app.MapGet("/api/records/{id}", GetAsync).WithSummary("One record with its power trace.");
        app.MapGet("/api/tenants", TenantsAsync).WithSummary("Tenants that have been seen in records.");
    }

    private static async Task<Ok<IngestResult>> StoreAsync(HttpRequest request, RecordIngest ingest, CancellationToken cancellation)
    {
        IReadOnlyList<BatchItem<RequestRecord>> batch = await JsonBody.ReadBatchAsync<RecordBatch, RequestRecord>(
            request, "records", MaxBatch, batch => batch.Records, record => record.Id, cancellation);
        return TypedResults.Ok(await ingest.StoreAsync(batch, cancellation));
    }

    private static async Task<Results<Ok<Page<RecordView>>, ValidationProblem>> ListAsync(
        HttpRequest request, IDbContextFactory<AccountingDb> contexts, CarbonPricing pricing, CancellationToken cancellation)
    {
        var query = new QueryReader(request.Query);
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        IQueryable<RecordRow> records = Filter(db.Records.AsNoTracking(), query);
        Cursor? cursor = Cursor.Of(query);
        int limit = query.Whole("limit", 1, MaxPage, DefaultPage);
        CarbonView view = query.Word<CarbonView>("as") ?? CarbonView.Original;
        query.RefuseOthers();
        if (query.Errors.Any)
        {
            return query.Errors.Problem();
        }

        if (cursor is { } after)
        {
            // Written so that the index on the start time bounds the scan.
            records = records.Where(record => record.StartedTicks <= after.Ticks && (record.StartedTicks < after.Ticks || record.Key < after.Key));
        }

        List<RecordRow> rows = await records.OrderByDescending(record => record.StartedTicks).ThenByDescending(record => record.Key).Take(limit + 1).ToListAsync(cancellation);
        IReadOnlyList<RecordView> views = await RecordViews.OfAsync(db, pricing, rows.Take(limit).ToList(), view, cancellation);
        return TypedResults.Ok(new Page<RecordView>(views, rows.Count > limit ? new Cursor(rows[limit - 1].StartedTicks, rows[limit - 1].Key).ToString() : null));
    }

    private static async Task<Results<Ok<RecordView>, ProblemHttpResult>> GetAsync(
        string id, HttpContext http, IDbContextFactory<AccountingDb> contexts, CarbonPricing pricing, CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        RecordRow? row = await db.Records.AsNoTracking().Include(record => record.Trace).SingleOrDefaultAsync(record => record.Id == id, cancellation);
        return row is null || !http.MaySee(row.Tenant)
            ? Problems.NotFound($"There is no record {id}. A record arrives a moment after its request ended.")
            : TypedResults.Ok((await RecordViews.OfAsync(db, pricing, [row], CarbonView.Restated, cancellation))[0]);
    }

    private static async Task<Ok<string[]>> TenantsAsync(IDbContextFactory<AccountingDb> contexts, CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        // Sorted here, since databases differ in how they compare text.
        string[] names = await db.Tenants.Select(tenant => tenant.Name).ToArrayAsync(cancellation);
        Array.Sort(names, StringComparer.Ordinal);
        return TypedResults.Ok(names);
    }

    /// <summary>Records by the parameters that the list and the exports share.</summary>
    internal static IQueryable<RecordRow> Filter(IQueryable<RecordRow> records, QueryReader query)
    {
        if (query.Text("tenant") is { } tenant)
        {
            records = records.Where(record => record.Tenant == tenant);
        }

        if (query.Text("session") is { } session)
        {
            records = records.Where(record => record.Session == session);
        }

        if (query.Text("configuration") is { } configuration)
        {
            records = records.Where(record => record.ConfigurationId == configuration);
        }

        if (query.Word<RequestOutcome>("outcome") is { } outcome)
        {
            // A constant, so that the planner sees that the index on what went wrong holds it.
            records = records.Where(record => record.Outcome == EF.Constant(outcome));
        }

        if (query.Word<EnergyQuality>("quality") is { } quality)
        {
            records = records.Where(record => record.Quality == quality);
        }

        if (query.Switch("degraded") is { } degraded)
        {
            records = degraded ? records.Where(record => record.DegradedFrom != null) : records.Where(record => record.DegradedFrom == null);
        }

        DateTimeOffset? from = query.Time("from");
        DateTimeOffset? to = query.Time("to");
        if (from is { } first)
        {
            records = records.Where(record => record.StartedTicks >= first.UtcTicks);
        }

        if (to is { } last)
        {
            records = records.Where(record => record.StartedTicks < last.UtcTicks);
        }

        if (from > to)
        {
            query.Errors.Add("to", "to is not before from.");
        }

        return records;
    }
}
