using System.Text.Json;
using System.Text.Json.Nodes;

namespace GreenTune.Models.Checkpoints;

/// <summary>Strict reading of a folder's JSON settings: every error names the field, what it holds and what is expected.</summary>
internal sealed class ConfigReader : IDisposable
{
    private readonly JsonDocument? _document;
    private readonly JsonElement _root;
    private readonly string _folder;
    private readonly string _file;
    private readonly string _section;
    private readonly IReadOnlyDictionary<string, string>? _keys;

    private ConfigReader(JsonDocument? document, JsonElement root, string folder, string file, string section, IReadOnlyDictionary<string, string>? keys = null)
    {
        _document = document;
        _root = root;
        _folder = folder;
        _file = file;
        _section = section;
        _keys = keys;
    }

    /// <summary>Name of the file that the settings come from, as errors have it.</summary>
    public string FileName => _file;

    public static ConfigReader Open(string folder, string file)
    {
        string path = FolderPaths.Inside(folder, file);
        if (!File.Exists(path))
            throw new ModelFolderException(folder, $"{file} is missing");
        try
        {
            using FileStream stream = File.OpenRead(path);
            JsonDocument document = JsonDocument.Parse(stream);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return new ConfigReader(document, document.RootElement, folder, file, "");
            document.Dispose();
            throw new ModelFolderException(folder, $"{file} is not a JSON object");
        }
        catch (JsonException e)
        {
            throw new ModelFolderException(folder, $"{file} is not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>Settings that another kind of file holds under names of its own.</summary>
    /// <param name="folder">Where the file is.</param>
    /// <param name="file">Its name, for errors.</param>
    /// <param name="settings">Spelt as in config.json.</param>
    /// <param name="keys">The file's own name of a field, for errors.</param>
    public static ConfigReader FromMemory(string folder, string file, JsonObject settings, IReadOnlyDictionary<string, string> keys)
    {
        JsonDocument document = JsonSerializer.SerializeToDocument(settings);
        return new ConfigReader(document, document.RootElement, folder, file, "", keys);
    }

    public void Dispose() => _document?.Dispose();

    /// <summary>An object inside this one; valid as long as this one is.</summary>
    public ConfigReader Section(string field) => OptionalSection(field) ?? throw Error(field, "is missing");

    public ConfigReader? OptionalSection(string field)
    {
        if (Find(field) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Object
            ? new ConfigReader(null, value, _folder, _file, $"{_section}{field}.", _keys)
            : throw Error(field, $"is {Short(value)}; an object is expected");
    }

    /// <summary>An error about <paramref name="field"/> of this file.</summary>
    public ModelFolderException Error(string field, string what)
    {
        string name = _section + field;
        return new(_folder, _keys is not null && _keys.TryGetValue(name, out string? key) ? $"{_file}: {key} ({name}) {what}" : $"{_file}: {name} {what}");
    }

    /// <summary>A field that is there and not null.</summary>
    public JsonElement? Find(string field) =>
        _root.TryGetProperty(field, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public int Integer(string field, int minimum = 1, int maximum = int.MaxValue) =>
        OptionalInteger(field, minimum, maximum) ?? throw Error(field, "is missing");

    public int? OptionalInteger(string field, int minimum = 1, int maximum = int.MaxValue)
    {
        if (Find(field) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out int number) || number < minimum || number > maximum)
            throw Error(field, $"is {Short(value)}; a whole number from {minimum} to {maximum} is expected");
        return number;
    }

    public double? OptionalPositive(string field) => Find(field) is { } value ? Positive(field, value) : null;

    public double Positive(string field, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number) && number > 0
            ? number
            : throw Error(field, $"is {Short(value)}; a positive number is expected");

    public double? OptionalNumber(string field, double minimum, double maximum)
    {
        if (Find(field) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number) || !(number >= minimum && number <= maximum))
            throw Error(field, $"is {Short(value)}; a number from {minimum} to {maximum} is expected");
        return number;
    }

    public bool OptionalBoolean(string field, bool otherwise) => Find(field) is not { } value
        ? otherwise
        : value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Error(field, $"is {Short(value)}; true or false is expected"),
        };

    public string? OptionalText(string field) => Find(field) is not { } value
        ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() : throw Error(field, $"is {Short(value)}; text is expected");

    /// <summary>A token id or a list of them; empty when the field is not there.</summary>
    public IReadOnlyList<int> TokenIds(string field)
    {
        if (Find(field) is not { } value)
            return [];
        JsonElement[] items = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        var ids = new List<int>(items.Length);
        foreach (JsonElement item in items)
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out int id) || id < 0)
                throw Error(field, $"is {Short(value)}; a token id or a list of token ids is expected");
            ids.Add(id);
        }
        return ids;
    }

    /// <summary>A value as an error message shows it.</summary>
    public static string Short(JsonElement value)
    {
        string text = value.GetRawText();
        return text.Length <= 60 ? text : text[..57] + "...";
    }
}
