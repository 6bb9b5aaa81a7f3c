using System.Text.Json;

namespace GreenTune.Inference.External;

/// <summary>What one event of an upstream's stream, or its whole answer, says about tokens.</summary>
internal readonly record struct UpstreamChunk
{
    /// <summary>It has a piece of text, of a thought or of a call.</summary>
    public bool HasContent { get; private init; }

    /// <summary>Why the answer ended; null while it goes on.</summary>
    public string? FinishReason { get; private init; }

    public int? InputTokens { get; private init; }

    public int? OutputTokens { get; private init; }

    /// <summary>It carries the usage and no choices.</summary>
    public bool IsUsageAlone { get; private init; }

    /// <summary>The upstream's own error; null for none.</summary>
    public string? Error { get; private init; }

    /// <summary>Reads an object.</summary>
    public static UpstreamChunk Of(JsonElement root)
    {
        if (Property(root, "error") is { ValueKind: not JsonValueKind.Null })
        {
            return new UpstreamChunk { Error = UpstreamErrors.Read(root).Message ?? "an error without a message" };
        }

        bool content = false;
        string? finish = null;
        int choices = 0;
        if (Property(root, "choices") is { ValueKind: JsonValueKind.Array } list)
        {
            foreach (JsonElement choice in list.EnumerateArray())
            {
                choices++;
                content |= HasText(choice) || (Property(choice, "delta") is { } delta && HasText(delta)) || (Property(choice, "message") is { } message && HasText(message));
                finish = Property(choice, "finish_reason") is { ValueKind: JsonValueKind.String } reason ? reason.GetString() : finish;
            }
        }

        JsonElement? usage = Property(root, "usage") is { ValueKind: JsonValueKind.Object } some ? some : null;
        return new UpstreamChunk
        {
            HasContent = content,
            FinishReason = finish,
            InputTokens = Tokens(usage, "prompt_tokens"),
            OutputTokens = Tokens(usage, "completion_tokens"),
            IsUsageAlone = usage is not null && choices == 0,
        };
    }

    private static bool HasText(JsonElement part)
    {
        foreach (string name in (ReadOnlySpan<string>)["content", "text", "reasoning_content", "reasoning", "refusal"])
        {
            if (Property(part, name) is { ValueKind: JsonValueKind.String } text && text.GetString()!.Length > 0)
            {
                return true;
            }
        }

        return Property(part, "tool_calls") is { ValueKind: JsonValueKind.Array } calls && calls.GetArrayLength() > 0;
    }

    private static int? Tokens(JsonElement? usage, string name) =>
        usage is { } some && Property(some, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out int tokens) && tokens is >= 0 and <= 10_000_000 ? tokens : null;

    private static JsonElement? Property(JsonElement owner, string name) =>
        owner.ValueKind == JsonValueKind.Object && owner.TryGetProperty(name, out JsonElement value) ? value : null;
}
