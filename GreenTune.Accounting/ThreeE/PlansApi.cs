using GreenTune.Accounting.Events;
using GreenTune.Accounting.Http;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace GreenTune.Accounting.ThreeE;

/// <summary>/api/plans: measurement plans with their samples.</summary>
internal static class PlansApi
{
    public static void MapPlansApi(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/plans", StoreAsync).WithSummary("Stores a finished plan, once whatever often it is sent.");
        app.MapGet("/api/plans", ListAsync).WithSummary("Summaries of plans, newest first.");
        app.MapGet("/api/plans/{id:guid}", GetAsync).WithSummary("One plan with its samples.");
    }

    private static async Task<Results<Created<PlanSummary>, Ok<PlanSummary>, ValidationProblem>> StoreAsync(
        HttpRequest request, PlanStore plans, ThreeEService threeE, EventHub events, TimeProvider clock, CancellationToken cancellation)
    {
        MeasurementPlan plan = await JsonBody.ReadAsync<MeasurementPlan>(request, JsonBody.LargeBytes, cancellation);
        FieldErrors errors = PlanValidator.Check(plan, clock.GetUtcNow());
        if (errors.Any)
        {
            return errors.Problem();
        }

        (PlanSummary summary, bool isNew) = await plans.AddAsync(plan, cancellation);
        if (!isNew)
        {
            return TypedResults.Ok(summary);
        }

        events.Publish(EventNames.Plan, summary);
        events.Publish(EventNames.Auto, (await threeE.ViewAsync(cancellation)).Auto);
        return TypedResults.Created($"/api/plans/{summary.Id}", summary);
    }

    private static async Task<Ok<IReadOnlyList<PlanSummary>>> ListAsync(PlanStore plans, CancellationToken cancellation) => TypedResults.Ok(await plans.ListAsync(cancellation));

    private static async Task<Results<Ok<MeasurementPlan>, ProblemHttpResult>> GetAsync(Guid id, PlanStore plans, CancellationToken cancellation) =>
        await plans.FindAsync(id, cancellation) is { } plan ? TypedResults.Ok(plan) : Problems.NotFound($"There is no plan {id}.");
}
