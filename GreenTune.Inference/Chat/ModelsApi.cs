using System.Text.Json.Serialization;
using GreenTune.Inference.Selection;

namespace GreenTune.Inference.Chat;

/// <summary>GET /v1/models: what a client may name.</summary>
internal static class ModelsApi
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        long created = routes.ServiceProvider.GetRequiredService<TimeProvider>().GetUtcNow().ToUnixTimeSeconds();
        routes.MapGet("/v1/models", (ModelResolver resolver) => TypedResults.Ok(new ModelList([.. resolver.Ids().Distinct(StringComparer.Ordinal).Select(id => new ModelEntry(id, created))])))
            .WithName("ListModels")
            .WithSummary("OpenAI's list of models: auto, models and configurations");

        // An id may hold slashes, which clients send as they are or escaped; routing leaves escaped ones as they came.
        routes.MapGet("/v1/models/{**id}", (string id, ModelResolver resolver) =>
            {
                id = id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
                resolver.Check(id);
                return TypedResults.Ok(new ModelEntry(id, created));
            })
            .WithName("RetrieveModel")
            .WithSummary("One entry of the list");
    }

    internal sealed record ModelList(
        [property: JsonPropertyName("data")] IReadOnlyList<ModelEntry> Data,
        [property: JsonPropertyName("object")] string Object = "list");

    /// <param name="Id">What a client names.</param>
    /// <param name="Created">Unix seconds. A model has no date of its own here: it is when this service began to offer its models.</param>
    /// <param name="Object">OpenAI's word for it.</param>
    /// <param name="OwnedBy">Who serves it.</param>
    internal sealed record ModelEntry(
        [property: JsonPropertyName("id")] string Id,
        [property: JsonPropertyName("created")] long Created,
        [property: JsonPropertyName("object")] string Object = "model",
        [property: JsonPropertyName("owned_by")] string OwnedBy = "greentune");
}
