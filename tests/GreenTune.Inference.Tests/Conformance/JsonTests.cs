using System.Net;
using System.Text.Json;
using GreenTune.Inference.Engine;
using OpenAI.Chat;

namespace GreenTune.Inference.Tests.Conformance;

/// <summary>response_format, with an engine that heeds constraints and otherwise draws at random.</summary>
[Collection(nameof(ScriptedService))]
public sealed class JsonTests(ScriptedService service)
{
    private const string Schema = """
        {"type": "object", "additionalProperties": false, "required": ["sentiment", "sure", "marks"],
         "properties": {"sentiment": {"enum": ["positive", "negative", "neutral"]}, "sure": {"type": "boolean"}, "marks": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 6}, "maxItems": 3}}}
        """;

    private static readonly ChatMessage[] Question = [new UserChatMessage("How is it?")];

    [Fact]
    public async Task A_schema_is_held_whatever_the_model_would_rather_say()
    {
        Constrained(seed: 1);
        var options = new ChatCompletionOptions { ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("answer", BinaryData.FromString(Schema), jsonSchemaIsStrict: true) };
        for (int i = 0; i < 20; i++)
        {
            ChatCompletion answer = await service.Service.Chat(ScriptedService.Model).CompleteChatAsync(Question, options);
            Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
            AssertKept(answer.Content.Single().Text);
        }
    }

    [Fact]
    public async Task Every_choice_and_a_stream_are_held_too()
    {
        Constrained(seed: 2);
        string body = $$$$"""{"model": "{{{{ScriptedService.Model}}}}", "n": 3, "messages": [{"role": "user", "content": "Hi"}], "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {{{{Schema}}}}}}}""";
        JsonElement answer = await service.PostAsync("v1/chat/completions", body);
        Assert.All(answer.GetProperty("choices").EnumerateArray(), choice => AssertKept(choice.GetProperty("message").GetProperty("content").GetString()!));

        List<string> events = await service.StreamAsync("v1/chat/completions", body.Replace("\"n\": 3", "\"stream\": true", StringComparison.Ordinal));
        AssertKept(string.Concat(events[..^1].Select(data => JsonDocument.Parse(data).RootElement.GetProperty("choices")[0].GetProperty("delta"))
            .Select(delta => delta.TryGetProperty("content", out JsonElement content) ? content.GetString() : "")));
    }

    [Fact]
    public async Task A_JSON_object_is_one()
    {
        Constrained(seed: 3);
        ChatCompletion answer = await service.Service.Chat(ScriptedService.Model).CompleteChatAsync(Question, new ChatCompletionOptions { ResponseFormat = ChatResponseFormat.CreateJsonObjectFormat() });
        string text = answer.Content.Single().Text;
        if (answer.FinishReason == ChatFinishReason.Stop)
        {
            Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(text).RootElement.ValueKind);
        }

        Assert.StartsWith("{", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type": "wizard"}""")]
    [InlineData("""{"$ref": "http://localhost/schema"}""")]
    [InlineData("""{"type": "string", "pattern": "("}""")]
    [InlineData("""{"type": "object", "type": "object"}""")]
    public async Task A_schema_that_cannot_be_held_is_refused_with_the_reason(string schema)
    {
        Constrained(seed: 4);
        JsonElement error = (await service.PostAsync(
            "v1/chat/completions",
            $$$$"""{"model": "{{{{ScriptedService.Model}}}}", "messages": [{"role": "user", "content": "Hi"}], "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {{{{schema}}}}}}}""",
            HttpStatusCode.BadRequest)).GetProperty("error");
        Assert.Equal("response_format.json_schema.schema", error.GetProperty("param").GetString());
        Assert.Empty(service.Engine.Requests);
    }

    [Fact]
    public async Task Free_text_has_no_constraint()
    {
        Constrained(seed: 5);
        service.Engine.Answer = request => service.Text(request, "free");
        ChatCompletion answer = await service.Service.Chat(ScriptedService.Model).CompleteChatAsync(Question, new ChatCompletionOptions { ResponseFormat = ChatResponseFormat.CreateTextFormat() });
        Assert.Equal("free", answer.Content.Single().Text);
        Assert.Null(service.Asked().Constrain);
    }

    private static void AssertKept(string text)
    {
        JsonElement answer = JsonDocument.Parse(text).RootElement;
        Assert.Equal(3, answer.EnumerateObject().Count());
        Assert.Contains(answer.GetProperty("sentiment").GetString(), (string[])["positive", "negative", "neutral"]);
        Assert.True(answer.GetProperty("sure").ValueKind is JsonValueKind.True or JsonValueKind.False);
        Assert.InRange(answer.GetProperty("marks").GetArrayLength(), 0, 3);
        Assert.All(answer.GetProperty("marks").EnumerateArray(), mark => Assert.InRange(mark.GetInt32(), 1, 6));
    }

    private void Constrained(int seed)
    {
        service.Answers("");
        service.Engine.CanConstrain = true;
        var random = new Random(seed);
        service.Engine.Answer = request => new FakeAnswer([.. Drawn(request, random)]);
    }

    /// <summary>The likeliest of random logits under the constraint, choice by choice, until the model's stop token.</summary>
    private static IEnumerable<GeneratedToken> Drawn(GenerationRequest request, Random random)
    {
        ITokenConstraint[] constraints = [.. Enumerable.Range(0, request.Choices).Select(choice => request.Constrain!(choice))];
        var ended = new bool[request.Choices];
        var logits = new float[request.Model.VocabularySize];
        for (int step = 0; step < request.MaxTokens; step++)
        {
            for (int choice = 0; choice < request.Choices; choice++)
            {
                if (ended[choice])
                {
                    continue;
                }

                for (int i = 0; i < logits.Length; i++)
                {
                    logits[i] = random.NextSingle();
                }

                ReadOnlySpan<float> allowed = constraints[choice].Allow(logits);
                int token = Highest(allowed);
                constraints[choice].Accept(token);
                ended[choice] = request.Model.IsStop(token);
                if (!ended[choice])
                {
                    yield return new GeneratedToken(choice, token);
                }
            }
        }
    }

    private static int Highest(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            best = logits[i] > logits[best] ? i : best;
        }

        return best;
    }
}
