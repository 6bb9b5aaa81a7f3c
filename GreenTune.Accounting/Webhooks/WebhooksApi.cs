using GreenTune.Accounting.Http;
using GreenTune.Core.Contracts;
using GreenTune.ServiceDefaults.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace GreenTune.Accounting.Webhooks;

/// <summary>/api/webhooks: whom to tell when a budget does something.</summary>
internal static class WebhooksApi
{
    public static void MapWebhooksApi(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/webhooks", ListAsync).WithSummary("All webhooks and what came of their deliveries, by name.");
        app.MapPost("/api/webhooks", CreateAsync).WithSummary("Creates a webhook; the answer is the only place that shows its secret.");
        app.MapGet("/api/webhooks/{id:guid}", GetAsync).WithSummary("One webhook.");
        app.MapPut("/api/webhooks/{id:guid}", UpdateAsync).WithSummary("Changes a webhook; without a secret the one that is there stays.");
        app.MapDelete("/api/webhooks/{id:guid}", DeleteAsync).WithSummary("Deletes a webhook and what it has not heard of yet.");
        app.MapPost("/api/webhooks/{id:guid}/test", TestAsync).WithSummary("Sends a test delivery now.");
    }

    private static async Task<Ok<IReadOnlyList<WebhookView>>> ListAsync(WebhookBook webhooks, CancellationToken cancellation) => TypedResults.Ok(await webhooks.ListAsync(cancellation));

    private static async Task<Results<Created<WebhookCreated>, ValidationProblem, ProblemHttpResult>> CreateAsync(HttpRequest request, WebhookBook webhooks, CancellationToken cancellation)
    {
        WebhookInput input = await JsonBody.ReadAsync<WebhookInput>(request, JsonBody.SmallBytes, cancellation);
        if (await webhooks.ValidateAsync(input, cancellation) is { Any: true } errors)
        {
            return errors.Problem();
        }

        return await webhooks.CreateAsync(input, request.HttpContext.Actor(), cancellation) is { } created
            ? TypedResults.Created($"/api/webhooks/{created.Webhook.Id}", created)
            : Problems.Conflict($"There are {WebhookBook.MaxWebhooks} webhooks already; delete one that is not needed.");
    }

    private static async Task<Results<Ok<WebhookView>, ProblemHttpResult>> GetAsync(Guid id, WebhookBook webhooks, CancellationToken cancellation) =>
        await webhooks.FindAsync(id, cancellation) is { } view ? TypedResults.Ok(view) : NoWebhook(id);

    private static async Task<Results<Ok<WebhookView>, ValidationProblem, ProblemHttpResult>> UpdateAsync(Guid id, HttpRequest request, WebhookBook webhooks, CancellationToken cancellation)
    {
        WebhookInput input = await JsonBody.ReadAsync<WebhookInput>(request, JsonBody.SmallBytes, cancellation);
        if (await webhooks.ValidateAsync(input, cancellation) is { Any: true } errors)
        {
            return errors.Problem();
        }

        return await webhooks.UpdateAsync(id, input, cancellation) is { } view ? TypedResults.Ok(view) : NoWebhook(id);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(Guid id, WebhookBook webhooks, CancellationToken cancellation) =>
        await webhooks.DeleteAsync(id, cancellation) ? TypedResults.NoContent() : NoWebhook(id);

    private static async Task<Results<Ok<WebhookTest>, ProblemHttpResult>> TestAsync(Guid id, WebhookBook webhooks, CancellationToken cancellation) =>
        await webhooks.TestAsync(id, cancellation) is { } test ? TypedResults.Ok(test) : NoWebhook(id);

    private static ProblemHttpResult NoWebhook(Guid id) => Problems.NotFound($"There is no webhook {id}.");
}
