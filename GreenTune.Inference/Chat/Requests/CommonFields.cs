using System.Text.Json;

namespace GreenTune.Inference.Chat.Requests;

/// <summary>Readers of fields that both endpoints have.</summary>
internal static class CommonFields
{
    private const int MaxStops = 4;
    private const int MaxStopLength = 256;
    private const int MaxModelLength = 256;

    public static string Model(RequestFields fields) =>
        fields.Text("model", $"a string of 1 to {MaxModelLength} characters, for example \"auto\"", 1, MaxModelLength)
        ?? throw ApiException.Bad("model", "is required, for example \"auto\" or \"greentune-tiny-int4\".");

    public static List<string> Stops(RequestFields fields)
    {
        if (!fields.TryGet("stop", out JsonElement stop))
        {
            return [];
        }

        if (stop.ValueKind is not (JsonValueKind.String or JsonValueKind.Array))
        {
            throw ApiException.Bad("stop", "must be a string or an array of strings, for example [\"\\n\\n\"].");
        }

        if (stop.ValueKind == JsonValueKind.Array && stop.GetArrayLength() > MaxStops)
        {
            throw ApiException.Bad("stop", $"has {stop.GetArrayLength()} entries; at most {MaxStops} are accepted.");
        }

        IEnumerable<JsonElement> items = stop.ValueKind == JsonValueKind.String ? [stop] : stop.EnumerateArray();
        return [.. items.Select(item => RequestFields.TextOf(item, "stop") is { Length: > 0 and <= MaxStopLength } text
            ? text
            : throw ApiException.Bad("stop", $"must hold strings of 1 to {MaxStopLength} characters."))];
    }

    public static int Choices(RequestFields fields) => fields.Integer("n", 1, TextRequest.MaxChoices) ?? 1;

    /// <summary>stream_options.include_usage.</summary>
    public static bool IncludeUsage(RequestFields fields, bool stream)
    {
        if (fields.Object("stream_options", "{\"include_usage\": true}") is not { } options)
        {
            return false;
        }

        if (!stream)
        {
            throw ApiException.Bad("stream_options", "is for streamed answers: send \"stream\": true with it, or leave it out; an answer that is not streamed always has its usage.");
        }

        // Padding against readers of encrypted traffic is not needed on this API; whether it is wanted changes nothing in the answer.
        options.Boolean("include_obfuscation");
        return options.Boolean("include_usage") ?? false;
    }
}
