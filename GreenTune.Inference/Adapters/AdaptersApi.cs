using GreenTune.Core.Contracts;
using GreenTune.Inference.Configurations;
using GreenTune.Models.Adapters;
using Microsoft.AspNetCore.Http.HttpResults;

namespace GreenTune.Inference.Adapters;

/// <summary>Low-rank adapters of a configuration: list, load, unload. A request names a file of the adapters folder, never a path.</summary>
internal static class AdaptersApi
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder adapters = routes.MapGroup("/api/configurations/{id}/adapters");
        adapters.MapGet("/", List).WithName("ListAdapters").WithSummary("Adapters that are loaded, and those that can be");
        adapters.MapPost("/", LoadAsync).WithName("LoadAdapter").WithSummary("Loads an adapter; requests choose it by model: configuration:adapter");
        adapters.MapDelete("/{name}", Unload).WithName("UnloadAdapter").WithSummary("Unloads an adapter; requests that run with it end as usual");
    }

    private static Results<Ok<AdaptersView>, ProblemHttpResult> List(string id, ConfigurationRegistry configurations, AdapterRegistry adapters, AdapterFolder files)
    {
        if (configurations.Find(id) is not { } configuration)
        {
            return NoConfiguration(id, configurations);
        }

        return TypedResults.Ok(new AdaptersView
        {
            Configuration = id,
            TakesAdapters = configuration.Loaded is { } loaded ? loaded.Folder?.AdapterTargets.Count > 0 : null,
            Loaded = adapters.Of(id),
            Available = files.Names(),
        });
    }

    private static async Task<Results<Created<AdapterView>, ValidationProblem, ProblemHttpResult>> LoadAsync(
        string id, AdapterInput input, ConfigurationRegistry configurations, AdapterRegistry adapters, CancellationToken cancellation)
    {
        if (!AdapterFolder.IsName(input.Name))
        {
            return Invalid($"must be {AdapterFolder.NameForm}.");
        }

        if (configurations.Find(id) is not { } configuration)
        {
            return NoConfiguration(id, configurations);
        }

        if (configuration.Loaded is not { } loaded)
        {
            return TypedResults.Problem($"It is {configuration.Stage}.", statusCode: StatusCodes.Status409Conflict, title: $"{id} is not ready.");
        }

        try
        {
            AdapterView view = await adapters.LoadAsync(loaded, input.Name!, cancellation);
            return TypedResults.Created($"/api/configurations/{id}/adapters", view);
        }
        catch (AdapterRefusedException e)
        {
            return TypedResults.Problem(e.Message, statusCode: e.Status, title: "The adapter cannot be loaded.");
        }
        catch (AdapterException e)
        {
            return Invalid(e.Message);
        }
    }

    private static Results<NoContent, ProblemHttpResult> Unload(string id, string name, AdapterRegistry adapters) => adapters.Unload(id, name)
        ? TypedResults.NoContent()
        : TypedResults.Problem($"GET /api/configurations/{id}/adapters lists those that are.", statusCode: StatusCodes.Status404NotFound, title: "The adapter is not loaded.");

    private static ValidationProblem Invalid(string message) =>
        TypedResults.ValidationProblem(new Dictionary<string, string[]> { ["name"] = [message] }, title: "The adapter cannot be loaded.");

    private static ProblemHttpResult NoConfiguration(string id, ConfigurationRegistry configurations) => TypedResults.Problem(
        $"There are: {string.Join(", ", configurations.All.Select(configuration => configuration.Id))}.",
        statusCode: StatusCodes.Status404NotFound,
        title: $"'{(id.Length > 80 ? id[..80] + "..." : id)}' is not a configuration.");
}
