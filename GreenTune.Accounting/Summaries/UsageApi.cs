using GreenTune.Accounting.Http;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using GreenTune.Core.Totals;
using GreenTune.Core.Units;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Summaries;

/// <summary>/api/usage, /api/series and /api/fleet: what a span cost by tenant, configuration, model, device or quality; by time; and by device with its idle energy.</summary>
internal static class UsageApi
{
    public static void MapUsageApi(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/usage", UsageAsync).WithSummary("Energy, carbon and requests of a span by tenant, configuration, model, device or quality.");
        app.MapGet("/api/series", SeriesAsync).WithSummary("Energy, carbon and requests of a span by hour, day or month.");
        app.MapGet("/api/fleet", FleetAsync).WithSummary("Devices over all instances: where their energy went and what they served.");
    }

    private static async Task<Results<Ok<UsageBreakdown>, ValidationProblem>> UsageAsync(
        HttpRequest request, IDbContextFactory<AccountingDb> contexts, UsageQuery usage, IOptions<AccountingOptions> options, TimeProvider clock, CancellationToken cancellation)
    {
        var query = new QueryReader(request.Query);
        UsageBy by = query.Word<UsageBy>("by") ?? UsageBy.Configuration;
        SummarySpan span = SummarySpan.Of(query, options.Value.Zone, clock.GetUtcNow());
        UsageFilter filter = Filter(query);
        query.RefuseOthers();
        if (query.Errors.Any)
        {
            return query.Errors.Problem();
        }

        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        SpanCover cover = await UsageQuery.CoverAsync(db, span.From.UtcTicks, span.To.UtcTicks, cancellation);
        IReadOnlyList<KeyedSums> sums = await usage.SumsAsync(db, filter, cover, by, cancellation);
        IReadOnlyDictionary<string, LogHistogram> durations = await UsageQuery.DurationsAsync(db, filter, cover, by, cancellation);
        return TypedResults.Ok(new UsageBreakdown(
            span.From,
            span.To,
            by.ToString().ToLowerInvariant(),
            UsageSums.Figures(sums, by is UsageBy.Device or UsageBy.Quality ? null : SummaryQuery.Together(durations.Values)),
            Groups(sums, durations)));
    }

    /// <summary>Most energy first; those without any by name.</summary>
    public static IReadOnlyList<UsageGroup> Groups(IEnumerable<KeyedSums> sums, IReadOnlyDictionary<string, LogHistogram> durations) => [.. sums
        .GroupBy(part => part.Key.Group, StringComparer.Ordinal)
        .Select(group => new UsageGroup(group.Key, UsageSums.Figures([.. group], durations.GetValueOrDefault(group.Key))))
        .OrderByDescending(group => group.Figures.Joules?.Value ?? -1).ThenBy(group => group.Name, StringComparer.Ordinal)];

    private static async Task<Results<Ok<Series>, ValidationProblem>> SeriesAsync(
        HttpRequest request, SeriesQuery series, IOptions<AccountingOptions> options, TimeProvider clock, CancellationToken cancellation)
    {
        var query = new QueryReader(request.Query);
        SeriesBy by = query.Word<SeriesBy>("by") ?? SeriesBy.Hour;
        SummarySpan span = SummarySpan.Of(query, options.Value.Zone, clock.GetUtcNow());
        UsageFilter filter = Filter(query);
        query.RefuseOthers();
        IReadOnlyList<Ticks>? buckets = query.Errors.Any ? null : SeriesQuery.Buckets(span.From, span.To, by, options.Value.Zone);
        if (!query.Errors.Any && buckets is null)
        {
            query.Errors.Add("by", $"The span has more than {SeriesQuery.MaxPoints} points by the {by.ToString().ToLowerInvariant()}; take a shorter one, or a longer step such as by=month.");
        }

        return query.Errors.Any ? query.Errors.Problem() : TypedResults.Ok(await series.RunAsync(buckets!, by, options.Value.Zone, filter, cancellation));
    }

    private static async Task<Results<Ok<Fleet>, ValidationProblem>> FleetAsync(
        HttpRequest request, IDbContextFactory<AccountingDb> contexts, UsageQuery usage, IOptions<AccountingOptions> options, TimeProvider clock, CancellationToken cancellation)
    {
        var query = new QueryReader(request.Query);
        SummarySpan span = SummarySpan.Of(query, options.Value.Zone, clock.GetUtcNow());
        query.RefuseOthers();
        if (query.Errors.Any)
        {
            return query.Errors.Problem();
        }

        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        (long from, long to) = (span.From.UtcTicks, span.To.UtcTicks);
        IReadOnlyList<DeviceEnergy> energy = await DeviceQuery.EnergyAsync(db, SpanCover.Of(from, to), cancellation);
        ILookup<string, KeyedSums> requests = (await usage.SumsAsync(db, new UsageFilter(), await UsageQuery.CoverAsync(db, from, to, cancellation), UsageBy.Device, cancellation))
            .Where(part => part.Key.Device.Length > 0).ToLookup(part => part.Key.Device, StringComparer.Ordinal);
        ILookup<string, DeviceEnergy> byDevice = energy.ToLookup(part => part.Device, StringComparer.Ordinal);
        IEnumerable<string> devices = byDevice.Select(group => group.Key).Union(requests.Select(group => group.Key), StringComparer.Ordinal);
        return TypedResults.Ok(new Fleet(
            span.From,
            span.To,
            DeviceQuery.Buckets(energy),
            [.. devices.Select(device => Device(device, [.. byDevice[device]], [.. requests[device]]))
                .OrderByDescending(device => device.Energy?.Total.Value ?? -1).ThenBy(device => device.Device, StringComparer.Ordinal)]));
    }

    private static FleetDevice Device(string name, IReadOnlyCollection<DeviceEnergy> energy, IReadOnlyCollection<KeyedSums> requests)
    {
        EnergyBuckets? buckets = DeviceQuery.Buckets(energy);
        double seconds = energy.Sum(part => part.Seconds);
        UsageFigures figures = UsageSums.Figures(requests, null);
        return new FleetDevice(
            name,
            [.. energy.Select(part => part.Instance).Where(instance => instance.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            seconds,
            buckets is not null && seconds > 0 ? new Watts(buckets.Total.Value / seconds) : null,
            buckets,
            figures,
            buckets is not null && figures.Requests > 0 ? new Joules(buckets.Total.Value / figures.Requests) : null);
    }

    private static UsageFilter Filter(QueryReader query) => new(query.Text("tenant"), query.Text("configuration"));
}
