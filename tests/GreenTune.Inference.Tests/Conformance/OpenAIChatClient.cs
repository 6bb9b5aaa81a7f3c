using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatFinishReason = Microsoft.Extensions.AI.ChatFinishReason;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace GreenTune.Inference.Tests.Conformance;

/// <summary>
/// OpenAI's ChatClient as Microsoft.Extensions.AI's IChatClient, in the few mappings that these tests need. Microsoft.Extensions.AI.OpenAI, which has all of them,
/// is not on a partial feed; what goes over the wire is the same client's.
/// </summary>
internal sealed class OpenAIChatClient(ChatClient client) : IChatClient
{
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ChatCompletion answer = await client.CompleteChatAsync(messages.Select(Message), Options(options), cancellationToken);
        var message = new ChatMessage(ChatRole.Assistant, [.. answer.Content.Select(part => new TextContent(part.Text))]);
        foreach (ChatToolCall call in answer.ToolCalls)
        {
            message.Contents.Add(new FunctionCallContent(call.Id, call.FunctionName, call.FunctionArguments.ToObjectFromJson<Dictionary<string, object?>>()));
        }

        return new ChatResponse(message)
        {
            ResponseId = answer.Id,
            ModelId = answer.Model,
            CreatedAt = answer.CreatedAt,
            FinishReason = Finish(answer.FinishReason),
            Usage = Usage(answer.Usage),
        };
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (StreamingChatCompletionUpdate update in client.CompleteChatStreamingAsync(messages.Select(Message), Options(options), cancellationToken))
        {
            var next = new ChatResponseUpdate(ChatRole.Assistant, [.. update.ContentUpdate.Select(part => new TextContent(part.Text))])
            {
                ResponseId = update.CompletionId,
                ModelId = update.Model,
                FinishReason = update.FinishReason is { } finish ? Finish(finish) : null,
            };
            if (update.Usage is { } usage)
            {
                next.Contents.Add(new UsageContent(Usage(usage)));
            }

            yield return next;
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => serviceType == typeof(ChatClient) ? client : null;

    public void Dispose()
    {
    }

    private static OpenAI.Chat.ChatMessage Message(ChatMessage message)
    {
        if (message.Role == ChatRole.System)
        {
            return new SystemChatMessage(message.Text);
        }

        if (message.Role == ChatRole.Tool)
        {
            FunctionResultContent result = message.Contents.OfType<FunctionResultContent>().Single();
            return new ToolChatMessage(result.CallId, result.Result?.ToString() ?? "");
        }

        if (message.Role == ChatRole.User)
        {
            return new UserChatMessage(message.Text);
        }

        FunctionCallContent[] calls = [.. message.Contents.OfType<FunctionCallContent>()];
        return calls.Length == 0
            ? new AssistantChatMessage(message.Text)
            : new AssistantChatMessage(calls.Select(call => ChatToolCall.CreateFunctionToolCall(call.CallId, call.Name, BinaryData.FromString(JsonSerializer.Serialize(call.Arguments)))));
    }

    private static ChatCompletionOptions Options(ChatOptions? options)
    {
        var own = new ChatCompletionOptions
        {
            Temperature = options?.Temperature,
            TopP = options?.TopP,
            MaxOutputTokenCount = options?.MaxOutputTokens,
            FrequencyPenalty = options?.FrequencyPenalty,
            PresencePenalty = options?.PresencePenalty,
            Seed = options?.Seed,
        };
        foreach (string stop in options?.StopSequences ?? [])
        {
            own.StopSequences.Add(stop);
        }

        foreach (AIFunctionDeclaration tool in options?.Tools?.OfType<AIFunctionDeclaration>() ?? [])
        {
            own.Tools.Add(ChatTool.CreateFunctionTool(tool.Name, tool.Description, BinaryData.FromString(tool.JsonSchema.GetRawText())));
        }

        return own;
    }

    private static ChatFinishReason Finish(OpenAI.Chat.ChatFinishReason reason) => reason switch
    {
        OpenAI.Chat.ChatFinishReason.Length => ChatFinishReason.Length,
        OpenAI.Chat.ChatFinishReason.ToolCalls => ChatFinishReason.ToolCalls,
        _ => ChatFinishReason.Stop,
    };

    private static UsageDetails Usage(ChatTokenUsage usage) =>
        new() { InputTokenCount = usage.InputTokenCount, OutputTokenCount = usage.OutputTokenCount, TotalTokenCount = usage.TotalTokenCount, CachedInputTokenCount = usage.InputTokenDetails?.CachedTokenCount };
}

internal static class OpenAIChatClientExtensions
{
    /// <summary>Named like the method of the package that this stands in for.</summary>
    public static IChatClient AsIChatClient(this ChatClient client) => new OpenAIChatClient(client);
}
