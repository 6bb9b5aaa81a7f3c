using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace GreenTune.Inference.External;

/// <summary>External configurations: list, register, remove.</summary>
internal static class ExternalApi
{
    private const string Refused = "The upstream stays as it is.";

    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder external = routes.MapGroup("/api/external");
        external.MapGet("/", (ExternalRegistry registry) => TypedResults.Ok(registry.All.Select(configuration => configuration.View()).ToArray()))
            .WithName("ListExternal").WithSummary("Engines elsewhere that this service passes requests on to");
        external.MapPost("/", AddAsync).WithName("RegisterExternal").WithSummary("Registers an OpenAI-compatible engine on an allowed host");
        external.MapDelete("/{**id}", Remove).WithName("RemoveExternal").WithSummary("Removes a registered engine; its running requests end as usual");
    }

    private static async Task<Results<Created<ExternalView>, ValidationProblem, ProblemHttpResult>> AddAsync(ExternalInput input, ExternalRegistry registry, UpstreamProbe probe, CancellationToken cancellation)
    {
        try
        {
            ExternalConfiguration added = registry.Add(input);
            // Whoever registers it sees whether it is there.
            await probe.ProbeAsync(added, cancellation);
            return TypedResults.Created("/api/external", added.View());
        }
        catch (ExternalRefusedException e) when (e.Status == StatusCodes.Status400BadRequest)
        {
            return TypedResults.ValidationProblem(new Dictionary<string, string[]> { [e.Field] = [e.Message] }, title: "The upstream cannot be registered as asked.");
        }
        catch (ExternalRefusedException e)
        {
            return TypedResults.Problem(e.Message, statusCode: e.Status, title: "The upstream cannot be registered.");
        }
    }

    private static Results<NoContent, ProblemHttpResult> Remove(string id, ExternalRegistry registry)
    {
        try
        {
            registry.Remove(id);
            return TypedResults.NoContent();
        }
        catch (ExternalRefusedException e)
        {
            return TypedResults.Problem(e.Message, statusCode: e.Status, title: Refused);
        }
    }
}
