using System.Text;
using GreenTune.Inference.Chat;

namespace GreenTune.Inference.Tests.Chat;

public sealed class ChatRequestReaderTests
{
    private const string Messages = "\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]";

    [Fact]
    public async Task A_minimal_request_leaves_everything_else_to_the_model()
    {
        ChatRequest request = await Read($$"""{"model": "auto", {{Messages}}}""");

        Assert.Equal("auto", request.Model);
        Assert.Equal([new ChatTurn("user", "Hi")], request.Messages);
        Assert.Null(request.MaxTokens);
        Assert.Null(request.Temperature);
        Assert.Empty(request.Stop);
        Assert.False(request.Stream);
        Assert.False(request.IncludeUsage);
    }

    [Fact]
    public async Task Every_supported_field_is_read()
    {
        ChatRequest request = await Read("""
            {
              "model": "greentune-tiny", "stream": true, "stream_options": {"include_usage": true}, "max_tokens": 7, "temperature": 0.5, "top_p": 0.9, "top_k": 40,
              "seed": -3, "stop": ["a", "b"], "n": 1, "user": "ignored", "presence_penalty": 0, "tools": [], "logit_bias": {}, "response_format": {"type": "text"},
              "messages": [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]},
                {"role": "assistant", "content": ""}
              ]
            }
            """);

        Assert.Equal([new ChatTurn("system", "Be brief."), new ChatTurn("user", "Hello"), new ChatTurn("assistant", "")], request.Messages);
        Assert.True(request.Stream);
        Assert.True(request.IncludeUsage);
        Assert.Equal(7, request.MaxTokens);
        Assert.Equal(0.5, request.Temperature);
        Assert.Equal(0.9, request.TopP);
        Assert.Equal(40, request.TopK);
        Assert.Equal(-3, request.Seed);
        Assert.Equal(["a", "b"], request.Stop);
    }

    [Fact]
    public async Task The_newer_name_of_max_tokens_wins()
    {
        Assert.Equal(5, (await Read($$"""{"model": "auto", "max_tokens": 9, "max_completion_tokens": 5, {{Messages}}}""")).MaxTokens);
    }

    [Theory]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}]}""", "model")]
    [InlineData("""{"model": 3, "messages": [{"role": "user", "content": "x"}]}""", "model")]
    [InlineData("""{"model": "", "messages": [{"role": "user", "content": "x"}]}""", "model")]
    [InlineData("""{"model": "auto"}""", "messages")]
    [InlineData("""{"model": "auto", "messages": []}""", "messages")]
    [InlineData("""{"model": "auto", "messages": "Hi"}""", "messages")]
    [InlineData("""{"model": "auto", "messages": ["Hi"]}""", "messages[0]")]
    [InlineData("""{"model": "auto", "messages": [{"content": "x"}]}""", "messages[0].role")]
    [InlineData("""{"model": "auto", "messages": [{"role": "user", "content": "x"}, {"role": "wizard", "content": "x"}]}""", "messages[1].role")]
    [InlineData("""{"model": "auto", "messages": [{"role": "tool", "content": "x"}]}""", "messages[0].role")]
    [InlineData("""{"model": "auto", "messages": [{"role": "user"}]}""", "messages[0].content")]
    [InlineData("""{"model": "auto", "messages": [{"role": "user", "content": 3}]}""", "messages[0].content")]
    [InlineData("""{"model": "auto", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"model": "auto", "messages": [{"role": "user", "content": "\ud800"}]}""", "messages[0].content")]
    public async Task What_is_wrong_with_the_conversation_is_named(string body, string field) => await Refused(body, field);

    [Theory]
    [InlineData("\"max_tokens\": 0", "max_tokens")]
    [InlineData("\"max_tokens\": -1", "max_tokens")]
    [InlineData("\"max_tokens\": 1.5", "max_tokens")]
    [InlineData("\"max_tokens\": \"7\"", "max_tokens")]
    [InlineData("\"max_tokens\": 99999999999", "max_tokens")]
    [InlineData("\"temperature\": 2.1", "temperature")]
    [InlineData("\"temperature\": -0.1", "temperature")]
    [InlineData("\"top_p\": 0", "top_p")]
    [InlineData("\"top_p\": 1.1", "top_p")]
    [InlineData("\"top_k\": -1", "top_k")]
    [InlineData("\"seed\": 0.5", "seed")]
    [InlineData("\"stop\": 3", "stop")]
    [InlineData("\"stop\": [\"\"]", "stop")]
    [InlineData("\"stop\": [\"a\",\"b\",\"c\",\"d\",\"e\"]", "stop")]
    [InlineData("\"stream\": \"yes\"", "stream")]
    [InlineData("\"stream_options\": true", "stream_options")]
    [InlineData("\"stream_options\": {\"include_usage\": 1}", "stream_options.include_usage")]
    [InlineData("\"n\": 2", "n")]
    [InlineData("\"n\": 0", "n")]
    [InlineData("\"logprobs\": true", "logprobs")]
    [InlineData("\"presence_penalty\": 0.5", "presence_penalty")]
    [InlineData("\"frequency_penalty\": 3", "frequency_penalty")]
    [InlineData("\"tools\": [{}]", "tools")]
    [InlineData("\"tools\": {}", "tools")]
    [InlineData("\"logit_bias\": {\"5\": 1}", "logit_bias")]
    [InlineData("\"response_format\": {\"type\": \"json_object\"}", "response_format")]
    public async Task An_option_out_of_range_or_unsupported_is_named(string option, string field) =>
        await Refused($$"""{"model": "auto", {{Messages}}, {{option}}}""", field);

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[1, 2]")]
    [InlineData("\"text\"")]
    [InlineData("{\"model\": \"auto\",}")]
    public async Task What_is_no_JSON_object_is_refused(string body)
    {
        ApiException error = await Assert.ThrowsAsync<ApiException>(() => Read(body));
        Assert.Equal(400, error.Status);
        Assert.Equal("invalid_json", error.Code);
    }

    [Fact]
    public async Task Deep_nesting_is_refused_and_does_not_overflow_the_stack()
    {
        string body = $$"""{"model": "auto", "x": {{new string('[', 5000)}}{{new string(']', 5000)}}}""";
        Assert.Equal(400, (await Assert.ThrowsAsync<ApiException>(() => Read(body))).Status);
    }

    [Fact]
    public async Task Bytes_that_are_no_UTF_8_are_refused()
    {
        byte[] body = [.. Encoding.UTF8.GetBytes("{\"model\": \"auto\", \"messages\": [{\"role\": \"user\", \"content\": \""), 0xff, 0xfe, .. Encoding.UTF8.GetBytes("\"}]}")];
        Assert.Equal(400, (await Assert.ThrowsAsync<ApiException>(() => ChatRequestReader.ReadAsync(new MemoryStream(body), CancellationToken.None))).Status);
    }

    private static async Task Refused(string body, string field)
    {
        ApiException error = await Assert.ThrowsAsync<ApiException>(() => Read(body));
        Assert.Equal(400, error.Status);
        Assert.Equal(field, error.Field);
        Assert.StartsWith(field, error.Message, StringComparison.Ordinal);
    }

    private static Task<ChatRequest> Read(string body) => ChatRequestReader.ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(body)), CancellationToken.None);
}
