using GreenTune.Core.Contracts;
using GreenTune.Inference.Engine;
using OpenAI.Chat;

namespace GreenTune.Inference.Tests.Conformance;

/// <summary>Every field of a chat request that OpenAI's own client sends: it reaches the engine, and its answer comes back.</summary>
[Collection(nameof(ScriptedService))]
public sealed class ChatFieldsTests(ScriptedService service)
{
    private static readonly ChatMessage[] Hello = [new UserChatMessage("Hello")];

    [Fact]
    public async Task A_bare_request_runs_by_the_models_own_defaults()
    {
        ChatCompletion answer = await service.Chat("Good day.").CompleteChatAsync(Hello);

        Assert.Equal("Good day.", answer.Content.Single().Text);
        Assert.Equal(ChatMessageRole.Assistant, answer.Role);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.Equal(ScriptedService.Model, answer.Model);
        Assert.StartsWith("chatcmpl-", answer.Id, StringComparison.Ordinal);
        Assert.InRange(DateTimeOffset.UtcNow - answer.CreatedAt, TimeSpan.FromSeconds(-2), TimeSpan.FromMinutes(5));
        GenerationRequest asked = service.Asked();
        Assert.Equal(answer.Id, asked.Id);
        Assert.Equal(256, asked.MaxTokens);
        Assert.Equal(1, asked.Choices);
        Assert.Null(asked.StopAfter);
        Assert.Null(asked.Deadline);
        Assert.False(asked.IgnoreStopTokens);
        Assert.Equal(SamplingSettings.Greedy, asked.Sampling);
        Assert.Equal(Headers.DefaultTenant, asked.Tenant);
        Assert.Equal("<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n", service.Tokenizer.Decode(asked.Prompt, skipSpecialTokens: false));
    }

    [Fact]
    public async Task Temperature_and_top_p() =>
        Assert.Equal(
            new SamplingSettings { Temperature = 0.5f, TopP = 0.25f },
            (await SamplingAsync(new ChatCompletionOptions { Temperature = 0.5f, TopP = 0.25f })));

    [Fact]
    public async Task Frequency_and_presence_penalty() =>
        Assert.Equal(
            new SamplingSettings { FrequencyPenalty = -0.5f, PresencePenalty = 1.5f },
            await SamplingAsync(new ChatCompletionOptions { FrequencyPenalty = -0.5f, PresencePenalty = 1.5f }));

    [Fact]
    public async Task Seed() => Assert.Equal(long.MaxValue, (await SamplingAsync(new ChatCompletionOptions { Seed = long.MaxValue })).Seed);

    [Fact]
    public async Task Logit_bias()
    {
        SamplingSettings sampling = await SamplingAsync(new ChatCompletionOptions { LogitBiases = { [3] = -100, [7] = 42 } });
        Assert.Equal(new Dictionary<int, double> { [3] = -100, [7] = 42 }, sampling.LogitBias);
    }

    [Fact]
    public async Task A_logit_bias_on_a_token_that_the_model_does_not_have_is_refused()
    {
        var error = await Assert.ThrowsAsync<System.ClientModel.ClientResultException>(() =>
            service.Chat("x").CompleteChatAsync(Hello, new ChatCompletionOptions { LogitBiases = { [100_000] = 1 } }));
        Assert.Equal(400, error.Status);
        Assert.Contains("logit_bias.100000", error.Message, StringComparison.Ordinal);
        Assert.Empty(service.Engine.Requests);
    }

    [Fact]
    public async Task Max_completion_tokens()
    {
        ChatCompletion answer = await service.Chat("One two three four five six seven").CompleteChatAsync(Hello, new ChatCompletionOptions { MaxOutputTokenCount = 3 });
        Assert.Equal(3, service.Asked().MaxTokens);
        Assert.Equal(ChatFinishReason.Length, answer.FinishReason);
        Assert.Equal(3, answer.Usage.OutputTokenCount);
    }

    [Fact]
    public async Task Stop_sequences_across_the_borders_of_tokens()
    {
        ChatCompletion answer = await service.Chat("The grid hums. The end is near.").CompleteChatAsync(Hello, new ChatCompletionOptions { StopSequences = { "ms. The e", "nothing" } });
        Assert.Equal("The grid hu", answer.Content.Single().Text);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        // Not a token was made after it.
        Assert.True(answer.Usage.OutputTokenCount < service.Tokenizer.CountTokens("The grid hums. The end is near."));
    }

