using GreenTune.Accounting.Http;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Summaries;

/// <summary>/api/summary: what a span cost.</summary>
internal static class SummaryApi
{
    public static void MapSummaryApi(this IEndpointRouteBuilder app) => app.MapGet("/api/summary", GetAsync).WithSummary("Energy, carbon, requests and savings of a span.");

    private static async Task<Results<Ok<Summary>, ValidationProblem>> GetAsync(
        HttpRequest request, SummaryQuery summaries, IOptions<AccountingOptions> options, TimeProvider clock, CancellationToken cancellation)
    {
        var query = new QueryReader(request.Query);
        SummarySpan span = SummarySpan.Of(query, options.Value.Zone, clock.GetUtcNow());
        string? tenant = query.Text("tenant");
        query.RefuseOthers();
        return query.Errors.Any ? query.Errors.Problem() : TypedResults.Ok(await summaries.RunAsync(span, tenant, cancellation));
    }
}
