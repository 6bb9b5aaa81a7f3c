using System.Text.Json;
using GreenTune.Inference.Engine;

namespace GreenTune.Inference.Tests.Conformance;

/// <summary>Several answers to one prompt. OpenAI's .NET client cannot ask for them, so this is plain HTTP.</summary>
[Collection(nameof(ScriptedService))]
public sealed class ChoicesTests(ScriptedService service)
{
    private const string Path = "v1/chat/completions";

    [Fact]
    public async Task Every_choice_has_its_index_its_text_and_its_own_end()
    {
        service.Answers(request => Mixed(request, "One.", "Two two two.", "Three"));
        JsonElement answer = await service.PostAsync(Path, Body("\"n\": 3, \"max_tokens\": 4"));

        Assert.Equal(3, service.Asked().Choices);
        Assert.Equal([0, 1, 2], answer.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("index").GetInt32()));
        Assert.Equal("One.", Content(answer, 0));
        Assert.StartsWith("Two two", Content(answer, 1), StringComparison.Ordinal);
        Assert.Equal(["stop", "length", "stop"], answer.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("finish_reason").GetString()));
        int counted = Math.Min(4, Count("One.")) + 4 + Math.Min(4, Count("Three"));
        Assert.Equal(counted, answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal(service.Asked().Prompt.Length, answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task In_a_stream_the_choices_come_mixed()
    {
        service.Answers(request => Mixed(request, "One two three four", "Five six seven eight") with { Before = _ => Task.Delay(5) });
        List<JsonElement> chunks = [.. (await service.StreamAsync(Path, Body("\"n\": 2, \"stream\": true")))[..^1].Select(data => JsonDocument.Parse(data).RootElement.GetProperty("choices")[0])];

        foreach ((int index, string text) in ((int, string)[])[(0, "One two three four"), (1, "Five six seven eight")])
        {
            JsonElement[] own = [.. chunks.Where(chunk => chunk.GetProperty("index").GetInt32() == index)];
            Assert.Equal("assistant", own[0].GetProperty("delta").GetProperty("role").GetString());
            Assert.Equal(text, string.Concat(own.Select(chunk => chunk.GetProperty("delta").TryGetProperty("content", out JsonElement content) ? content.GetString() : "")));
            Assert.Equal("stop", own[^1].GetProperty("finish_reason").GetString());
            Assert.All(own[..^1], chunk => Assert.Equal(JsonValueKind.Null, chunk.GetProperty("finish_reason").ValueKind));
        }

        int[] order = [.. chunks.Select(chunk => chunk.GetProperty("index").GetInt32())];
        Assert.NotEqual(order.Order(), order);
    }

    [Fact]
    public async Task A_stop_string_ends_its_own_choice_alone()
    {
        service.Answers(request => Mixed(request, "alpha STOP beta", "gamma delta"));
        JsonElement answer = await service.PostAsync(Path, Body("\"n\": 2, \"stop\": \"STOP\""));
        Assert.Equal("alpha ", Content(answer, 0));
        Assert.Equal("gamma delta", Content(answer, 1));
    }

    [Fact]
    public async Task Min_p_top_k_repetition_penalty_and_ignore_eos_reach_the_engine()
    {
        service.Answers("ok");
        await service.PostAsync(Path, Body("\"min_p\": 0.1, \"top_k\": 40, \"repetition_penalty\": 1.2, \"ignore_eos\": true"));
        Assert.Equal(new SamplingSettings { MinP = 0.1, TopK = 40, RepetitionPenalty = 1.2 }, service.Asked().Sampling);
        Assert.True(service.Asked().IgnoreStopTokens);
    }

    [Fact]
    public async Task A_stream_whose_usage_was_not_asked_for_says_nothing_of_it()
    {
        service.Answers("ok");
        List<string> events = await service.StreamAsync(Path, Body("\"stream\": true"));
        Assert.DoesNotContain("usage", string.Concat(events), StringComparison.Ordinal);
        Assert.Equal("[DONE]", events[^1]);
    }

    [Fact]
    public async Task Text_is_escaped_in_chunks_as_in_whole_answers()
    {
        const string Awkward = "\"quotes\" \\ back\nnew line\tTab \u0001 <&> é 日本 😀";
        service.Answers(Awkward);
        Assert.Equal(Awkward, Content(await service.PostAsync(Path, Body("\"n\": 1")), 0));
        List<string> events = await service.StreamAsync(Path, Body("\"stream\": true"));
        Assert.Equal(Awkward, string.Concat(events[..^1].Select(data => JsonDocument.Parse(data).RootElement.GetProperty("choices")[0].GetProperty("delta"))
            .Select(delta => delta.TryGetProperty("content", out JsonElement content) ? content.GetString() : "")));
    }

    private static string Body(string options) => $$"""{"model": "{{ScriptedService.Model}}", "messages": [{"role": "user", "content": "Hi"}], {{options}}}""";

    private static string Content(JsonElement answer, int choice) => answer.GetProperty("choices")[choice].GetProperty("message").GetProperty("content").GetString()!;

    private int Count(string text) => service.Tokenizer.CountTokens(text);

    /// <summary>A text for each choice, a token of each in turn.</summary>
    private FakeAnswer Mixed(GenerationRequest request, params string[] texts)
    {
        Assert.Equal(texts.Length, request.Choices);
        int[][] ids = [.. texts.Select(service.Tokenizer.EncodeText)];
        return new FakeAnswer([.. Enumerable.Range(0, ids.Max(each => each.Length))
            .SelectMany(at => Enumerable.Range(0, ids.Length).Where(choice => at < ids[choice].Length).Select(choice => new GeneratedToken(choice, ids[choice][at])))]);
    }
}
