using GreenTune.Core.Contracts;
using GreenTune.Inference.Configurations;
using Microsoft.AspNetCore.Http.HttpResults;

namespace GreenTune.Inference.Plans;

/// <summary>"Measure configurations": start, follow, cancel.</summary>
internal static class PlansApi
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder plans = routes.MapGroup("/api/plans");
        plans.MapPost("/", Start).WithName("StartPlan").WithSummary("Measures configurations with the bundled sentiment set");
        plans.MapGet("/current", Current).WithName("CurrentPlan").WithSummary("Progress of the plan that runs or ran last");
        plans.MapDelete("/current", Cancel).WithName("CancelPlan").WithSummary("Cancels the plan that runs");
    }

    private static Results<Accepted<PlanStatus>, ValidationProblem, ProblemHttpResult> Start(PlanRequest request, PlanService plans, ConfigurationRegistry registry)
    {
        Dictionary<string, string[]> errors = PlanValidation.Check(request, registry);
        if (errors.Count > 0)
        {
            return TypedResults.ValidationProblem(errors, title: "The plan cannot run as asked.");
        }

        return plans.Start(request) is { } status
            ? TypedResults.Accepted("/api/plans/current", status)
            : TypedResults.Problem("Wait for it or cancel it with DELETE /api/plans/current.", statusCode: StatusCodes.Status409Conflict, title: "A plan runs already.");
    }

    private static Results<Ok<PlanStatus>, ProblemHttpResult> Current(PlanService plans) =>
        plans.Current is { } status
            ? TypedResults.Ok(status)
            : TypedResults.Problem("Start one with POST /api/plans.", statusCode: StatusCodes.Status404NotFound, title: "No plan has run since the service started.");

    private static NoContent Cancel(PlanService plans)
    {
        plans.Cancel();
        return TypedResults.NoContent();
    }
}
