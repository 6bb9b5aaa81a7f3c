using System.Text;
using System.Text.Json;
using GreenTune.Models.Tokenization.Templates;

namespace GreenTune.Models.Tokenization;

/// <summary>A conversation as a template's values.</summary>
internal static class Conversation
{
    /// <param name="messages">Turns, oldest first.</param>
    /// <param name="tools">Tools that the model may call, a JSON array; null for none.</param>
    /// <param name="change">What is done to every text, keys of JSON included.</param>
    /// <exception cref="TokenizerException">Tools or tool calls are not what they should be.</exception>
    public static (PythonList Messages, object? Tools) ToValues(IReadOnlyList<ChatMessage> messages, JsonElement? tools, Func<string, string> change)
    {
        string Text(string text) => change(Clean(text));
        try
        {
            var turns = new List<object?>(messages.Count);
            foreach (ChatMessage message in messages)
                turns.Add(Turn(message, Text));
            if (tools is not { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } given)
                return (new PythonList(turns), null);
            return given.ValueKind == JsonValueKind.Array
                ? (new PythonList(turns), PythonJson.Read(given, Text))
                : throw new TokenizerException("tools must be a JSON array.");
        }
        catch (InvalidOperationException e)
        {
            throw new TokenizerException("Tools or tool calls hold half a surrogate pair.", e);
        }
    }

    private static PythonDictionary Turn(ChatMessage message, Func<string, string> text)
    {
        var turn = new PythonDictionary();
        turn.Set("role", text(message.Role));
        turn.Set("content", message.Content is null ? null : text(message.Content));
        if (message.Name is not null)
            turn.Set("name", text(message.Name));
        if (message.ToolCalls is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } calls)
        {
            if (calls.ValueKind != JsonValueKind.Array)
                throw new TokenizerException("A message's tool calls must be a JSON array.");
            var list = (PythonList)PythonJson.Read(calls, text)!;
            for (int i = 0; i < list.Items.Count; i++)
                ReadArguments(list.Items[i], calls[i], text);
            turn.Set("tool_calls", list);
        }
        if (message.ToolCallId is not null)
            turn.Set("tool_call_id", text(message.ToolCallId));
        return turn;
    }

    /// <summary>OpenAI's API gives arguments as a JSON text; templates are written for the object.</summary>
    private static void ReadArguments(object? call, JsonElement json, Func<string, string> text)
    {
        if (call is not PythonDictionary dictionary || !dictionary.TryGet("function", out object? function) || function is not PythonDictionary named
            || !json.GetProperty("function").TryGetProperty("arguments", out JsonElement arguments) || arguments.ValueKind != JsonValueKind.String)
            return;
        try
        {
            using JsonDocument parsed = JsonDocument.Parse(arguments.GetString()!);
            if (parsed.RootElement.ValueKind == JsonValueKind.Object)
                named.Set("arguments", PythonJson.Read(parsed.RootElement, text));
        }
        catch (JsonException)
        {
            // A text that is no JSON stays the text that it is.
        }
    }

    /// <summary>Halves of surrogate pairs become U+FFFD, as in every other encoding to UTF-8.</summary>
    private static string Clean(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
