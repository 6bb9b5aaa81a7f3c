using GreenTune.Accounting.Http;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace GreenTune.Accounting.Configurations;

/// <summary>/api/configurations and /api/profiles: what has served where, and what it cost.</summary>
internal static class ConfigurationsApi
{
    private const int MaxBatch = 1000;

    public static void MapConfigurationsApi(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/configurations", StoreAsync).WithSummary("Reports of configurations on devices; the latest of each is kept.");
        app.MapGet("/api/configurations", ListAsync).WithSummary("Configurations that have been reported, by device.");
        app.MapGet("/api/profiles", ProfilesAsync).WithSummary("What requests cost over their lengths, by configuration and device.");
    }

    private static async Task<Ok<IngestResult>> StoreAsync(HttpRequest request, ConfigurationBook book, TimeProvider clock, CancellationToken cancellation)
    {
        IReadOnlyList<BatchItem<ConfigurationReport>> batch = await JsonBody.ReadBatchAsync<ConfigurationBatch, ConfigurationReport>(
            request, "configurations", MaxBatch, batch => batch.Configurations, report => report.Id, cancellation);
        DateTimeOffset now = clock.GetUtcNow();
        var sound = new List<ConfigurationReport>();
        var refused = new List<IngestRefusal>();
        foreach (BatchItem<ConfigurationReport> item in batch)
        {
            if ((item.Problem ?? ConfigurationReportValidator.Problem(item.Value!, now)) is { } problem)
            {
                refused.Add(new IngestRefusal(item.Id, problem));
            }
            else
            {
                sound.Add(item.Value!);
            }
        }

        int kept = sound.Count == 0 ? 0 : await book.StoreAsync(sound, cancellation);
        return TypedResults.Ok(new IngestResult(kept, sound.Count - kept, refused));
    }

    private static Task<Results<Ok<IReadOnlyList<StoredConfiguration>>, ValidationProblem>> ListAsync(HttpRequest request, ConfigurationBook book, CancellationToken cancellation) =>
        AskAsync(request, book.ListAsync, cancellation);

    private static Task<Results<Ok<IReadOnlyList<StoredProfile>>, ValidationProblem>> ProfilesAsync(HttpRequest request, ConfigurationBook book, CancellationToken cancellation) =>
        AskAsync(request, book.ProfilesAsync, cancellation);

    /// <summary>Answers for the configuration that the query names, or for all.</summary>
    private static async Task<Results<Ok<IReadOnlyList<T>>, ValidationProblem>> AskAsync<T>(
        HttpRequest request, Func<string?, CancellationToken, Task<IReadOnlyList<T>>> find, CancellationToken cancellation)
    {
        var query = new QueryReader(request.Query);
        string? id = query.Text("configuration");
        query.RefuseOthers();
        return query.Errors.Any ? query.Errors.Problem() : TypedResults.Ok(await find(id, cancellation));
    }
}
