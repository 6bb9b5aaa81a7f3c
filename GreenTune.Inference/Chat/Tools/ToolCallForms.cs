using System.Buffers;
using System.Text;
using System.Text.Json;

namespace GreenTune.Inference.Chat.Tools;

/// <summary>Reads the texts of tool calls. What is not one, or names a tool that was not offered, gives no calls.</summary>
internal static class ToolCallForms
{
    private const string Mistral = "[TOOL_CALLS]";
    private const string MistralArguments = "[ARGS]";
    private const string MistralId = "[CALL_ID]";
    private const string Llama = "<|python_tag|>";
    private const int MaxDepth = 64;

    /// <summary>Texts that begin calls.</summary>
    public static IReadOnlyList<string> Marks { get; } = [ToolCallReader.Open, Mistral, Llama];

    /// <summary>Texts that belong to a call's form. Where a model has them as control tokens they are not part of its text and have to be put back.</summary>
    public static IReadOnlyList<string> Words { get; } = [ToolCallReader.Open, ToolCallReader.Close, Mistral, MistralArguments, MistralId, Llama];

    /// <summary>What stands between the marks of Hermes: one call.</summary>
    public static IReadOnlyList<ToolCall> Marked(string text, ToolSet tools) => Objects(text, tools) is [_] call ? call : [];

    /// <summary>An answer, or the rest of one, that is calls to its end.</summary>
    public static IReadOnlyList<ToolCall> ToEnd(string text, ToolSet tools)
    {
        text = text.Trim();
        if (text.StartsWith(Llama, StringComparison.Ordinal))
        {
            return Objects(text[Llama.Length..], tools);
        }

        if (!text.StartsWith(Mistral, StringComparison.Ordinal))
        {
            return Objects(text, tools);
        }

        var calls = new List<ToolCall>();
        foreach (string part in text.Split(Mistral, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            IReadOnlyList<ToolCall> found = part[0] is '[' or '{' ? Objects(part, tools) : Named(part, tools);
            if (found.Count == 0)
            {
                return [];
            }

            calls.AddRange(found);
        }

        return calls;
    }

    /// <summary>Mistral's newer form: `get[CALL_ID]a1b2c3d4e[ARGS]{"city": "Bern"}`, the marks left out by some.</summary>
    private static IReadOnlyList<ToolCall> Named(string text, ToolSet tools)
    {
        int brace = text.IndexOf('{', StringComparison.Ordinal);
        if (brace < 0)
        {
            return [];
        }

        string head = text[..brace].Replace(MistralArguments, "", StringComparison.Ordinal);
        string[] parts = head.Split(MistralId, StringSplitOptions.TrimEntries);
        if (parts.Length > 2 || !tools.Names.Contains(parts[0]) || Values(text[brace..]) is not [{ ValueKind: JsonValueKind.Object } arguments])
        {
            return [];
        }

        return [new ToolCall(parts is [_, { Length: > 0 } id] ? id : ToolCall.NewId(), parts[0], arguments.GetRawText())];
    }

    /// <summary>Objects with name and arguments (or parameters): one, several in a row, or an array.</summary>
    private static List<ToolCall> Objects(string text, ToolSet tools)
    {
        if (Values(text) is not { Count: > 0 } values)
        {
            return [];
        }

        if (values is [{ ValueKind: JsonValueKind.Array } array])
        {
            values = [.. array.EnumerateArray()];
        }

        var calls = new List<ToolCall>(values.Count);
        foreach (JsonElement value in values)
        {
            if (Call(value, tools) is not { } call)
            {
                return [];
            }

            calls.Add(call);
        }

        return calls;
    }

    private static ToolCall? Call(JsonElement value, ToolSet tools)
    {
        try
        {
            if (value.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            // Some models repeat OpenAI's outer object: {"type": "function", "function": {"name": ...}}.
            if (value.TryGetProperty("function", out JsonElement inner) && inner.ValueKind == JsonValueKind.Object)
            {
                value = inner;
            }

            if (!value.TryGetProperty("name", out JsonElement name) || name.ValueKind != JsonValueKind.String || !tools.Names.Contains(name.GetString()!)
                || !(value.TryGetProperty("arguments", out JsonElement arguments) || value.TryGetProperty("parameters", out arguments))
                || Arguments(arguments) is not { } given)
            {
                return null;
            }

            string? id = value.TryGetProperty("id", out JsonElement own) && own.ValueKind == JsonValueKind.String ? own.GetString() : null;
            return new ToolCall(string.IsNullOrEmpty(id) ? ToolCall.NewId() : id, name.GetString()!, given);
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, escaped.
            return null;
        }
    }

    /// <summary>Arguments are an object, or its JSON text.</summary>
    private static string? Arguments(JsonElement arguments) => arguments.ValueKind switch
    {
        JsonValueKind.Object => arguments.GetRawText(),
        JsonValueKind.String when Values(arguments.GetString()!) is [{ ValueKind: JsonValueKind.Object }] => arguments.GetString(),
        _ => null,
    };

    /// <summary>JSON values in a row, with ';' or ',' or nothing between them; null when there is anything else.</summary>
    private static List<JsonElement>? Values(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        var values = new List<JsonElement>();
        ReadOnlySpan<byte> rest = bytes;
        try
        {
            while (true)
            {
                rest = rest[Separators(rest)..];
                if (rest.IsEmpty)
                {
                    return values;
                }

                var reader = new Utf8JsonReader(rest, new JsonReaderOptions { MaxDepth = MaxDepth, AllowMultipleValues = true });
                values.Add(JsonElement.ParseValue(ref reader));
                rest = rest[(int)reader.BytesConsumed..];
            }
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static int Separators(ReadOnlySpan<byte> text)
    {
        int other = text.IndexOfAnyExcept(SeparatorBytes);
        return other < 0 ? text.Length : other;
    }

    private static readonly SearchValues<byte> SeparatorBytes = SearchValues.Create(" \t\r\n;,"u8);
}
