using System.Text.Json;
using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Chat;

/// <summary>OpenAI's chat.completion object and its usage, with our energy block in it.</summary>
internal static class ChatResponseJson
{
    public static void WriteCompletion(Utf8JsonWriter writer, string id, long created, string model, string text, string finishReason, int promptTokens, int completionTokens, UsageEnergy energy)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, id);
        writer.WriteString("object"u8, "chat.completion"u8);
        writer.WriteNumber("created"u8, created);
        writer.WriteString("model"u8, model);
        writer.WriteStartArray("choices"u8);
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, 0);
        writer.WriteStartObject("message"u8);
        writer.WriteString("role"u8, "assistant"u8);
        writer.WriteString("content"u8, text);
        writer.WriteNull("refusal"u8);
        writer.WriteEndObject();
        writer.WriteNull("logprobs"u8);
        writer.WriteString("finish_reason"u8, finishReason);
        writer.WriteEndObject();
        writer.WriteEndArray();
        WriteUsage(writer, promptTokens, completionTokens, energy);
        writer.WriteEndObject();
    }

    public static void WriteUsage(Utf8JsonWriter writer, int promptTokens, int completionTokens, UsageEnergy energy)
    {
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("prompt_tokens"u8, promptTokens);
        writer.WriteNumber("completion_tokens"u8, completionTokens);
        writer.WriteNumber("total_tokens"u8, promptTokens + completionTokens);
        writer.WritePropertyName("energy"u8);
        JsonSerializer.Serialize(writer, energy, ContractJson.Options);
        writer.WriteEndObject();
    }
}
