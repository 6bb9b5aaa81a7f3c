using System.Net;
using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Engine;

namespace GreenTune.Inference.Tests.Conformance;

/// <summary>POST /v1/completions. OpenAI's .NET client no longer has it, so this is plain HTTP.</summary>
[Collection(nameof(ScriptedService))]
public sealed class CompletionsTests(ScriptedService service)
{
    private const string Path = "v1/completions";

    [Fact]
    public async Task A_text_is_continued_as_it_is()
    {
        service.Answers(" a time there was a meter.");
        JsonElement answer = await service.PostAsync(Path, Body("\"Once upon\", \"max_tokens\": 40"));

        Assert.StartsWith("cmpl-", answer.GetProperty("id").GetString(), StringComparison.Ordinal);
        Assert.Equal("text_completion", answer.GetProperty("object").GetString());
        Assert.Equal(ScriptedService.Model, answer.GetProperty("model").GetString());
        JsonElement choice = answer.GetProperty("choices")[0];
        Assert.Equal(" a time there was a meter.", choice.GetProperty("text").GetString());
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
        Assert.Equal(JsonValueKind.Null, choice.GetProperty("logprobs").ValueKind);
        Assert.Equal("Once upon", service.Tokenizer.Decode(service.Asked().Prompt, skipSpecialTokens: false));
        JsonElement usage = answer.GetProperty("usage");
        Assert.Equal(service.Asked().Prompt.Length, usage.GetProperty("prompt_tokens").GetInt32());
        UsageEnergy energy = usage.GetProperty("energy").Deserialize<UsageEnergy>(ContractJson.Options)!;
        Assert.NotNull(energy.Record);
        Assert.EndsWith(answer.GetProperty("id").GetString()!, energy.Record, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sixteen_tokens_are_generated_where_none_are_named()
    {
        service.Answers(string.Concat(Enumerable.Repeat("word ", 40)));
        JsonElement answer = await service.PostAsync(Path, Body("\"x\""));
        Assert.Equal(16, service.Asked().MaxTokens);
        Assert.Equal("length", answer.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Control_tokens_in_a_prompt_are_control_tokens()
    {
        service.Answers("ok");
        await service.PostAsync(Path, Body("\"<|im_start|>user\\nHi<|im_end|>\\n<|im_start|>assistant\\n\""));
        Assert.Equal(service.Tokenizer.EncodeChat([new("user", "Hi")], addGenerationPrompt: true), service.Asked().Prompt);
    }

    [Fact]
    public async Task Tokens_are_taken_as_they_are()
    {
        service.Answers("ok");
        await service.PostAsync(Path, Body("[5, 6, 7]"));
        Assert.Equal([5, 6, 7], service.Asked().Prompt);
    }

    [Fact]
    public async Task Several_prompts_are_a_generation_each_and_their_choices_are_counted_through()
    {
        service.Answers(request => service.Text(request, service.Tokenizer.Decode(request.Prompt) == "left" ? " hand" : " side"));
        JsonElement answer = await service.PostAsync(Path, Body("[\"left\", \"right\"], \"n\": 2"), HttpStatusCode.OK, (Headers.Energy, "wait"));

        Assert.Equal([" hand", " hand", " side", " side"], answer.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("text").GetString()));
        Assert.Equal([0, 1, 2, 3], answer.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("index").GetInt32()));
        string id = answer.GetProperty("id").GetString()!;
        Assert.Equal([id, $"{id}-1"], service.Engine.Requests.Select(request => request.Id));
        Assert.Equal(service.Engine.Requests.Sum(request => request.Prompt.Length), answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        await Eventually.TrueAsync(() => service.Service.Accounting.Records.ContainsKey(id) && service.Service.Accounting.Records.ContainsKey($"{id}-1"));
    }

    [Fact]
    public async Task Arrays_of_tokens_are_prompts_too()
    {
        service.Answers("ok");
        await service.PostAsync(Path, Body("[[5, 6], [7]]"));
        Assert.Equal([[5, 6], [7]], service.Engine.Requests.Select(request => request.Prompt));
    }

    [Fact]
    public async Task Several_prompts_are_streamed_side_by_side()
    {
        service.Answers(request => service.Text(request, "one two three") with { Before = _ => Task.Delay(3) });
        List<string> events = await service.StreamAsync(Path, Body("[\"a\", \"b\", \"c\"], \"stream\": true, \"stream_options\": {\"include_usage\": true}"));
        JsonElement[] chunks = [.. events[..^1].Select(data => JsonDocument.Parse(data).RootElement)];

        Assert.All(chunks, chunk => Assert.Equal("text_completion", chunk.GetProperty("object").GetString()));
        for (int index = 0; index < 3; index++)
        {
            JsonElement[] own = [.. chunks[..^1].Select(chunk => chunk.GetProperty("choices")[0]).Where(choice => choice.GetProperty("index").GetInt32() == index)];
            Assert.Equal("one two three", string.Concat(own.Select(choice => choice.GetProperty("text").GetString())));
            Assert.Equal("stop", own[^1].GetProperty("finish_reason").GetString());
        }

        Assert.All(chunks[..^1], chunk => Assert.Equal(JsonValueKind.Null, chunk.GetProperty("usage").ValueKind));
        Assert.Equal(0, chunks[^1].GetProperty("choices").GetArrayLength());
        Assert.Equal(service.Engine.Requests.Sum(request => request.Prompt.Length), chunks[^1].GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task Echo_puts_the_prompt_before_every_answer()
    {
        service.Answers(" time");
        JsonElement answer = await service.PostAsync(Path, Body("\"Once upon a\", \"n\": 2, \"echo\": true"));
        Assert.All(answer.GetProperty("choices").EnumerateArray(), choice => Assert.Equal("Once upon a time", choice.GetProperty("text").GetString()));

        service.Answers(" time");
        List<string> events = await service.StreamAsync(Path, Body("\"Once upon a\", \"stream\": true, \"echo\": true"));
        Assert.Equal("Once upon a time", string.Concat(events[..^1].Select(data => JsonDocument.Parse(data).RootElement.GetProperty("choices")[0].GetProperty("text").GetString())));
    }

    [Fact]
    public async Task Log_probabilities_have_their_older_form()
    {
        int[] ids = [.. service.Tokenizer.EncodeText("One two")];
        int[] partial = service.Tokenizer.EncodeText("😀");
        service.Answers(_ => new FakeAnswer([.. ids.Select(id => new GeneratedToken(0, id, new TokenLogProbability(-0.5, [(partial[0], -0.1), (ids[0], -0.2)])))]));
        JsonElement choice = (await service.PostAsync(Path, Body("\"x\", \"logprobs\": 2"))).GetProperty("choices")[0];

        Assert.Equal(2, service.Asked().Sampling.TopLogProbs);
        JsonElement logProbs = choice.GetProperty("logprobs");
        Assert.Equal("One two", string.Concat(logProbs.GetProperty("tokens").EnumerateArray().Select(token => token.GetString())));
        Assert.All(logProbs.GetProperty("token_logprobs").EnumerateArray(), value => Assert.Equal(-0.5, value.GetDouble()));
        int[] offsets = [.. logProbs.GetProperty("text_offset").EnumerateArray().Select(offset => offset.GetInt32())];
        Assert.Equal(0, offsets[0]);
        Assert.Equal("One two".Length - service.Tokenizer.Decode([ids[^1]]).Length, offsets[^1]);
        // A token that is a part of a character is named by its bytes, and the chosen one is always among the likeliest.
        JsonElement last = logProbs.GetProperty("top_logprobs")[ids.Length - 1];
        Assert.Equal(-0.5, last.GetProperty(service.Tokenizer.Decode([ids[^1]])).GetDouble());
        Assert.Contains(last.EnumerateObject(), top => top.Name.StartsWith("bytes:\\x", StringComparison.Ordinal) && top.Value.GetDouble() == -0.1);
    }

    [Theory]
    [InlineData("\"\"", "prompt")]
    [InlineData("[\"fine\", \"\"]", "prompt[1]")]
    [InlineData("[5, 100000]", "prompt[1]")]
    [InlineData("\"x\", \"max_tokens\": 5000", "max_tokens")]
    [InlineData("\"x\", \"logit_bias\": {\"99999\": 1}", "logit_bias.99999")]
    public async Task What_this_model_cannot_take_is_refused_by_name_and_nothing_runs(string options, string field)
    {
        service.Answers("x");
        JsonElement error = (await service.PostAsync(Path, Body(options), HttpStatusCode.BadRequest)).GetProperty("error");
        Assert.Equal(field, error.GetProperty("param").GetString());
        Assert.Empty(service.Engine.Requests);
    }

    [Fact]
    public async Task A_prompt_over_the_context_is_refused_with_both_numbers()
    {
        string ids = string.Join(',', Enumerable.Repeat("5", 16_000));
        JsonElement error = (await service.PostAsync(Path, Body($"[{ids}]"), HttpStatusCode.BadRequest)).GetProperty("error");
        Assert.Equal("context_length_exceeded", error.GetProperty("code").GetString());
        Assert.Contains("16000", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_the_queue_takes_only_some_of_the_prompts_none_of_them_runs_on()
    {
        service.Answers(request => service.Text(request, "x y z") with { AtEnd = () => Task.Delay(200) });
        service.Engine.Refuse = request => request.Id.EndsWith("-2", StringComparison.Ordinal) ? new QueueFullException(2, TimeSpan.FromSeconds(3)) : null;
        using HttpResponseMessage response = await service.SendAsync(Path, Body("[\"a\", \"b\", \"c\"]"));
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal("3", response.Headers.GetValues("Retry-After").Single());
        Assert.All(await Task.WhenAll(service.Engine.Ends), end => Assert.Equal(FinishReason.Cancelled, end.Finish));
        Assert.Equal(2, service.Engine.Ends.Count);
    }

    private static string Body(string prompt) => $$"""{"model": "{{ScriptedService.Model}}", "prompt": {{prompt}}}""";
}
