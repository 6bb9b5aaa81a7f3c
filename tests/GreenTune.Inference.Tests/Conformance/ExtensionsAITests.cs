using GreenTune.Inference.Engine;
using Microsoft.Extensions.AI;

namespace GreenTune.Inference.Tests.Conformance;

/// <summary>Microsoft.Extensions.AI's IChatClient over OpenAI's client.</summary>
[Collection(nameof(ScriptedService))]
public sealed class ExtensionsAITests(ScriptedService service)
{
    [Fact]
    public async Task A_response_has_text_model_usage_and_finish_reason()
    {
        service.Answers(request => service.Text(request, "Good day.") with { CachedTokens = 3 });
        using IChatClient chat = service.Service.Chat(ScriptedService.Model).AsIChatClient();
        ChatResponse response = await chat.GetResponseAsync([new(ChatRole.System, "Be kind."), new(ChatRole.User, "Hello")], new ChatOptions
        {
            Temperature = 0.5f,
            TopP = 0.5f,
            FrequencyPenalty = 1,
            PresencePenalty = -1,
            Seed = 7,
            MaxOutputTokens = 20,
            StopSequences = ["never"],
        });

        Assert.Equal("Good day.", response.Text);
        Assert.Equal(ScriptedService.Model, response.ModelId);
        Assert.Equal(service.Asked().Id, response.ResponseId);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal((service.Asked().Prompt.Length, service.Tokenizer.CountTokens("Good day."), 3), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount, response.Usage.CachedInputTokenCount));
        Assert.Equal(new SamplingSettings { Temperature = 0.5, TopP = 0.5, FrequencyPenalty = 1, PresencePenalty = -1, Seed = 7 }, service.Asked().Sampling);
        Assert.Equal(20, service.Asked().MaxTokens);
        Assert.NotNull(service.Asked().StopAfter);
    }

    [Fact]
    public async Task Updates_of_a_stream_make_up_the_response()
    {
        service.Answers("One two three");
        using IChatClient chat = service.Service.Chat(ScriptedService.Model).AsIChatClient();
        ChatResponse response = await chat.GetStreamingResponseAsync("Count").ToChatResponseAsync();
        Assert.Equal("One two three", response.Text);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal(service.Tokenizer.CountTokens("One two three"), response.Usage!.OutputTokenCount);
    }

    [Fact]
    public async Task A_function_is_called_and_its_result_goes_back()
    {
        using IChatClient chat = service.Service.Chat(ScriptedService.ToolModel).AsIChatClient();
        AIFunction weather = AIFunctionFactory.Create((string city) => $"12 degrees in {city}", "get_weather");
        List<ChatMessage> messages = [new(ChatRole.User, "Weather in Bern?")];
        var options = new ChatOptions { Tools = [weather] };

        service.Answers("""<tool_call>{"name": "get_weather", "arguments": {"city": "Bern"}}</tool_call>""");
        ChatResponse first = await chat.GetResponseAsync(messages, options);
        FunctionCallContent call = first.Messages.Single().Contents.OfType<FunctionCallContent>().Single();
        Assert.Equal(ChatFinishReason.ToolCalls, first.FinishReason);
        messages.AddRange(first.Messages);
        messages.Add(new ChatMessage(ChatRole.Tool, [new FunctionResultContent(call.CallId, await weather.InvokeAsync(new AIFunctionArguments(call.Arguments)))]));

        service.Answers("Twelve.");
        ChatResponse second = await chat.GetResponseAsync(messages, options);
        Assert.Equal("Twelve.", second.Text);
        Assert.Contains("12 degrees in Bern", service.Tokenizer.Decode(service.Asked().Prompt), StringComparison.Ordinal);
    }
}
