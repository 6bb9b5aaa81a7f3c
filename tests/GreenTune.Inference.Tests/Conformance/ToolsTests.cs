using System.Text.Json;
using GreenTune.Inference.Engine;
using OpenAI.Chat;

namespace GreenTune.Inference.Tests.Conformance;

/// <summary>Tools by OpenAI's own client, with a model whose template knows them.</summary>
[Collection(nameof(ScriptedService))]
public sealed class ToolsTests(ScriptedService service)
{
    private const string Call = "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Bern\"}}\n</tool_call>";
    private static readonly ChatMessage[] Question = [new UserChatMessage("Weather in Bern?")];

    private static readonly ChatTool Weather = ChatTool.CreateFunctionTool(
        "get_weather",
        "The weather in a city",
        BinaryData.FromString("""{"type": "object", "properties": {"city": {"type": "string"}}}"""));

    [Fact]
    public async Task Tools_go_through_the_template_and_a_call_comes_back()
    {
        ChatCompletion answer = await service.Chat(Call, ScriptedService.ToolModel).CompleteChatAsync(Question, new ChatCompletionOptions { Tools = { Weather }, ToolChoice = ChatToolChoice.CreateAutoChoice() });

        Assert.Contains("\"name\": \"get_weather\"", service.Tokenizer.Decode(service.Asked().Prompt), StringComparison.Ordinal);
        Assert.Equal(ChatFinishReason.ToolCalls, answer.FinishReason);
        ChatToolCall call = Assert.Single(answer.ToolCalls);
        Assert.Equal(("get_weather", """{"city": "Bern"}"""), (call.FunctionName, call.FunctionArguments.ToString()));
        Assert.Equal(9, call.Id.Length);
        Assert.Empty(answer.Content);
    }

    [Fact]
    public async Task In_a_stream_the_text_comes_as_it_is_made_and_the_calls_behind_it()
    {
        string text = "";
        var calls = new SortedDictionary<int, (string Id, string Name, string Arguments)>();
        ChatFinishReason? finish = null;
        ChatClient chat = service.Chat($"I look. {Call}\n{Call.Replace("Bern", "Basel", StringComparison.Ordinal)}", ScriptedService.ToolModel);
        await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync(Question, new ChatCompletionOptions { Tools = { Weather } }))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            foreach (StreamingChatToolCallUpdate call in update.ToolCallUpdates)
            {
                calls[call.Index] = (call.ToolCallId, call.FunctionName, call.FunctionArgumentsUpdate.ToString());
            }

            finish = update.FinishReason ?? finish;
        }

        Assert.Equal("I look. ", text);
        Assert.Equal([0, 1], calls.Keys);
        Assert.Equal(["""{"city": "Bern"}""", """{"city": "Basel"}"""], calls.Values.Select(call => call.Arguments));
        Assert.Equal(2, calls.Values.Select(call => call.Id).Distinct().Count());
        Assert.Equal(ChatFinishReason.ToolCalls, finish);
    }

    [Fact]
    public async Task A_model_that_may_call_none_sees_no_tools_and_its_text_stays_text()
    {
        ChatCompletion answer = await service.Chat(Call, ScriptedService.ToolModel).CompleteChatAsync(Question, new ChatCompletionOptions { Tools = { Weather }, ToolChoice = ChatToolChoice.CreateNoneChoice() });
        Assert.DoesNotContain("get_weather", service.Tokenizer.Decode(service.Asked().Prompt), StringComparison.Ordinal);
        Assert.Equal(Call, answer.Content.Single().Text);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
    }

    [Fact]
    public async Task An_answer_without_a_call_is_text()
    {
        ChatCompletion answer = await service.Chat("It rains.", ScriptedService.ToolModel).CompleteChatAsync(Question, new ChatCompletionOptions { Tools = { Weather } });
        Assert.Equal("It rains.", answer.Content.Single().Text);
        Assert.Empty(answer.ToolCalls);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
    }

    [Fact]
    public async Task A_call_that_max_tokens_cut_off_is_text_and_says_so()
    {
        service.Answers(Call[..^20], FinishReason.Length);
        ChatCompletion answer = await service.Service.Chat(ScriptedService.ToolModel).CompleteChatAsync(Question, new ChatCompletionOptions { Tools = { Weather } });
        Assert.Equal(Call[..^20], answer.Content.Single().Text);
        Assert.Equal(ChatFinishReason.Length, answer.FinishReason);
    }

    [Fact]
    public async Task The_whole_loop_of_a_tool_runs()
    {
        List<ChatMessage> messages = [.. Question];
        var options = new ChatCompletionOptions { Tools = { Weather } };
        ChatCompletion first = await service.Chat(Call, ScriptedService.ToolModel).CompleteChatAsync(messages, options);
        messages.Add(new AssistantChatMessage(first));
        messages.Add(new ToolChatMessage(first.ToolCalls[0].Id, "12 degrees"));
        ChatCompletion second = await service.Chat("Twelve degrees.", ScriptedService.ToolModel).CompleteChatAsync(messages, options);

        Assert.Equal("Twelve degrees.", second.Content.Single().Text);
        string prompt = service.Tokenizer.Decode(service.Asked().Prompt);
        Assert.Contains("""{"name": "get_weather", "arguments": {"city": "Bern"}}""", prompt, StringComparison.Ordinal);
        Assert.Contains("12 degrees", prompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_template_without_a_place_for_tools_or_calls_is_told_by_the_field()
    {
        const string Tools = "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"f\"}}], \"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]";
        Assert.Equal("tools", await RefusedAsync(Tools));
        const string Called = "\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}, {\"role\": \"assistant\", \"content\": \"\", \"tool_calls\": [{\"id\": \"a\", \"type\": \"function\", \"function\": {\"name\": \"f\", \"arguments\": \"{}\"}}]}]";
        Assert.Equal("messages[1].tool_calls", await RefusedAsync(Called));
    }

    private async Task<string?> RefusedAsync(string fields)
    {
        service.Answers("x");
        JsonElement error = (await service.PostAsync("v1/chat/completions", $$"""{"model": "{{ScriptedService.Model}}", {{fields}}}""", System.Net.HttpStatusCode.BadRequest)).GetProperty("error");
        Assert.Equal("unsupported_parameter", error.GetProperty("code").GetString());
        return error.GetProperty("param").GetString();
    }
}
