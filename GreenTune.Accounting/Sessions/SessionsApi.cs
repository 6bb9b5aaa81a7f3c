using GreenTune.Accounting.Http;
using GreenTune.Accounting.Records;
using GreenTune.Accounting.RollUps;
using GreenTune.Accounting.Store;
using GreenTune.Accounting.Summaries;
using GreenTune.Core.Contracts;
using GreenTune.Core.Totals;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Sessions;

/// <summary>/api/sessions: what conversations and jobs cost, each from its first request to its last.</summary>
internal static class SessionsApi
{
    private const int MaxPage = 500;
    private const int DefaultPage = 50;

    public static void MapSessionsApi(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/sessions", ListAsync).WithSummary("One page of sessions, the one with the latest request first.");
        app.MapGet("/api/sessions/{session}", GetAsync).WithSummary("One session by configuration.");
    }

    private static async Task<Results<Ok<Page<SessionView>>, ValidationProblem>> ListAsync(HttpRequest request, IDbContextFactory<AccountingDb> contexts, CancellationToken cancellation)
    {
        var query = new QueryReader(request.Query);
        string? tenant = query.Text("tenant");
        string? name = query.Text("session");
        DateTimeOffset? from = query.Time("from");
        DateTimeOffset? to = query.Time("to");
        Cursor? cursor = Cursor.Of(query);
        int limit = query.Whole("limit", 1, MaxPage, DefaultPage);
        query.RefuseOthers();
        if (from >= to)
        {
            query.Errors.Add("to", "to is after from.");
        }

        if (query.Errors.Any)
        {
            return query.Errors.Problem();
        }

        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        IQueryable<SessionRow> sessions = db.Sessions.AsNoTracking();
        sessions = tenant is null ? sessions : sessions.Where(session => session.Tenant == tenant);
        sessions = name is null ? sessions : sessions.Where(session => session.Session == name);
        // A session is in a span when one of its requests may be: it ends after the span begins and begins before it ends.
        sessions = from is { } after ? sessions.Where(session => session.LastTicks >= after.UtcTicks) : sessions;
        sessions = to is { } before ? sessions.Where(session => session.FirstTicks < before.UtcTicks) : sessions;
        sessions = cursor is { } last ? sessions.Where(session => session.LastTicks <= last.Ticks && (session.LastTicks < last.Ticks || session.Key < last.Key)) : sessions;
        List<SessionRow> rows = await sessions.OrderByDescending(session => session.LastTicks).ThenByDescending(session => session.Key).Take(limit + 1).ToListAsync(cancellation);
        ILookup<long, KeyedSums> parts = await PartsAsync(db, [.. rows.Take(limit).Select(row => row.Key)], cancellation);
        return TypedResults.Ok(new Page<SessionView>(
            [.. rows.Take(limit).Select(row => View(row, [.. parts[row.Key]]))],
            rows.Count > limit ? new Cursor(rows[limit - 1].LastTicks, rows[limit - 1].Key).ToString() : null));
    }

    private static async Task<Results<Ok<SessionDetail>, ProblemHttpResult, ValidationProblem>> GetAsync(
        string session, HttpRequest request, IDbContextFactory<AccountingDb> contexts, CancellationToken cancellation)
    {
        var query = new QueryReader(request.Query);
        string? tenant = query.Text("tenant");
        query.RefuseOthers();
        if (query.Errors.Any)
        {
            return query.Errors.Problem();
        }

        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        List<SessionRow> rows = await db.Sessions.AsNoTracking().Where(row => row.Session == session && (tenant == null || row.Tenant == tenant)).Take(2).ToListAsync(cancellation);
        switch (rows.Count)
        {
            case 0:
                return Problems.NotFound($"There is no session {session}{(tenant is null ? "" : $" of {tenant}")}. It is there once a request that names it in x-greentune-session has settled.");
            case > 1:
                query.Errors.Add("tenant", $"Several tenants have a session {session}; name one, for example tenant={rows[0].Tenant}.");
                return query.Errors.Problem();
        }

        KeyedSums[] parts = [.. (await PartsAsync(db, [rows[0].Key], cancellation))[rows[0].Key]];
        return TypedResults.Ok(new SessionDetail(View(rows[0], parts), UsageApi.Groups(parts, new Dictionary<string, LogHistogram>())));
    }

    private static async Task<ILookup<long, KeyedSums>> PartsAsync(AccountingDb db, long[] keys, CancellationToken cancellation)
    {
        List<SessionPartRow> rows = await db.SessionParts.AsNoTracking().Where(part => keys.Contains(part.SessionKey)).ToListAsync(cancellation);
        return rows.ToLookup(row => row.SessionKey, row =>
        {
            var sums = new KeyedSums { Key = new GroupKey { Group = row.ConfigurationId, Device = row.Device, Quality = row.Quality } };
            sums.Add(row);
            return sums;
        });
    }

    private static SessionView View(SessionRow row, IReadOnlyCollection<KeyedSums> parts) =>
        new(row.Tenant, row.Session, RecordMapping.Time(row.FirstTicks), RecordMapping.Time(row.LastTicks), UsageSums.Figures(parts, null));
}
