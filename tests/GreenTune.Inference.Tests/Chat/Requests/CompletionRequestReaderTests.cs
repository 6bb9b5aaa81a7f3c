using System.Text;
using GreenTune.Inference.Chat;
using GreenTune.Inference.Chat.Requests;

namespace GreenTune.Inference.Tests.Chat.Requests;

public sealed class CompletionRequestReaderTests
{
    [Fact]
    public void A_prompt_is_a_text()
    {
        CompletionRequest request = Read("""{"model": "auto", "prompt": "Once"}""");
        Assert.Equal([new CompletionPrompt("prompt", "Once", null)], request.Prompts);
        Assert.Equal(16, request.DefaultMaxTokens);
        Assert.False(request.Echo);
    }

    [Fact]
    public void A_prompt_is_several_texts()
    {
        CompletionRequest request = Read("""{"model": "auto", "prompt": ["Once", ""]}""");
        Assert.Equal([new CompletionPrompt("prompt[0]", "Once", null), new CompletionPrompt("prompt[1]", "", null)], request.Prompts);
    }

    [Fact]
    public void A_prompt_is_tokens()
    {
        CompletionPrompt prompt = Assert.Single(Read("""{"model": "auto", "prompt": [5, 6, 7]}""").Prompts);
        Assert.Equal("prompt", prompt.Field);
        Assert.Equal([5, 6, 7], prompt.Tokens!);
    }

    [Fact]
    public void A_prompt_is_several_arrays_of_tokens()
    {
        IReadOnlyList<CompletionPrompt> prompts = Read("""{"model": "auto", "prompt": [[5, 6], [7]]}""").Prompts;
        Assert.Equal([5, 6], prompts[0].Tokens!);
        Assert.Equal(("prompt[1]", 7), (prompts[1].Field, prompts[1].Tokens![0]));
    }

    [Fact]
    public void The_other_fields_are_read()
    {
        CompletionRequest request = Read("""
            {"model": "m", "prompt": "x", "max_tokens": 9, "n": 3, "best_of": 3, "echo": true, "stop": "y", "stream": true, "stream_options": {"include_usage": true},
             "temperature": 1, "seed": 4, "suffix": "", "user": "u"}
            """);
        Assert.Equal((9, 3, true, true, true), (request.MaxTokens, request.Choices, request.Echo, request.Stream, request.IncludeUsage));
        Assert.Equal(["y"], request.Stop);
        Assert.Equal((1, 4L, null), (request.Sampling.Temperature, request.Sampling.Seed, request.Sampling.TopLogProbs));
        Assert.Equal(5, Read("""{"model": "m", "prompt": "x", "logprobs": 5}""").Sampling.TopLogProbs);
    }

    [Theory]
    [InlineData("{\"prompt\": \"x\"}", "model")]
    [InlineData("{\"model\": \"m\"}", "prompt")]
    [InlineData("{\"model\": \"m\", \"prompt\": null}", "prompt")]
    [InlineData("{\"model\": \"m\", \"prompt\": []}", "prompt")]
    [InlineData("{\"model\": \"m\", \"prompt\": {}}", "prompt")]
    [InlineData("{\"model\": \"m\", \"prompt\": true}", "prompt")]
    [InlineData("{\"model\": \"m\", \"prompt\": [[]]}", "prompt[0]")]
    [InlineData("{\"model\": \"m\", \"prompt\": [\"x\", 3]}", "prompt[1]")]
    [InlineData("{\"model\": \"m\", \"prompt\": [\"x\", [3]]}", "prompt[1]")]
    [InlineData("{\"model\": \"m\", \"prompt\": [3, \"x\"]}", "prompt[1]")]
    [InlineData("{\"model\": \"m\", \"prompt\": [3, -1]}", "prompt[1]")]
    [InlineData("{\"model\": \"m\", \"prompt\": [3, 1.5]}", "prompt[1]")]
    [InlineData("{\"model\": \"m\", \"prompt\": [[3], [99999999999]]}", "prompt[1][0]")]
    [InlineData("{\"model\": \"m\", \"prompt\": [true]}", "prompt[0]")]
    [InlineData("{\"model\": \"m\", \"prompt\": \"\\ud800\"}", "prompt")]
    [InlineData("{\"model\": \"m\", \"prompt\": [\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\",\"14\",\"15\",\"16\",\"17\"]}", "prompt")]
    [InlineData("{\"model\": \"m\", \"prompt\": \"x\", \"suffix\": \"y\"}", "suffix")]
    [InlineData("{\"model\": \"m\", \"prompt\": \"x\", \"best_of\": 2}", "best_of")]
    [InlineData("{\"model\": \"m\", \"prompt\": \"x\", \"n\": 3, \"best_of\": 2}", "best_of")]
    [InlineData("{\"model\": \"m\", \"prompt\": \"x\", \"logprobs\": 6}", "logprobs")]
    [InlineData("{\"model\": \"m\", \"prompt\": \"x\", \"logprobs\": true}", "logprobs")]
    [InlineData("{\"model\": \"m\", \"prompt\": \"x\", \"logprobs\": 1, \"echo\": true}", "echo")]
    [InlineData("{\"model\": \"m\", \"prompt\": \"x\", \"max_tokens\": 0}", "max_tokens")]
    [InlineData("{\"model\": \"m\", \"prompt\": \"x\", \"n\": 17}", "n")]
    [InlineData("{\"model\": \"m\", \"prompt\": \"x\", \"messages\": []}", "messages")]
    [InlineData("{\"model\": \"m\", \"prompt\": \"x\", \"response_format\": {\"type\": \"json_object\"}}", "response_format")]
    public void What_is_wrong_is_named(string body, string field)
    {
        ApiException error = Assert.Throws<ApiException>(() => Read(body));
        Assert.Equal(400, error.Status);
        Assert.Equal(field, error.Field);
        Assert.StartsWith(field, error.Message, StringComparison.Ordinal);
    }

    private static CompletionRequest Read(string body)
    {
        using var parsed = RequestBody.Parse(Encoding.UTF8.GetBytes(body));
        return parsed.Read(CompletionRequestReader.Read);
    }
}
