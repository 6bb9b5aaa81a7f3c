using System.Text.Json;

namespace GreenTune.Models.Tokenization.Interpreter;

/// <summary>A field of tokenizer.json with the path that leads to it, so that an error can name it.</summary>
internal readonly record struct JsonField(JsonElement Value, string Path)
{
    public bool IsNull => Value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined;

    /// <summary>A field inside; null where the file has none.</summary>
    public JsonField this[string name]
    {
        get
        {
            if (Value.ValueKind != JsonValueKind.Object)
                throw Wrong("must be an object");
            return new JsonField(Value.TryGetProperty(name, out JsonElement value) ? value : default, Path.Length == 0 ? name : $"{Path}.{name}");
        }
    }

    public string Type => this["type"].Text;

    public string Text => Value.ValueKind == JsonValueKind.String ? ReadText() : throw Wrong("must be a text");

    public string? TextOrNull => IsNull ? null : Text;

    public int Integer => Value.ValueKind == JsonValueKind.Number && Value.TryGetInt32(out int number) ? number : throw Wrong("must be a whole number");

    public double Number => Value.ValueKind == JsonValueKind.Number && Value.TryGetDouble(out double number) ? number : throw Wrong("must be a number");

    public bool Flag(bool otherwise) => Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Null or JsonValueKind.Undefined => otherwise,
        _ => throw Wrong("must be true or false"),
    };

    public IEnumerable<JsonField> Items()
    {
        if (Value.ValueKind != JsonValueKind.Array)
            throw Wrong("must be a list");
        string path = Path;
        return Value.EnumerateArray().Select((item, i) => new JsonField(item, $"{path}[{i}]"));
    }

    public IEnumerable<(string Name, JsonField Value)> Properties()
    {
        if (Value.ValueKind != JsonValueKind.Object)
            throw Wrong("must be an object");
        string path = Path;
        return Value.EnumerateObject().Select(p => (p.Name, new JsonField(p.Value, $"{path}.{p.Name}")));
    }

    /// <summary>What is wrong with the field, as an error to throw.</summary>
    public JsonException Wrong(string what) => new($"{(Path.Length == 0 ? "the file" : Path)} {what}");

    private string ReadText()
    {
        try
        {
            return Value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException($"{Path} holds half a surrogate pair", e);
        }
    }
}
