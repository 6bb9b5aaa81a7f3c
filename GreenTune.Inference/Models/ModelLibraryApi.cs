using System.Runtime.CompilerServices;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Engine;
using GreenTune.Models.Building;
using GreenTune.Models.Catalog;
using GreenTune.Models.Download;
using GreenTune.Models.Store;
using Microsoft.AspNetCore.Http.HttpResults;

namespace GreenTune.Inference.Models;

/// <summary>The catalog and the models on the machine: list, pull, build, follow, cancel, remove. No request names a path.</summary>
internal static class ModelLibraryApi
{
    private static readonly TimeSpan LivePeriod = TimeSpan.FromMilliseconds(250);

    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder models = routes.MapGroup("/api/models");
        models.MapGet("/", (ModelWork work, ModelCatalog catalog, ExecutionProvider provider) => TypedResults.Ok(work.View(catalog, provider.Cuda ? Provider.Cuda : Provider.Cpu)))
            .WithName("ListModelLibrary").WithSummary("The catalog, the models on the machine and what is built from them");
        models.MapPost("/pulls", Pull).WithName("StartPull").WithSummary("Pulls a model from the hub in the background");
        models.MapPost("/builds", Build).WithName("StartBuild").WithSummary("Builds a configuration in the background and serves it");
        models.MapGet("/jobs", (ModelJobs jobs) => TypedResults.Ok(jobs.All)).WithName("ListModelJobs").WithSummary("Pulls and builds, newest first");
        models.MapGet("/jobs/{id:guid}", Find).WithName("GetModelJob").WithSummary("One pull or build");
        models.MapGet("/jobs/{id:guid}/events", Events).WithName("StreamModelJob").WithSummary("Progress of a pull or build as server-sent events, until it ends");
        models.MapDelete("/jobs/{id:guid}", Cancel).WithName("CancelModelJob").WithSummary("Cancels a pull or build");
        models.MapDelete("/{name}", Remove).WithName("RemoveModel").WithSummary("Removes a pulled or imported model and what was built from it");
    }

    private static Results<Accepted<ModelJob>, ValidationProblem, ProblemHttpResult> Pull(PullInput input, ModelWork work, ModelCatalog catalog, ModelStore store)
    {
        Dictionary<string, string[]> errors = Check(input, catalog);
        if (errors.Count > 0)
        {
            return TypedResults.ValidationProblem(errors, title: "The pull cannot be started as asked.");
        }

        PullRequest request;
        try
        {
            request = PullTarget.Resolve(catalog, input.Id ?? input.Repository!, input.Revision, input.Name, input.Files);
        }
        catch (UnknownModelException e)
        {
            return Problem(StatusCodes.Status404NotFound, "There is no such model.", e.Message);
        }

        if (!CheckpointNames.IsName(request.Name))
        {
            return TypedResults.ValidationProblem(new Dictionary<string, string[]> { ["name"] = [$"'{request.Name}' is no name of a model: {CheckpointNames.Expected}."] });
        }

        if (store.IsEmbedded(request.Name))
        {
            return Problem(StatusCodes.Status409Conflict, "The name is taken.", $"{request.Name} is the name of a model that ships with GreenTune; give another as name.");
        }

        return Answer(work.Pull(request));
    }

    private static Results<Accepted<ModelJob>, ValidationProblem, ProblemHttpResult> Build(BuildInput input, ModelWork work, ModelStore store, ExecutionProvider provider)
    {
        string? id = input switch
        {
            { Configuration: { Length: > 0 } configuration, Model: null, Precision: null } => configuration,
            { Configuration: null, Model: { Length: > 0 } model, Precision: { Length: > 0 } precision } => $"{model}-{precision}",
            _ => null,
        };
        if (id is null)
        {
            return TypedResults.ValidationProblem(
                new Dictionary<string, string[]> { ["configuration"] = ["either configuration, for example greentune-tiny-int4, or model and precision, for example greentune-tiny and int4, are expected."] },
                title: "The build cannot be started as asked.");
        }

        try
        {
            return Answer(work.Build(store.Find(id, provider.Cuda ? Provider.Cuda : Provider.Cpu)));
        }
        catch (UnknownConfigurationException e)
        {
            return Problem(StatusCodes.Status404NotFound, "There is no such configuration.", e.Message);
        }
    }

    private static Results<Ok<ModelJob>, ProblemHttpResult> Find(Guid id, ModelJobs jobs) =>
        jobs.Find(id) is { } job ? TypedResults.Ok(job.State) : NoJob(id);

    private static Results<ServerSentEventsResult<ModelJob>, ProblemHttpResult> Events(Guid id, ModelJobs jobs, TimeProvider clock, CancellationToken cancellation) =>
        jobs.Find(id) is { } job ? TypedResults.ServerSentEvents(FollowAsync(job, clock, cancellation), "job") : NoJob(id);

    private static Results<NoContent, ProblemHttpResult> Cancel(Guid id, ModelJobs jobs)
    {
        if (jobs.Find(id) is not { } job)
        {
            return NoJob(id);
        }

        jobs.Cancel(job);
        return TypedResults.NoContent();
    }

    private static Results<Ok<ModelRemoval>, ProblemHttpResult> Remove(string name, ModelWork work)
    {
        try
        {
            return TypedResults.Ok(work.Remove(name));
        }
        catch (RemovalException e)
        {
            return Problem(
                e.Failure == RemovalFailure.Unknown ? StatusCodes.Status404NotFound : StatusCodes.Status409Conflict,
                e.Failure == RemovalFailure.Unknown ? "There is no such model." : "The model stays.",
                e.Message);
        }
    }

    private static async IAsyncEnumerable<ModelJob> FollowAsync(RunningJob job, TimeProvider clock, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(LivePeriod, clock);
        long seen = -1;
        while (true)
        {
            long version = job.Version;
            ModelJob state = job.State;
            if (version != seen)
            {
                seen = version;
                yield return state;
            }

            if (state.EndedAt is not null || !await timer.WaitForNextTickAsync(cancellation))
            {
                yield break;
            }
        }
    }

    private static Dictionary<string, string[]> Check(PullInput input, ModelCatalog catalog)
    {
        var errors = new Dictionary<string, string[]>();
        if (string.IsNullOrEmpty(input.Id) == string.IsNullOrEmpty(input.Repository))
        {
            errors["id"] = [$"either id, one of {string.Join(", ", catalog.Entries.Select(entry => entry.Id).Take(3))} and so on, or repository, for example HuggingFaceTB/SmolLM2-135M-Instruct, is expected."];
        }

        if (input.Repository is { Length: > 0 } repository && !HubRepository.IsName(repository))
        {
            errors["repository"] = ["must be org/name, for example HuggingFaceTB/SmolLM2-135M-Instruct."];
        }

        if (input.Revision is { } revision && !HubRepository.IsRevision(revision))
        {
            errors["revision"] = ["must be a branch, tag or commit, for example main."];
        }

        if (input.Name is { } name && !CheckpointNames.IsName(name))
        {
            errors["name"] = [$"is no name of a model: {CheckpointNames.Expected}."];
        }

        if (input.Files is { } files && (files.Count is 0 or > 100 || files.Any(file => file is null || !FilePatterns.IsPattern(file))))
        {
            errors["files"] = ["must be 1 to 100 names of files in the repository, * for any characters, for example model-*.safetensors."];
        }

        return errors;
    }

    private static Results<Accepted<ModelJob>, ValidationProblem, ProblemHttpResult> Answer((RunningJob? Started, ModelJob? Same) answer) => answer switch
    {
        ({ } job, _) => TypedResults.Accepted($"/api/models/jobs/{job.State.Id}", job.State),
        (_, { } same) => Problem(StatusCodes.Status409Conflict, "A job does that already.", $"Follow it at /api/models/jobs/{same.Id}."),
        _ => Problem(StatusCodes.Status409Conflict, "Too many jobs wait.", $"At most {ModelJobs.MaxWaiting} wait; cancel one with DELETE /api/models/jobs/{{id}}, or try again later."),
    };

    private static ProblemHttpResult NoJob(Guid id) => Problem(StatusCodes.Status404NotFound, "There is no such job.", $"{id} is not among the jobs of GET /api/models/jobs, which remembers the last ones since the service started.");

    private static ProblemHttpResult Problem(int status, string title, string detail) => TypedResults.Problem(detail, statusCode: status, title: title);
}
