namespace GreenTune.Inference.Chat.Requests;

/// <summary>Reads response_format.</summary>
internal static class ResponseFormatField
{
    private const string Name = "response_format";
    private const string AnyObject = """{"type": "object"}""";
    private const int MaxSchema = 64 * 1024;

    /// <summary>The JSON schema that the answer has to keep; null when it is free text.</summary>
    /// <exception cref="ApiException">400, with the field.</exception>
    public static string? Read(RequestFields fields)
    {
        if (fields.Object(Name, "{\"type\": \"json_object\"}") is not { } format)
        {
            return null;
        }

        return format.Text("type", "a string") switch
        {
            "text" => null,
            "json_object" => AnyObject,
            "json_schema" => Schema(format),
            null => throw ApiException.Bad(format.PathOf("type"), "is required: \"text\", \"json_object\" or \"json_schema\"."),
            { } other => throw ApiException.Unsupported(format.PathOf("type"), $"'{RequestFields.Shown(other)}' is not supported; it can be \"text\", \"json_object\" or \"json_schema\"."),
        };
    }

    private static string Schema(RequestFields format)
    {
        const string Example = "{\"name\": \"answer\", \"schema\": {\"type\": \"object\"}}";
        RequestFields outer = format.Object("json_schema", Example) ?? throw ApiException.Bad(format.PathOf("json_schema"), $"is required, for example {Example}.");
        _ = outer.Text("name", "a string of 1 to 64 characters", 1, 64) ?? throw ApiException.Bad(outer.PathOf("name"), "is required, for example \"answer\".");
        outer.Text("description", "a string");
        // A schema is always held, which is more than a client asks for that leaves it out or says false.
        outer.Boolean("strict");
        if (outer.Object("schema", "{\"type\": \"object\"}") is not { } schema)
        {
            return AnyObject;
        }

        string text = schema.Element.GetRawText();
        return text.Length <= MaxSchema ? text : throw ApiException.Bad(schema.Path, $"has {text.Length} characters; at most {MaxSchema} are accepted.");
    }
}
