using System.Globalization;
using System.Text;
using System.Text.Json;

namespace GreenTune.Inference.Chat;

/// <summary>
/// Reads a chat completion request and names the field of whatever is wrong with it. What would change the answer but cannot be honoured is
/// refused, never ignored; fields without effect here (user, store, metadata, ...) are passed over.
/// </summary>
internal static class ChatRequestReader
{
    private const int MaxMessages = 2048;
    private const int MaxStops = 4;
    private const int MaxStopLength = 256;

    /// <summary>The validated request.</summary>
    /// <exception cref="ApiException">400, with the field.</exception>
    public static async Task<ChatRequest> ReadAsync(Stream body, CancellationToken cancellation)
    {
        JsonDocument document;
        try
        {
            document = await JsonDocument.ParseAsync(body, new JsonDocumentOptions { MaxDepth = 32 }, cancellation);
        }
        catch (JsonException e)
        {
            throw new ApiException(StatusCodes.Status400BadRequest, $"The body is not valid JSON: {e.Message}", code: "invalid_json");
        }

        using (document)
        {
            return Read(document.RootElement);
        }
    }

    private static ChatRequest Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new ApiException(StatusCodes.Status400BadRequest, "The body must be a JSON object, for example {\"model\": \"auto\", \"messages\": [...]}.", code: "invalid_json");
        }

        RefuseUnsupported(root);
        return new ChatRequest
        {
            Model = ModelOf(root),
            Messages = Messages(root),
            MaxTokens = Integer(root, "max_completion_tokens", 1, 1_000_000) ?? Integer(root, "max_tokens", 1, 1_000_000),
            Temperature = Number(root, "temperature", 0, 2),
            TopP = TopP(root),
            TopK = Integer(root, "top_k", 0, 1_000_000),
            Seed = Seed(root),
            Stop = Stops(root),
            Stream = Boolean(root, "stream") ?? false,
            IncludeUsage = IncludeUsage(root),
        };
    }

    private static string ModelOf(JsonElement root)
    {
        if (!Present(root, "model", out JsonElement model))
        {
            throw ApiException.Bad("model", "is required, for example \"auto\" or \"greentune-tiny-int4\".");
        }

        return model.ValueKind == JsonValueKind.String && model.GetString() is { Length: > 0 and <= 256 } name
            ? name
            : throw ApiException.Bad("model", "must be a non-empty string, for example \"auto\".");
    }

    private static List<ChatTurn> Messages(JsonElement root)
    {
        if (!Present(root, "messages", out JsonElement messages) || messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
        {
            throw ApiException.Bad("messages", "must be a non-empty array, for example [{\"role\": \"user\", \"content\": \"Hello\"}].");
        }

        if (messages.GetArrayLength() > MaxMessages)
        {
            throw ApiException.Bad("messages", $"has {messages.GetArrayLength()} entries; at most {MaxMessages} are accepted.");
        }

        var turns = new List<ChatTurn>(messages.GetArrayLength());
        foreach (JsonElement message in messages.EnumerateArray())
        {
            string field = $"messages[{turns.Count.ToString(CultureInfo.InvariantCulture)}]";
            if (message.ValueKind != JsonValueKind.Object)
            {
                throw ApiException.Bad(field, "must be an object with role and content.");
            }

            turns.Add(new ChatTurn(Role(message, field), Content(message, field)));
        }

        return turns;
    }

    private static string Role(JsonElement message, string field)
    {
        string? role = Present(message, "role", out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        return role switch
        {
            "system" or "user" or "assistant" => role,
            // OpenAI's newer name of the same role.
            "developer" => "system",
            "tool" or "function" => throw ApiException.Unsupported($"{field}.role", "tool messages are not supported by this service."),
            null => throw ApiException.Bad($"{field}.role", "is required: system, user or assistant."),
            _ => throw ApiException.Bad($"{field}.role", $"'{Shortened(role)}' is not a role; it can be system, user or assistant."),
        };
    }

    private static string Content(JsonElement message, string field)
    {
        field += ".content";
        if (!Present(message, "content", out JsonElement content))
        {
            throw ApiException.Bad(field, "is required.");
        }

        switch (content.ValueKind)
        {
            case JsonValueKind.String:
                return Text(content, field);
            case JsonValueKind.Array:
                var text = new StringBuilder();
                int part = 0;
                foreach (JsonElement item in content.EnumerateArray())
                {
                    string partField = $"{field}[{part++.ToString(CultureInfo.InvariantCulture)}]";
                    string? type = item.ValueKind == JsonValueKind.Object && Present(item, "type", out JsonElement t) && t.ValueKind == JsonValueKind.String ? t.GetString() : null;
                    if (type != "text")
                    {
                        throw ApiException.Unsupported($"{partField}.type", "only text parts are supported: {\"type\": \"text\", \"text\": \"...\"}.");
                    }

                    text.Append(Present(item, "text", out JsonElement body) && body.ValueKind == JsonValueKind.String
                        ? Text(body, $"{partField}.text")
                        : throw ApiException.Bad($"{partField}.text", "must be a string."));
                }

                return text.ToString();
            default:
                throw ApiException.Bad(field, "must be a string or an array of text parts.");
        }
    }

    private static string Text(JsonElement element, string field)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // JSON escapes can spell half of a surrogate pair, which no tokenizer can take.
            throw ApiException.Bad(field, "is not valid Unicode text.");
        }
    }

    private static List<string> Stops(JsonElement root)
    {
        if (!Present(root, "stop", out JsonElement stop))
        {
            return [];
        }

        IEnumerable<JsonElement> items = stop.ValueKind switch
        {
            JsonValueKind.String => [stop],
            JsonValueKind.Array => stop.EnumerateArray(),
            _ => throw ApiException.Bad("stop", "must be a string or an array of strings."),
        };
        var stops = new List<string>();
        foreach (JsonElement item in items)
        {
            string? text = item.ValueKind == JsonValueKind.String ? Text(item, "stop") : null;
            if (text is not { Length: > 0 and <= MaxStopLength })
            {
                throw ApiException.Bad("stop", $"must hold strings of 1 to {MaxStopLength} characters.");
            }

            stops.Add(text);
        }

        return stops.Count <= MaxStops ? stops : throw ApiException.Bad("stop", $"has {stops.Count} entries; at most {MaxStops} are accepted.");
    }

    private static double? TopP(JsonElement root)
    {
        double? topP = Number(root, "top_p", 0, 1);
        return topP is 0 ? throw ApiException.Bad("top_p", "must be above 0 and at most 1.") : topP;
    }

    private static long? Seed(JsonElement root)
    {
        if (!Present(root, "seed", out JsonElement seed))
        {
            return null;
        }

        return seed.ValueKind == JsonValueKind.Number && seed.TryGetInt64(out long value)
            ? value
            : throw ApiException.Bad("seed", "must be a whole number.");
    }

    private static bool IncludeUsage(JsonElement root)
    {
        if (!Present(root, "stream_options", out JsonElement options))
        {
            return false;
        }

        return options.ValueKind == JsonValueKind.Object
            ? Boolean(options, "include_usage", "stream_options.") ?? false
            : throw ApiException.Bad("stream_options", "must be an object, for example {\"include_usage\": true}.");
    }

    /// <summary>Fields that would change the answer and that this engine cannot honour.</summary>
    private static void RefuseUnsupported(JsonElement root)
    {
        if (Integer(root, "n", 1, 128) is > 1)
        {
            throw ApiException.Unsupported("n", "only 1 is supported.");
        }

        if (Boolean(root, "logprobs") is true || Present(root, "top_logprobs", out _))
        {
            throw ApiException.Unsupported("logprobs", "is not supported.");
        }

        foreach (string name in (string[])["presence_penalty", "frequency_penalty"])
        {
            if (Number(root, name, -2, 2) is not (null or 0))
            {
                throw ApiException.Unsupported(name, "only 0 is supported.");
            }
        }

        foreach (string name in (string[])["tools", "functions"])
        {
            if (Present(root, name, out JsonElement tools) && !(tools.ValueKind == JsonValueKind.Array && tools.GetArrayLength() == 0))
            {
                throw ApiException.Unsupported(name, "tools are not supported.");
            }
        }

        if (Present(root, "logit_bias", out JsonElement bias) && (bias.ValueKind != JsonValueKind.Object || bias.EnumerateObject().Any()))
        {
            throw ApiException.Unsupported("logit_bias", "is not supported.");
        }

        if (Present(root, "response_format", out JsonElement format)
            && !(format.ValueKind == JsonValueKind.Object && Present(format, "type", out JsonElement type) && type.ValueKind == JsonValueKind.String && type.GetString() == "text"))
        {
            throw ApiException.Unsupported("response_format", "only {\"type\": \"text\"} is supported.");
        }
    }

    private static bool Present(JsonElement element, string name, out JsonElement value) =>
        element.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    private static bool? Boolean(JsonElement element, string name, string prefix = "")
    {
        if (!Present(element, name, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw ApiException.Bad(prefix + name, "must be true or false.");
    }

    private static int? Integer(JsonElement element, string name, int low, int high)
    {
        if (!Present(element, name, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= low && number <= high
            ? (int)number
            : throw ApiException.Bad(name, FormattableString.Invariant($"must be a whole number from {low} to {high}."));
    }

    private static double? Number(JsonElement element, string name, double low, double high)
    {
        if (!Present(element, name, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number >= low && number <= high
            ? number
            : throw ApiException.Bad(name, FormattableString.Invariant($"must be a number from {low} to {high}."));
    }

    private static string Shortened(string text) => text.Length <= 40 ? text : text[..40] + "...";
}
