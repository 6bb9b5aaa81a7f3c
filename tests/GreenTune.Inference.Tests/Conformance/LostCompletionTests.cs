using System.Text.Json;

namespace GreenTune.Inference.Tests.Conformance;

/// <summary>
/// Answers end also where the channel of their tokens loses its Completion, as the runtime's now and then does. A request that waited for it would read for ever, on a processor of its own, also
/// after its client has gone.
/// </summary>
[Collection(nameof(ScriptedService))]
public sealed class LostCompletionTests(ScriptedService service)
{
    /// <summary>An answer takes milliseconds; without an end it takes the client's whole patience.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("v1/chat/completions", "\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]", 1)]
    [InlineData("v1/chat/completions", "\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], \"n\": 2", 2)]
    [InlineData("v1/completions", "\"prompt\": \"Once\"", 1)]
    [InlineData("v1/completions", "\"prompt\": [\"Once\", \"Twice\", \"Thrice\"], \"n\": 2", 6)]
    public async Task An_answer_ends_without_its_channels_completion(string path, string fields, int choices)
    {
        string body = $$"""{"model": "{{ScriptedService.Model}}", {{fields}}}""";
        Answers();
        JsonElement answer = await service.PostAsync(path, body).WaitAsync(Limit);
        Assert.Equal(Enumerable.Repeat(" upon a time", choices), answer.GetProperty("choices").EnumerateArray().Select(Text));
        Assert.All(answer.GetProperty("choices").EnumerateArray(), choice => Assert.Equal("stop", choice.GetProperty("finish_reason").GetString()));

        Answers();
        List<string> events = await service.StreamAsync(path, body.Replace("{\"model\"", "{\"stream\": true, \"model\"", StringComparison.Ordinal)).WaitAsync(Limit);
        Assert.Equal("[DONE]", events[^1]);
        JsonElement[] pieces = [.. events[..^1].SelectMany(data => JsonDocument.Parse(data).RootElement.GetProperty("choices").EnumerateArray())];
        for (int index = 0; index < choices; index++)
        {
            JsonElement[] own = [.. pieces.Where(piece => piece.GetProperty("index").GetInt32() == index)];
            Assert.Equal(" upon a time", string.Concat(own.Select(Text)));
            Assert.Equal("stop", own[^1].GetProperty("finish_reason").GetString());
        }
    }

    private void Answers()
    {
        service.Answers(" upon a time");
        service.Engine.LosesCompletion = true;
    }

    private static string? Text(JsonElement choice) =>
        choice.TryGetProperty("text", out JsonElement text) ? text.GetString()
        : (choice.TryGetProperty("message", out JsonElement part) || choice.TryGetProperty("delta", out part)) && part.TryGetProperty("content", out JsonElement content) ? content.GetString()
        : null;
}
