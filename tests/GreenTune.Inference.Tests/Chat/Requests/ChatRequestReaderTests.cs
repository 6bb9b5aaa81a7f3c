using System.Text;
using GreenTune.Inference.Chat;
using GreenTune.Inference.Chat.Requests;
using GreenTune.Models.Tokenization;

namespace GreenTune.Inference.Tests.Chat.Requests;

public sealed class ChatRequestReaderTests
{
    private const string Messages = "\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]";

    [Fact]
    public void A_minimal_request_leaves_everything_else_to_the_model()
    {
        ChatRequest request = Read($$"""{"model": "auto", {{Messages}}}""");

        Assert.Equal("auto", request.Model);
        Assert.Equal([new ChatMessage("user", "Hi")], request.Messages);
        Assert.Null(request.MaxTokens);
        Assert.Null(request.Sampling.Temperature);
        Assert.Empty(request.Stop);
        Assert.False(request.Stream);
        Assert.False(request.IncludeUsage);
        Assert.Equal(1, request.Choices);
        Assert.Null(request.OfferedTools);
        Assert.Equal(new SamplingFields(), request.Sampling);
    }

    [Fact]
    public void Every_supported_field_is_read()
    {
        ChatRequest request = Read("""
            {
              "model": "greentune-tiny", "stream": true, "stream_options": {"include_usage": true, "include_obfuscation": false}, "max_tokens": 7, "temperature": 0.5, "top_p": 0.9, "top_k": 40,
              "min_p": 0.05, "repetition_penalty": 1.1, "frequency_penalty": -0.5, "presence_penalty": 2, "logit_bias": {"5": -100, "17": 0.5}, "logprobs": true, "top_logprobs": 3,
              "seed": -3, "stop": ["a", "b"], "n": 2, "ignore_eos": true, "response_format": {"type": "text"}, "modalities": ["text"], "tool_choice": "auto", "parallel_tool_calls": true,
              "user": "ignored", "metadata": {"a": "b"}, "store": true, "service_tier": "auto", "safety_identifier": "x", "prompt_cache_key": "k", "never_heard_of": [1],
              "messages": [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "name": "Ada", "content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]},
                {"role": "assistant", "content": ""}
              ]
            }
            """);

        Assert.Equal([new("system", "Be brief."), new("user", "Hello") { Name = "Ada" }, new("assistant", "")], request.Messages);
        Assert.True(request.Stream);
        Assert.True(request.IncludeUsage);
        Assert.True(request.IgnoreStopTokens);
        Assert.Equal(7, request.MaxTokens);
        Assert.Equal(2, request.Choices);
        Assert.Equal(["a", "b"], request.Stop);
        SamplingFields sampling = request.Sampling;
        Assert.Equal((0.5, 0.9, 40, 0.05), (sampling.Temperature, sampling.TopP, sampling.TopK, sampling.MinP));
        Assert.Equal((1.1, -0.5, 2), (sampling.RepetitionPenalty, sampling.FrequencyPenalty, sampling.PresencePenalty));
        Assert.Equal(new Dictionary<int, double> { [5] = -100, [17] = 0.5 }, sampling.LogitBias);
        Assert.Equal((-3L, 3), (sampling.Seed, sampling.TopLogProbs));
    }

    [Fact]
    public void Tools_calls_and_their_answers_are_read()
    {
        ChatRequest request = Read("""
            {
              "model": "auto", "tools": [{"type": "function", "function": {"name": "get_weather", "description": "Weather", "strict": false, "parameters": {"type": "object"}}}],
              "messages": [
                {"role": "user", "content": "Weather in Bern?"},
                {"role": "assistant", "content": null, "tool_calls": [{"id": "a1", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\": \"Bern\"}"}}]},
                {"role": "tool", "tool_call_id": "a1", "content": "12 degrees"},
                {"role": "assistant", "refusal": "I may not say.", "content": null}
              ]
            }
            """);

        Assert.Equal(["get_weather"], request.OfferedTools!.Names);
        Assert.Equal("get_weather", request.OfferedTools.Definitions[0].GetProperty("function").GetProperty("name").GetString());
        Assert.Null(request.Messages[1].Content);
        Assert.Equal("a1", request.Messages[1].ToolCalls!.Value[0].GetProperty("id").GetString());
        Assert.Equal(new ChatMessage("tool", "12 degrees") { ToolCallId = "a1" }, request.Messages[2]);
        Assert.Equal("I may not say.", request.Messages[3].Content);
    }

