using System.Text.Json;

namespace GreenTune.Models.Tests.Support;

/// <summary>Answers of an independent implementation (expected_greedy.json of a model).</summary>
internal sealed record ExpectedAnswer(string Prompt, int[] PromptIds, int[] Tokens, string Text)
{
    public static IReadOnlyList<ExpectedAnswer> Of(string model)
    {
        using JsonDocument file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Repository.Models, model, "expected_greedy.json")));
        return [.. file.RootElement.GetProperty("items").EnumerateArray().Select(i => new ExpectedAnswer(
            i.GetProperty("prompt").GetString()!, Integers(i.GetProperty("prompt_ids")), Integers(i.GetProperty("tokens")), i.GetProperty("text").GetString()!))];
    }

    public static int[] Integers(JsonElement list) => [.. list.EnumerateArray().Select(v => v.GetInt32())];
}
