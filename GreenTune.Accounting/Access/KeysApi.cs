using GreenTune.Accounting.Http;
using GreenTune.Core.Contracts;
using GreenTune.ServiceDefaults.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace GreenTune.Accounting.Access;

/// <summary>/api/keys: who may call GreenTune.</summary>
internal static class KeysApi
{
    public static void MapKeysApi(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/keys", ListAsync).WithSummary("All keys, newest first, without the keys themselves.");
        app.MapPost("/api/keys", CreateAsync).WithSummary("Makes a key; the answer is the only place that shows it.");
        app.MapDelete("/api/keys/{id:guid}", RevokeAsync).WithSummary("Revokes a key.");
        app.MapPost("/api/keys/verify", VerifyAsync).WithSummary("Whom a key stands for; asked by services.");
        app.MapGet("/api/keys/{id:guid}/identity", FindAsync).WithSummary("Whom the key with an id stands for; asked by services.");
    }

    private static async Task<Ok<IReadOnlyList<KeyView>>> ListAsync(KeyBook keys, CancellationToken cancellation) => TypedResults.Ok(await keys.ListAsync(cancellation));

    private static async Task<Results<Created<KeyCreated>, ValidationProblem>> CreateAsync(HttpRequest request, KeyBook keys, TimeProvider clock, CancellationToken cancellation)
    {
        KeyInput input = await JsonBody.ReadAsync<KeyInput>(request, JsonBody.SmallBytes, cancellation);
        FieldErrors errors = KeyInputValidator.Validate(input, clock.GetUtcNow());
        if (errors.Any)
        {
            return errors.Problem();
        }

        KeyCreated created = await keys.CreateAsync(input, request.HttpContext.Actor(), cancellation);
        request.HttpContext.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created($"/api/keys/{created.View.Id}", created);
    }

    private static async Task<Results<Ok<KeyView>, ProblemHttpResult>> RevokeAsync(Guid id, HttpContext http, KeyBook keys, CancellationToken cancellation) =>
        await keys.RevokeAsync(id, http.Actor(), cancellation) is { } view ? TypedResults.Ok(view) : Problems.NotFound($"There is no key {id}.");

    private static async Task<Results<Ok<KeyIdentity>, ProblemHttpResult>> VerifyAsync(HttpRequest request, KeyBook keys, CancellationToken cancellation)
    {
        KeyCheck check = await JsonBody.ReadAsync<KeyCheck>(request, JsonBody.SmallBytes, cancellation);
        return await keys.VerifyAsync(check.Key, cancellation) is { } identity ? TypedResults.Ok(identity) : Problems.NotFound("The key is unknown, was revoked or has expired.");
    }

    private static async Task<Results<Ok<KeyIdentity>, ProblemHttpResult>> FindAsync(Guid id, KeyBook keys, CancellationToken cancellation) =>
        await keys.FindAsync(id, cancellation) is { } identity ? TypedResults.Ok(identity) : Problems.NotFound("The key is unknown, was revoked or has expired.");
}
