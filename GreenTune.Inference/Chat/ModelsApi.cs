using System.Text.Json.Serialization;
using GreenTune.Inference.Selection;

namespace GreenTune.Inference.Chat;

/// <summary>GET /v1/models: what a client may name.</summary>
internal static class ModelsApi
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/models", (ModelResolver resolver) => TypedResults.Ok(new ModelList([.. resolver.Ids().Select(Entry)])))
            .WithName("ListModels")
            .WithSummary("OpenAI's list of models: auto, models and configurations");
        routes.MapGet("/v1/models/{id}", (string id, ModelResolver resolver) =>
            {
                // Resolving refuses what does not exist, with the list.
                resolver.Resolve(id);
                return TypedResults.Ok(Entry(id));
            })
            .WithName("RetrieveModel")
            .WithSummary("One entry of the list");
    }

    private static ModelEntry Entry(string id) => new(id);

    internal sealed record ModelList(
        [property: JsonPropertyName("data")] IReadOnlyList<ModelEntry> Data,
        [property: JsonPropertyName("object")] string Object = "list");

    /// <param name="Id">What a client names.</param>
    /// <param name="Object">OpenAI's word for it.</param>
    /// <param name="Created">Unix seconds. The models have no date of their own; OpenAI's clients require the field.</param>
    /// <param name="OwnedBy">Who serves it.</param>
    internal sealed record ModelEntry(
        [property: JsonPropertyName("id")] string Id,
        [property: JsonPropertyName("object")] string Object = "model",
        [property: JsonPropertyName("created")] long Created = 0,
        [property: JsonPropertyName("owned_by")] string OwnedBy = "greentune");
}