    [Fact]
    public async Task Log_probabilities_of_the_tokens_and_of_the_likeliest_beside_them()
    {
        int[] ids = service.Tokenizer.EncodeText("Zürich €");
        service.Answers(_ => new FakeAnswer([.. ids.Select((id, i) => new GeneratedToken(0, id, new TokenLogProbability(-0.25 * (i + 1), [(id, -0.25 * (i + 1)), (9, double.NegativeInfinity)])))]));
        ChatCompletion answer = await service.Service.Chat(ScriptedService.Model).CompleteChatAsync(Hello, new ChatCompletionOptions { IncludeLogProbabilities = true, TopLogProbabilityCount = 2 });

        Assert.Equal(2, service.Asked().Sampling.TopLogProbs);
        Assert.Equal("Zürich €", answer.Content.Single().Text);
        Assert.Equal(ids.Length, answer.ContentTokenLogProbabilities.Count);
        Assert.Equal("Zürich €"u8.ToArray(), answer.ContentTokenLogProbabilities.SelectMany(token => token.Utf8Bytes!.Value.ToArray()));
        Assert.Equal(ids.Select((_, i) => -0.25f * (i + 1)), answer.ContentTokenLogProbabilities.Select(token => token.LogProbability));
        Assert.All(answer.ContentTokenLogProbabilities, token =>
        {
            Assert.Equal([token.Token, System.Text.Encoding.UTF8.GetString(service.Tokenizer.TokenBytes(9))], token.TopLogProbabilities.Select(top => top.Token));
            Assert.Equal(-9999, token.TopLogProbabilities[1].LogProbability);
        });
    }

    [Fact]
    public async Task Log_probabilities_in_a_stream_come_with_their_text()
    {
        int[] ids = service.Tokenizer.EncodeText("One two € three");
        service.Answers(_ => new FakeAnswer([.. ids.Select(id => new GeneratedToken(0, id, new TokenLogProbability(-1, [])))]) { Before = _ => Task.Delay(5) });
        string text = "";
        List<byte> bytes = [];
        await foreach (StreamingChatCompletionUpdate update in service.Service.Chat(ScriptedService.Model).CompleteChatStreamingAsync(Hello, new ChatCompletionOptions { IncludeLogProbabilities = true }))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            bytes.AddRange(update.ContentTokenLogProbabilities.SelectMany(token => token.Utf8Bytes!.Value.ToArray()));
            Assert.Equal(System.Text.Encoding.UTF8.GetBytes(text), bytes);
        }

