using System.Text.Json;

namespace GreenTune.Models.Tokenization;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">"system", "user", "assistant" or "tool", or what the model's template knows besides.</param>
/// <param name="Content">Its text; null where a turn has none, as an assistant's that only calls tools.</param>
public readonly record struct ChatMessage(string Role, string? Content)
{
    /// <summary>Who speaks, or the tool that answers; null where nobody is named.</summary>
    public string? Name { get; init; }

    /// <summary>The call that a tool's turn answers.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>
    /// The tools that an assistant's turn calls, a JSON array as in OpenAI's API: <c>[{"id": "1", "type": "function", "function": {"name": "get", "arguments": "{\"n\": 1}"}}]</c>.
    /// Arguments may be a JSON text or an object; templates get an object where the text is one.
    /// </summary>
    public JsonElement? ToolCalls { get; init; }
}
