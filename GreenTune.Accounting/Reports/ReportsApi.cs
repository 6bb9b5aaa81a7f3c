using System.Text;
using GreenTune.Accounting.Http;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace GreenTune.Accounting.Reports;

/// <summary>/api/reports: Software Carbon Intensity and scope 2, as JSON or as a file of comma-separated values.</summary>
internal static class ReportsApi
{
    public static void MapReportsApi(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/reports/sci", SciAsync).WithSummary("Software Carbon Intensity (ISO/IEC 21031:2024) of a span per request, token or session.");
        app.MapGet("/api/reports/scope2", Scope2Async).WithSummary("GHG Protocol scope 2 of a span, location-based and market-based.");
    }

    private static async Task<Results<Ok<SciReport>, FileContentHttpResult, ValidationProblem>> SciAsync(HttpRequest request, SciReports reports, TimeProvider clock, CancellationToken cancellation)
    {
        var query = new QueryReader(request.Query);
        ReportQuery span = ReportQuery.Of(query, clock.GetUtcNow());
        SciUnit per = query.Word<SciUnit>("per") ?? SciUnit.Requests;
        CarbonSignal signal = query.Word<CarbonSignal>("signal") ?? CarbonSignal.Average;
        query.RefuseOthers();
        if (query.Errors.Any)
        {
            return query.Errors.Problem();
        }

        SciReport report = await reports.MakeAsync(span.From, span.To, per, signal, span.View, cancellation);
        return span.Csv ? File(ReportCsv.Sci(report), span.FileName("sci")) : TypedResults.Ok(report);
    }

    private static async Task<Results<Ok<Scope2Report>, FileContentHttpResult, ValidationProblem>> Scope2Async(HttpRequest request, Scope2Reports reports, TimeProvider clock, CancellationToken cancellation)
    {
        var query = new QueryReader(request.Query);
        ReportQuery span = ReportQuery.Of(query, clock.GetUtcNow());
        ReportInterval interval = query.Word<ReportInterval>("by") ?? ReportInterval.Month;
        query.RefuseOthers();
        if (query.Errors.Any)
        {
            return query.Errors.Problem();
        }

        Scope2Report report = await reports.MakeAsync(span.From, span.To, interval, span.View, cancellation);
        return span.Csv ? File(ReportCsv.Scope2(report), span.FileName("scope2")) : TypedResults.Ok(report);
    }

    private static FileContentHttpResult File(string text, string name) => TypedResults.File(Encoding.UTF8.GetBytes(text), "text/csv; charset=utf-8", name);
}
