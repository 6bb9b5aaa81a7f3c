using System.Text.Json;
using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Chat.Responses;

/// <summary>OpenAI's usage with our energy block in it.</summary>
/// <param name="PromptTokens">Of all prompts, each counted once however many choices it has.</param>
/// <param name="CompletionTokens">Of all choices.</param>
/// <param name="CachedTokens">Prompt tokens that came from the prefix cache.</param>
/// <param name="Energy">What it cost.</param>
internal sealed record TokenUsage(int PromptTokens, int CompletionTokens, int CachedTokens, UsageEnergy Energy)
{
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("prompt_tokens"u8, PromptTokens);
        writer.WriteNumber("completion_tokens"u8, CompletionTokens);
        writer.WriteNumber("total_tokens"u8, PromptTokens + CompletionTokens);
        writer.WriteStartObject("prompt_tokens_details"u8);
        writer.WriteNumber("cached_tokens"u8, CachedTokens);
        writer.WriteEndObject();
        writer.WritePropertyName("energy"u8);
        JsonSerializer.Serialize(writer, Energy, ContractJson.Options);
        writer.WriteEndObject();
    }
}