        Assert.Equal("One two € three", text);
        Assert.Equal(0, service.Asked().Sampling.TopLogProbs);
    }

    [Fact]
    public async Task Without_log_probabilities_asked_for_none_come()
    {
        ChatCompletion answer = await service.Chat("Hi").CompleteChatAsync(Hello);
        Assert.Null(service.Asked().Sampling.TopLogProbs);
        Assert.Empty(answer.ContentTokenLogProbabilities);
    }

    [Fact]
    public async Task Messages_of_every_role_reach_the_template()
    {
        await service.Chat("ok", ScriptedService.ToolModel).CompleteChatAsync(
        [
            new SystemChatMessage("Be brief."),
            new DeveloperChatMessage("Be kind."),
            new UserChatMessage(ChatMessageContentPart.CreateTextPart("Weather in "), ChatMessageContentPart.CreateTextPart("Bern?")) { ParticipantName = "Ada" },
            new AssistantChatMessage([ChatToolCall.CreateFunctionToolCall("a1b2c3d4e", "get_weather", BinaryData.FromString("""{"city": "Bern"}"""))]),
            new ToolChatMessage("a1b2c3d4e", "12 degrees"),
            new AssistantChatMessage("Twelve degrees."),
            new UserChatMessage("And now?"),
        ]);
        Assert.Equal(
            """
            <|im_start|>system
            Be brief.<|im_end|>
            <|im_start|>system
            Be kind.<|im_end|>
            <|im_start|>user
            Weather in Bern?<|im_end|>
            <|im_start|>assistant
            <tool_call>
            {"name": "get_weather", "arguments": {"city": "Bern"}}
            </tool_call><|im_end|>
            <|im_start|>tool
            12 degrees<|im_end|>
            <|im_start|>assistant
            Twelve degrees.<|im_end|>
            <|im_start|>user
            And now?<|im_end|>
            <|im_start|>assistant

            """,
            service.Tokenizer.Decode(service.Asked().Prompt, skipSpecialTokens: false));
    }

    [Fact]
    public async Task A_stream_gives_role_text_finish_reason_and_usage()
    {
        List<StreamingChatCompletionUpdate> updates = [];
        await foreach (StreamingChatCompletionUpdate update in service.Chat("One two three").CompleteChatStreamingAsync(Hello))
        {
            updates.Add(update);
        }

        Assert.Equal(ChatMessageRole.Assistant, updates[0].Role);
        Assert.Equal("One two three", string.Concat(updates.SelectMany(update => update.ContentUpdate).Select(part => part.Text)));
        Assert.Equal(ChatFinishReason.Stop, updates[^2].FinishReason);
        Assert.All(updates, update => Assert.Equal((service.Asked().Id, ScriptedService.Model), (update.CompletionId, update.Model)));
        Assert.Equal(service.Asked().Prompt.Length, updates[^1].Usage.InputTokenCount);
        Assert.Equal(service.Tokenizer.CountTokens("One two three"), updates[^1].Usage.OutputTokenCount);
        Assert.All(updates[..^1], update => Assert.Null(update.Usage));
    }

    [Fact]
    public async Task Usage_counts_prompt_answer_and_cached_tokens()
    {
        service.Answers(request => service.Text(request, "One two") with { CachedTokens = 4 });
        ChatCompletion answer = await service.Service.Chat(ScriptedService.Model).CompleteChatAsync(Hello);
        Assert.Equal(service.Asked().Prompt.Length, answer.Usage.InputTokenCount);
        Assert.Equal(service.Tokenizer.CountTokens("One two"), answer.Usage.OutputTokenCount);
        Assert.Equal(answer.Usage.InputTokenCount + answer.Usage.OutputTokenCount, answer.Usage.TotalTokenCount);
        Assert.Equal(4, answer.Usage.InputTokenDetails.CachedTokenCount);
    }

    [Fact]
    public async Task Fields_that_change_no_answer_are_taken()
    {
        ChatCompletion answer = await service.Chat("ok").CompleteChatAsync(Hello, new ChatCompletionOptions
        {
            EndUserId = "someone",
            StoredOutputEnabled = true,
            Metadata = { ["a"] = "b" },
            ServiceTier = "auto",
            SafetyIdentifier = "x",
            ResponseFormat = ChatResponseFormat.CreateTextFormat(),
            ResponseModalities = ChatResponseModalities.Text,
        });
        Assert.Equal("ok", answer.Content.Single().Text);
    }

    public static TheoryData<string, ChatCompletionOptions> Refused => new()
    {
        { "response_format", new ChatCompletionOptions { ResponseFormat = ChatResponseFormat.CreateJsonObjectFormat() } },
        { "response_format", new ChatCompletionOptions { ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("s", BinaryData.FromString("{\"type\": \"object\"}")) } },
        { "modalities", new ChatCompletionOptions { ResponseModalities = ChatResponseModalities.Audio | ChatResponseModalities.Text } },
        { "audio", new ChatCompletionOptions { AudioOptions = new ChatAudioOptions(ChatOutputAudioVoice.Alloy, ChatOutputAudioFormat.Mp3) } },
        { "prediction", new ChatCompletionOptions { OutputPrediction = ChatOutputPrediction.CreateStaticContentPrediction("x") } },
        { "web_search_options", new ChatCompletionOptions { WebSearchOptions = new ChatWebSearchOptions() } },
        { "reasoning_effort", new ChatCompletionOptions { ReasoningEffortLevel = ChatReasoningEffortLevel.High } },
        { "tools", new ChatCompletionOptions { Tools = { ChatTool.CreateFunctionTool("f") } } },
        { "tool_choice", new ChatCompletionOptions { Tools = { ChatTool.CreateFunctionTool("f") }, ToolChoice = ChatToolChoice.CreateRequiredChoice() } },
        { "tool_choice", new ChatCompletionOptions { Tools = { ChatTool.CreateFunctionTool("f") }, ToolChoice = ChatToolChoice.CreateFunctionChoice("f") } },
        { "tools[0].function.strict", new ChatCompletionOptions { Tools = { ChatTool.CreateFunctionTool("f", functionSchemaIsStrict: true) } } },
        { "parallel_tool_calls", new ChatCompletionOptions { Tools = { ChatTool.CreateFunctionTool("f") }, AllowParallelToolCalls = false } },
        { "temperature", new ChatCompletionOptions { Temperature = 2.5f } },
        { "top_logprobs", new ChatCompletionOptions { IncludeLogProbabilities = true, TopLogProbabilityCount = 21 } },
    };

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public async Task What_cannot_be_honoured_is_refused_by_name(string field, ChatCompletionOptions options)
    {
        var error = await Assert.ThrowsAsync<System.ClientModel.ClientResultException>(() => service.Chat("x").CompleteChatAsync(Hello, options));
        Assert.Equal(400, error.Status);
        Assert.Contains(field, error.Message, StringComparison.Ordinal);
        Assert.Empty(service.Engine.Requests);
    }

    [Fact]
    public async Task The_tenant_goes_to_the_engine()
    {
        service.Answers("ok");
        await service.Service.Chat(ScriptedService.Model, "team-a").CompleteChatAsync(Hello);
        Assert.Equal("team-a", service.Asked().Tenant);
    }

    private async Task<SamplingSettings> SamplingAsync(ChatCompletionOptions options)
    {
        await service.Chat("ok").CompleteChatAsync(Hello, options);
        return service.Asked().Sampling;
    }
}
