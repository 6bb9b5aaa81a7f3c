using GreenTune.Accounting.Http;
using GreenTune.Accounting.Records;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace GreenTune.Accounting.Exports;

/// <summary>/api/exports: the books as files.</summary>
internal static class ExportsApi
{
    public static void MapExportsApi(this IEndpointRouteBuilder app) => app.MapGet("/api/exports/records", Records)
        .WithSummary("Records as a file: CSV, JSON Lines or CodeCarbon's emissions.csv, oldest first, however many there are.")
        .Produces(StatusCodes.Status200OK, contentType: "text/csv", additionalContentTypes: ["application/jsonl", "application/gzip"]);

    private static Results<PushStreamHttpResult, ValidationProblem> Records(HttpRequest request, RecordExport export, TimeProvider clock)
    {
        var query = new QueryReader(request.Query);
        ExportFormat format = query.Word<ExportFormat>("format") ?? ExportFormat.Csv;
        CarbonView view = query.Word<CarbonView>("as") ?? CarbonView.Original;
        bool gzip = query.Switch("gzip") ?? false;
        // Reads the filters once for what is wrong with them, before anything is sent.
        RecordsApi.Filter(Enumerable.Empty<RecordRow>().AsQueryable(), query);
        query.RefuseOthers();
        if (query.Errors.Any)
        {
            return query.Errors.Problem();
        }

        string name = FormattableString.Invariant($"greentune-records-{clock.GetUtcNow():yyyyMMdd'T'HHmmss}.") + (format == ExportFormat.Jsonl ? "jsonl" : "csv") + (gzip ? ".gz" : "");
        string type = gzip ? "application/gzip" : format == ExportFormat.Jsonl ? "application/jsonl; charset=utf-8" : "text/csv; charset=utf-8";
        return TypedResults.Stream(
            body => export.WriteAsync(body, records => RecordsApi.Filter(records, new QueryReader(request.Query)), format, view, gzip, request.HttpContext.RequestAborted),
            type,
            name);
    }
}
