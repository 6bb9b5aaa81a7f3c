using System.Text;
using System.Text.Json;
using GreenTune.Inference.Chat;

namespace GreenTune.Inference.External;

/// <summary>A client's request as it goes on to an upstream: the same but for the model's name and, where it streams, the wish for usage.</summary>
/// <param name="Json">The body for the upstream.</param>
/// <param name="Stream">The client wants events.</param>
/// <param name="IncludeUsage">The client wants the usage at the end of its stream.</param>
/// <param name="EstimatedInputTokens">A quarter of the characters of its texts: what is said of its length where the upstream says nothing.</param>
/// <param name="MaxTokens">Tokens that it may generate; null where it names none.</param>
internal sealed record UpstreamRequest(byte[] Json, bool Stream, bool IncludeUsage, int EstimatedInputTokens, int? MaxTokens)
{
    /// <summary>About what tokenizers of today make of English prose.</summary>
    public const int CharactersPerToken = 4;

    private const int MaxDepth = 64;

    /// <summary>The model that a body names; null where it is no JSON object with one, which its endpoint then says.</summary>
    public static string? ModelOf(ReadOnlySpan<byte> body)
    {
        string? model = null;
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return null;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isModel = reader.ValueTextEquals("model"u8);
                reader.Read();
                // Of several the last one counts, as for the endpoint.
                model = isModel ? reader.TokenType == JsonTokenType.String ? reader.GetString() : null : model;
                reader.Skip();
            }

            return model;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <exception cref="ApiException">400: the body is not valid, or a field that matters here is not.</exception>
    public static UpstreamRequest Of(ReadOnlyMemory<byte> body, Upstream upstream)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaxDepth });
            JsonElement root = document.RootElement;
            bool stream = Flag(root, "stream", "stream");
            JsonElement? options = Last(root, "stream_options");
            if (options is { ValueKind: not (JsonValueKind.Object or JsonValueKind.Null) })
            {
                throw ApiException.Bad("stream_options", "must be an object, for example {\"include_usage\": true}.");
            }

            bool includeUsage = options is { ValueKind: JsonValueKind.Object } some && Flag(some, "include_usage", "stream_options.include_usage");
            return new UpstreamRequest(Write(root, upstream, stream, options), stream, includeUsage, (int)Math.Min(int.MaxValue, Characters(root) / CharactersPerToken), MaxTokensOf(root));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or DecoderFallbackException)
        {
            throw new ApiException(StatusCodes.Status400BadRequest, "The body is not valid JSON.", code: "invalid_json");
        }
    }

    private static byte[] Write(JsonElement root, Upstream upstream, bool stream, JsonElement? options)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("model", upstream.Model);
            foreach (JsonProperty property in root.EnumerateObject().Where(property => property.Name is not ("model" or "stream_options")))
            {
                property.WriteTo(writer);
            }

            if (stream)
            {
                writer.WriteStartObject("stream_options");
                writer.WriteBoolean("include_usage", true);
                if (options is { ValueKind: JsonValueKind.Object } asked)
                {
                    foreach (JsonProperty property in asked.EnumerateObject().Where(property => property.Name != "include_usage"))
                    {
                        property.WriteTo(writer);
                    }
                }

                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    /// <summary>Characters of the prompt or of the messages' texts.</summary>
    private static long Characters(JsonElement root)
    {
        return Count(Last(root, "prompt")) + Count(Last(root, "messages"));

        static long Count(JsonElement? element) => element switch
        {
            { ValueKind: JsonValueKind.String } text => text.GetString()!.Length,
            { ValueKind: JsonValueKind.Array } list => list.EnumerateArray().Sum(item => Count(item)),
            { ValueKind: JsonValueKind.Object } part => Count(Last(part, "content")) + Count(Last(part, "text")),
            _ => 0,
        };
    }

    private static int? MaxTokensOf(JsonElement root) =>
        (Last(root, "max_completion_tokens") ?? Last(root, "max_tokens")) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out int tokens) && tokens > 0 ? tokens : null;

    private static bool Flag(JsonElement owner, string name, string field) => Last(owner, name) switch
    {
        null or { ValueKind: JsonValueKind.Null or JsonValueKind.False } => false,
        { ValueKind: JsonValueKind.True } => true,
        _ => throw ApiException.Bad(field, "must be true or false."),
    };

    private static JsonElement? Last(JsonElement owner, string name) => owner.TryGetProperty(name, out JsonElement value) ? value : null;
}
