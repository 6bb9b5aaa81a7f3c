using GreenTune.Inference.Chat.Tools;
using GreenTune.Inference.Configurations;
using GreenTune.Models.Tokenization;

namespace GreenTune.Inference.Chat.Requests;

/// <summary>A validated request to /v1/chat/completions.</summary>
internal sealed record ChatRequest : TextRequest
{
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    /// <summary>Tools that the model may call; null for none.</summary>
    public ToolSet? OfferedTools { get; init; }

    /// <summary>From response_format; null for free text.</summary>
    public string? ResponseSchema { get; init; }

    public override string IdPrefix => "chatcmpl";

    public override ToolSet? Tools => OfferedTools;

    public override string? JsonSchema => ResponseSchema;

    public override string PromptField(int index) => "messages";

    public override int[] Encode(int index, LoadedConfiguration configuration)
    {
        ChatTokenizer tokenizer = configuration.Tokenizer;
        if (!tokenizer.HasChatTemplate)
        {
            throw ApiException.Unsupported("messages", $"{configuration.Id} has no chat template, so it cannot chat; send its prompt to /v1/completions.");
        }

        try
        {
            CheckTemplate(tokenizer, configuration.Id);
            return configuration.EncodeChat(Messages, OfferedTools?.Definitions);
        }
        catch (TokenizerException e)
        {
            // The template's own words, such as "Conversation roles must alternate".
            throw ApiException.Bad("messages", e.Message);
        }
    }

    /// <summary>A template passes over what it does not know without a word: then the model would never see the tools.</summary>
    private void CheckTemplate(ChatTokenizer tokenizer, string configuration)
    {
        int caller = Messages.TakeWhile(message => message.ToolCalls is null).Count();
        if (OfferedTools is null && caller == Messages.Count)
        {
            return;
        }

        string prompt = tokenizer.ApplyChatTemplate(Messages, addGenerationPrompt: true, OfferedTools?.Definitions);
        if (OfferedTools is not null && prompt == tokenizer.ApplyChatTemplate(Messages, addGenerationPrompt: true))
        {
            throw ApiException.Unsupported("tools", $"the chat template of {configuration} has no place for tools, so the model would not see them.");
        }

        if (caller < Messages.Count && prompt == WithoutCalls(tokenizer))
        {
            throw ApiException.Unsupported($"messages[{caller}].tool_calls", $"the chat template of {configuration} has no place for tool calls, so the model would not see them.");
        }
    }

    /// <summary>Null when the template takes no such turn, which is a difference too.</summary>
    private string? WithoutCalls(ChatTokenizer tokenizer)
    {
        try
        {
            return tokenizer.ApplyChatTemplate([.. Messages.Select(message => message with { ToolCalls = null })], addGenerationPrompt: true, OfferedTools?.Definitions);
        }
        catch (TokenizerException)
        {
            return null;
        }
    }
}
