using System.Text.Json;

namespace GreenTune.Dashboard.Services;

/// <summary>What a problem document (RFC 9457, with ASP.NET Core's "errors") or OpenAI's error envelope says to the reader.</summary>
/// <param name="Message">One or two sentences; null when the body is neither.</param>
/// <param name="Fields">Messages by field, in camelCase.</param>
internal sealed record ProblemText(string? Message, IReadOnlyDictionary<string, string> Fields)
{
    private static readonly ProblemText Unknown = new(null, new Dictionary<string, string>());

    public static ProblemText Read(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object ? Read(document.RootElement) : Unknown;
        }
        catch (JsonException)
        {
            return Unknown;
        }
    }

    private static ProblemText Read(JsonElement root)
    {
        // {"error": {"message": "...", "param": "max_tokens"}}
        if (root.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object)
        {
            var named = Text(error, "param") is { } param && Text(error, "message") is { } about
                ? new Dictionary<string, string> { [param] = about }
                : [];
            return new(Text(error, "message"), named);
        }

        // {"title": "...", "detail": "...", "errors": {"limit": ["..."]}}
        var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        if (root.TryGetProperty("errors", out var errors) && errors.ValueKind == JsonValueKind.Object)
        {
            foreach (var field in errors.EnumerateObject())
            {
                var message = field.Value.ValueKind == JsonValueKind.Array
                    ? string.Join(" ", field.Value.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.String).Select(v => v.GetString()))
                    : field.Value.ValueKind == JsonValueKind.String ? field.Value.GetString() : null;
                if (!string.IsNullOrWhiteSpace(message))
                {
                    fields[JsonNamingPolicy.CamelCase.ConvertName(field.Name)] = message;
                }
            }
        }

        var said = Text(root, "detail") ?? (fields.Count > 0 ? string.Join(" ", fields.Values) : Text(root, "title"));
        return new(said, fields);
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;
}