    [Fact]
    public void A_response_format_is_a_schema()
    {
        Assert.Null(Read($$$$"""{"model": "auto", {{{{Messages}}}}, "response_format": {"type": "text"}}""").JsonSchema);
        Assert.Equal("""{"type": "object"}""", Read($$$$"""{"model": "auto", {{{{Messages}}}}, "response_format": {"type": "json_object"}}""").JsonSchema);
        Assert.Equal("""{"type": "array"}""", Read($$$$$"""{"model": "auto", {{{{{Messages}}}}}, "response_format": {"type": "json_schema", "json_schema": {"name": "a", "strict": false, "schema": {"type": "array"}}}}""").JsonSchema);
    }

    [Fact]
    public void A_model_that_may_call_no_tool_is_offered_none()
    {
        const string Tools = "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"f\"}}]";
        Assert.NotNull(Read($$"""{"model": "auto", {{Messages}}, {{Tools}}}""").OfferedTools);
        Assert.Null(Read($$"""{"model": "auto", {{Messages}}, {{Tools}}, "tool_choice": "none"}""").OfferedTools);
        Assert.Null(Read($$"""{"model": "auto", {{Messages}}, "tools": []}""").OfferedTools);
    }

    [Fact]
    public void The_newer_name_of_max_tokens_wins()
    {
        Assert.Equal(5, (Read($$"""{"model": "auto", "max_tokens": 9, "max_completion_tokens": 5, {{Messages}}}""")).MaxTokens);
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
    [InlineData("""{"model": "auto", "messages": [{"role": "tool", "content": "x"}]}""", "messages[0].tool_call_id")]
    [InlineData("""{"model": "auto", "messages": [{"role": "function", "content": "x"}]}""", "messages[0].role")]
    [InlineData("""{"model": "auto", "messages": [{"role": "user", "content": "x", "tool_call_id": "a"}]}""", "messages[0].tool_call_id")]
    [InlineData("""{"model": "auto", "messages": [{"role": "user", "content": "x", "tool_calls": []}]}""", "messages[0].tool_calls")]
    [InlineData("""{"model": "auto", "messages": [{"role": "user", "content": "x", "name": ""}]}""", "messages[0].name")]
    [InlineData("""{"model": "auto", "messages": [{"role": "user", "content": []}]}""", "messages[0].content")]
    [InlineData("""{"model": "auto", "messages": [{"role": "user", "content": ["x"]}]}""", "messages[0].content[0]")]
    [InlineData("""{"model": "auto", "messages": [{"role": "user", "content": [{"type": "text"}]}]}""", "messages[0].content[0].text")]
    [InlineData("""{"model": "auto", "messages": [{"role": "user", "content": [{"type": "refusal", "refusal": "x"}]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"model": "auto", "messages": [{"role": "assistant"}]}""", "messages[0].content")]
    [InlineData("""{"model": "auto", "messages": [{"role": "assistant", "content": null, "tool_calls": []}]}""", "messages[0].content")]
    [InlineData("""{"model": "auto", "messages": [{"role": "assistant", "tool_calls": {}}]}""", "messages[0].tool_calls")]
    [InlineData("""{"model": "auto", "messages": [{"role": "assistant", "tool_calls": [1]}]}""", "messages[0].tool_calls[0]")]
    [InlineData("""{"model": "auto", "messages": [{"role": "assistant", "tool_calls": [{"function": {}}]}]}""", "messages[0].tool_calls[0].id")]
    [InlineData("""{"model": "auto", "messages": [{"role": "assistant", "tool_calls": [{"id": "a"}]}]}""", "messages[0].tool_calls[0].function")]
    [InlineData("""{"model": "auto", "messages": [{"role": "assistant", "tool_calls": [{"id": "a", "type": "custom", "function": {}}]}]}""", "messages[0].tool_calls[0].type")]
    [InlineData("""{"model": "auto", "messages": [{"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "a b"}}]}]}""", "messages[0].tool_calls[0].function.name")]
    [InlineData("""{"model": "auto", "messages": [{"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": {}}}]}]}""", "messages[0].tool_calls[0].function.arguments")]
    [InlineData("""{"model": "auto", "messages": [{"role": "assistant", "content": "x", "function_call": {}}]}""", "messages[0].function_call")]
    [InlineData("""{"model": "auto", "messages": [{"role": "assistant", "content": "x", "audio": {"id": "a"}}]}""", "messages[0].audio")]
    [InlineData("""{"model": "auto", "messages": [{"role": "user"}]}""", "messages[0].content")]
    [InlineData("""{"model": "auto", "messages": [{"role": "user", "content": 3}]}""", "messages[0].content")]
    [InlineData("""{"model": "auto", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"model": "auto", "messages": [{"role": "user", "content": "\ud800"}]}""", "messages[0].content")]
    public void What_is_wrong_with_the_conversation_is_named(string body, string field) => Refused(body, field);

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
    [InlineData("\"stream\": true, \"stream_options\": {\"include_usage\": 1}", "stream_options.include_usage")]
    [InlineData("\"n\": 0", "n")]
    [InlineData("\"n\": 17", "n")]
    [InlineData("\"n\": \"2\"", "n")]
    [InlineData("\"logprobs\": 3", "logprobs")]
    [InlineData("\"top_logprobs\": 2", "top_logprobs")]
    [InlineData("\"logprobs\": true, \"top_logprobs\": 21", "top_logprobs")]
    [InlineData("\"presence_penalty\": 2.5", "presence_penalty")]
    [InlineData("\"frequency_penalty\": -3", "frequency_penalty")]
    [InlineData("\"repetition_penalty\": 0", "repetition_penalty")]
    [InlineData("\"repetition_penalty\": 11", "repetition_penalty")]
    [InlineData("\"min_p\": 1.5", "min_p")]
    [InlineData("\"min_p\": \"NaN\"", "min_p")]
    [InlineData("\"temperature\": \"NaN\"", "temperature")]
    [InlineData("\"temperature\": 1e999", "temperature")]
    [InlineData("\"seed\": 1e30", "seed")]
    [InlineData("\"max_completion_tokens\": 0", "max_completion_tokens")]
    [InlineData("\"tools\": {}", "tools")]
    [InlineData("\"tools\": [{}]", "tools[0].type")]
    [InlineData("\"tools\": [3]", "tools[0]")]
    [InlineData("\"tools\": [{\"type\": \"custom\"}]", "tools[0].type")]
    [InlineData("\"tools\": [{\"type\": \"function\"}]", "tools[0].function")]
    [InlineData("\"tools\": [{\"type\": \"function\", \"function\": {}}]", "tools[0].function.name")]
    [InlineData("\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"a b\"}}]", "tools[0].function.name")]
    [InlineData("\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"f\", \"parameters\": 1}}]", "tools[0].function.parameters")]
    [InlineData("\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"f\", \"strict\": true}}]", "tools[0].function.strict")]
    [InlineData("\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"f\"}}, {\"type\": \"function\", \"function\": {\"name\": \"f\"}}]", "tools[1].function.name")]
    [InlineData("\"tool_choice\": \"required\"", "tool_choice")]
    [InlineData("\"tool_choice\": {\"type\": \"function\", \"function\": {\"name\": \"f\"}}", "tool_choice")]
    [InlineData("\"tool_choice\": 3", "tool_choice")]
    [InlineData("\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"f\"}}], \"parallel_tool_calls\": false", "parallel_tool_calls")]
    [InlineData("\"logit_bias\": {\"x\": 1}", "logit_bias.x")]
    [InlineData("\"logit_bias\": {\"-1\": 1}", "logit_bias.-1")]
    [InlineData("\"logit_bias\": {\"5\": 101}", "logit_bias.5")]
    [InlineData("\"logit_bias\": {\"5\": \"1\"}", "logit_bias.5")]
    [InlineData("\"logit_bias\": [1]", "logit_bias")]
    [InlineData("\"response_format\": {}", "response_format.type")]
    [InlineData("\"response_format\": {\"type\": \"grammar\"}", "response_format.type")]
    [InlineData("\"response_format\": {\"type\": \"json_schema\"}", "response_format.json_schema")]
    [InlineData("\"response_format\": {\"type\": \"json_schema\", \"json_schema\": {}}", "response_format.json_schema.name")]
    [InlineData("\"response_format\": {\"type\": \"json_schema\", \"json_schema\": {\"name\": \"a\", \"schema\": []}}", "response_format.json_schema.schema")]
    [InlineData("\"response_format\": {\"type\": \"json_schema\", \"json_schema\": {\"name\": \"a\", \"strict\": 1}}", "response_format.json_schema.strict")]
    [InlineData("\"response_format\": {\"type\": \"json_object\"}, \"ignore_eos\": true", "response_format")]
    [InlineData("\"response_format\": {\"type\": \"json_object\"}, \"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"f\"}}]", "response_format")]
    [InlineData("\"response_format\": \"text\"", "response_format")]
    [InlineData("\"modalities\": [\"text\", \"audio\"]", "modalities")]
    [InlineData("\"audio\": {\"voice\": \"x\"}", "audio")]
    [InlineData("\"prediction\": {\"type\": \"content\"}", "prediction")]
    [InlineData("\"web_search_options\": {}", "web_search_options")]
    [InlineData("\"reasoning_effort\": \"high\"", "reasoning_effort")]
    [InlineData("\"verbosity\": \"low\"", "verbosity")]
    [InlineData("\"functions\": []", "functions")]
    [InlineData("\"function_call\": \"auto\"", "function_call")]
    [InlineData("\"guided_json\": {}", "guided_json")]
    [InlineData("\"min_tokens\": 3", "min_tokens")]
    [InlineData("\"stop_token_ids\": [1]", "stop_token_ids")]
    [InlineData("\"include_stop_str_in_output\": true", "include_stop_str_in_output")]
    [InlineData("\"use_beam_search\": true", "use_beam_search")]
    [InlineData("\"best_of\": 2", "best_of")]
    [InlineData("\"echo\": true", "echo")]
    [InlineData("\"stream_options\": {\"include_usage\": true}", "stream_options")]
    [InlineData("\"stream\": true, \"stream_options\": {\"include_obfuscation\": 1}", "stream_options.include_obfuscation")]
    [InlineData("\"ignore_eos\": 1", "ignore_eos")]
    public void An_option_out_of_range_or_unsupported_is_named(string option, string field) =>
        Refused($$"""{"model": "auto", {{Messages}}, {{option}}}""", field);

    [Theory]
    [InlineData("\"min_tokens\": 0, \"stop_token_ids\": [], \"best_of\": 1, \"echo\": false, \"use_beam_search\": false, \"length_penalty\": 1.0")]
    [InlineData("\"response_format\": null, \"audio\": null, \"tools\": null, \"reasoning_effort\": \"none\", \"skip_special_tokens\": true")]
    [InlineData("\"max_tokens\": null, \"temperature\": null, \"stop\": null, \"n\": null, \"logit_bias\": null, \"parallel_tool_calls\": false")]
    [InlineData("\"max_tokens\": 7.0, \"n\": 1.0")]
    public void A_value_that_asks_for_nothing_is_let_through(string options) => Read($$"""{"model": "auto", {{Messages}}, {{options}}}""");

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[1, 2]")]
    [InlineData("\"text\"")]
    [InlineData("{\"model\": \"auto\",}")]
    public void What_is_no_JSON_object_is_refused(string body)
    {
        ApiException error = Assert.Throws<ApiException>(() => Read(body));
        Assert.Equal(400, error.Status);
        Assert.Equal("invalid_json", error.Code);
    }

    [Fact]
    public void Deep_nesting_is_refused_and_does_not_overflow_the_stack()
    {
        string body = $$"""{"model": "auto", "x": {{new string('[', 5000)}}{{new string(']', 5000)}}}""";
        Assert.Equal(400, Assert.Throws<ApiException>(() => Read(body)).Status);
    }

    [Fact]
    public void Bytes_that_are_no_UTF_8_are_refused()
    {
        byte[] body = [.. Encoding.UTF8.GetBytes("{\"model\": \"auto\", \"messages\": [{\"role\": \"user\", \"content\": \""), 0xff, 0xfe, .. Encoding.UTF8.GetBytes("\"}]}")];
        Assert.Equal(400, Assert.Throws<ApiException>(() => Read(body)).Status);
    }

    [Theory]
    [InlineData("{\"\\ud800\": 1, \"model\": \"auto\"}")]
    [InlineData("{\"model\": \"auto\", \"logit_bias\": {\"\\ud800\": 1}}")]
    public void Half_a_surrogate_pair_in_a_name_is_refused(string body) => Assert.Equal(400, Assert.Throws<ApiException>(() => Read(body)).Status);

    [Fact]
    public void A_byte_order_mark_is_passed_over() =>
        Assert.Equal("auto", Read([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes($$"""{"model": "auto", {{Messages}}}""")]).Model);

    private static void Refused(string body, string field)
    {
        ApiException error = Assert.Throws<ApiException>(() => Read(body));
        Assert.Equal(400, error.Status);
        Assert.Equal(field, error.Field);
        Assert.StartsWith(field, error.Message, StringComparison.Ordinal);
    }

    private static ChatRequest Read(string body) => Read(Encoding.UTF8.GetBytes(body));

    private static ChatRequest Read(byte[] body)
    {
        using var parsed = RequestBody.Parse(body);
        return parsed.Read(ChatRequestReader.Read);
    }
}
