using GreenTune.Accounting.Events;
using GreenTune.Accounting.Http;
using GreenTune.Core.Contracts;
using GreenTune.Core.Scoring;
using Microsoft.AspNetCore.Http.HttpResults;

namespace GreenTune.Accounting.ThreeE;

/// <summary>/api/threee: weights, floor and reference; the ranking; what `auto` serves.</summary>
internal static class ThreeEApi
{
    private const int MinSteps = 5;
    private const int MaxSteps = 60;
    private const int DefaultSteps = 30;

    public static void MapThreeEApi(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/threee", ViewAsync).WithSummary("Settings, ranking and what auto serves.");
        app.MapGet("/api/threee/preview", PreviewAsync).WithSummary("The same with other settings, nothing saved.");
        app.MapGet("/api/threee/triangle", TriangleAsync).WithSummary("Who wins at which weights.");
        app.MapPut("/api/threee/settings", SaveAsync).WithSummary("Saves settings as a new version.");
    }

    private static async Task<Ok<ThreeEView>> ViewAsync(ThreeEService threeE, CancellationToken cancellation) => TypedResults.Ok(await threeE.ViewAsync(cancellation));

    private static async Task<Results<Ok<ThreeEView>, ValidationProblem>> PreviewAsync(
        HttpRequest request, ThreeEService threeE, SettingsStore settings, CancellationToken cancellation)
    {
        var query = new QueryReader(request.Query);
        ThreeESettings current = await settings.CurrentAsync(cancellation);
        var weights = new ThreeEWeights(
            query.Number("energy") ?? current.Weights.Energy,
            query.Number("efficiency") ?? current.Weights.Efficiency,
            query.Number("effectiveness") ?? current.Weights.Effectiveness);
        // An empty reference or pin means none; an absent one keeps the saved one.
        ThreeESettings tried = current with
        {
            Weights = weights,
            Floor = query.Number("floor") ?? current.Floor,
            Reference = query.Text("reference") ?? (request.Query.ContainsKey("reference") ? null : current.Reference),
            Pinned = query.Text("pinned") ?? (request.Query.ContainsKey("pinned") ? null : current.Pinned),
        };
        query.RefuseOthers();
        await CheckAsync(new ThreeESettingsInput { Weights = tried.Weights, Floor = tried.Floor, Reference = tried.Reference, Pinned = tried.Pinned }, threeE, query.Errors, current.Reference, cancellation);
        return query.Errors.Any ? query.Errors.Problem() : TypedResults.Ok(await threeE.ViewAsync(tried, cancellation));
    }

    private static async Task<Results<Ok<WeightTriangle>, ValidationProblem>> TriangleAsync(
        HttpRequest request, ThreeEService threeE, SettingsStore settings, CancellationToken cancellation)
    {
        var query = new QueryReader(request.Query);
        ThreeESettings current = await settings.CurrentAsync(cancellation);
        double floor = query.Number("floor") ?? current.Floor;
        string? reference = query.Text("reference") ?? (request.Query.ContainsKey("reference") ? null : current.Reference);
        int steps = query.Whole("steps", MinSteps, MaxSteps, DefaultSteps);
        query.RefuseOthers();
        await CheckAsync(new ThreeESettingsInput { Weights = current.Weights, Floor = floor, Reference = reference }, threeE, query.Errors, current.Reference, cancellation);
        if (query.Errors.Any)
        {
            return query.Errors.Problem();
        }

        EvaluatedPlan? plan = await threeE.LatestAsync(cancellation);
        return TypedResults.Ok(plan?.Evaluation.Against(reference).Triangle(floor, steps) ?? new WeightTriangle(steps, [], []));
    }

    private static async Task<Results<Ok<ThreeEView>, ValidationProblem, ProblemHttpResult>> SaveAsync(
        HttpRequest request, ThreeEService threeE, SettingsStore settings, EventHub events, CancellationToken cancellation)
    {
        ThreeESettingsInput input = await JsonBody.ReadAsync<ThreeESettingsInput>(request, JsonBody.SmallBytes, cancellation);
        var errors = new FieldErrors();
        await CheckAsync(input, threeE, errors, (await settings.CurrentAsync(cancellation)).Reference, cancellation);
        if (errors.Any)
        {
            return errors.Problem();
        }

        (ThreeESettings saved, bool done) = await settings.SaveAsync(input, cancellation);
        if (!done)
        {
            return Problems.Conflict($"The settings were changed meanwhile: version {input.Version} was edited, {saved.Version} is there now. Read them again and repeat the change.");
        }

        ThreeEView view = await threeE.ViewAsync(saved, cancellation);
        events.Publish(EventNames.Auto, view.Auto);
        return TypedResults.Ok(view);
    }

    /// <summary>
    /// A reference has to be measured in the plan that scores come from. One that was saved under an earlier plan stays valid; the view says what stands in.
    /// </summary>
    private static async Task CheckAsync(ThreeESettingsInput input, ThreeEService threeE, FieldErrors errors, string? savedReference, CancellationToken cancellation)
    {
        foreach ((string field, string[] messages) in ThreeESettingsValidator.Validate(input))
        {
            foreach (string message in messages)
            {
                errors.Add(field, message);
            }
        }

        if (input.Reference is { } reference && reference != savedReference && await threeE.LatestAsync(cancellation) is { } plan && plan.Evaluation.WhyNotReference(reference) is { } why)
        {
            IEnumerable<string> others = plan.Summary.Configurations.Where(id => plan.Evaluation.WhyNotReference(id) is null);
            errors.Add("reference", $"{reference} {why} in plan {plan.Summary.Number}; these can be the reference: {string.Join(", ", others)}.");
        }
    }
}
