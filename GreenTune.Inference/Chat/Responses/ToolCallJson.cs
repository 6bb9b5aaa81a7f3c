using System.Text.Json;
using GreenTune.Inference.Chat.Tools;

namespace GreenTune.Inference.Chat.Responses;

/// <summary>Tool calls as messages and chunks have them.</summary>
internal static class ToolCallJson
{
    /// <summary>Writes the array.</summary>
    /// <param name="writer">Gets it.</param>
    /// <param name="calls">The calls.</param>
    /// <param name="firstIndex">The first one's number within its choice, which chunks tell; null for a whole message.</param>
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<ToolCall> calls, int? firstIndex)
    {
        writer.WriteStartArray();
        for (int i = 0; i < calls.Count; i++)
        {
            writer.WriteStartObject();
            if (firstIndex is int first)
            {
                writer.WriteNumber("index"u8, first + i);
            }

            writer.WriteString("id"u8, calls[i].Id);
            writer.WriteString("type"u8, "function"u8);
            writer.WriteStartObject("function"u8);
            writer.WriteString("name"u8, calls[i].Name);
            writer.WriteString("arguments"u8, calls[i].Arguments);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
