using System.Text.Json;
using System.Text.Json.Serialization;

namespace GreenTune.Inference.Tests.Service;

/// <summary>expected_greedy.json of a model: what transformers answers to 60 prompts.</summary>
internal sealed record ExpectedAnswers([property: JsonPropertyName("items")] IReadOnlyList<ExpectedAnswers.Item> Items)
{
    public static ExpectedAnswers Of(string model) =>
        JsonSerializer.Deserialize<ExpectedAnswers>(File.ReadAllText(Path.Combine(Repository.Root, "models", model, "expected_greedy.json")))!;

    internal sealed record Item(
        [property: JsonPropertyName("prompt")] string Prompt,
        [property: JsonPropertyName("prompt_ids")] IReadOnlyList<int> PromptIds,
        [property: JsonPropertyName("tokens")] IReadOnlyList<int> Tokens,
        [property: JsonPropertyName("finish")] string Finish,
        [property: JsonPropertyName("text")] string Text);
}
