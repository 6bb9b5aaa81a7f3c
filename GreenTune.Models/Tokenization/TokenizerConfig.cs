using System.Text.Json;
using GreenTune.Models.Tokenization.Interpreter;
using GreenTune.Models.Tokenization.Templates;

namespace GreenTune.Models.Tokenization;

/// <summary>
/// What tokenizer_config.json, special_tokens_map.json and chat_template.jinja say: the texts of bos, eos and the like for templates, and the templates.
/// </summary>
internal sealed class TokenizerConfig
{
    public const string ConfigFile = "tokenizer_config.json";
    private const string SpecialTokensFile = "special_tokens_map.json";
    private const string TemplateFile = "chat_template.jinja";
    private const string DefaultTemplate = "default";
    private const string ToolTemplate = "tool_use";

    private static readonly string[] TokenNames = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    private readonly Dictionary<string, ChatTemplate> _templates = new(StringComparer.Ordinal);

    /// <summary>Texts of the named tokens ("bos_token", ...), as templates see them.</summary>
    public Dictionary<string, string> Tokens { get; } = new(StringComparer.Ordinal);

    public bool HasTemplate => _templates.Count > 0;

    /// <exception cref="ModelFolderException">tokenizer_config.json is missing, a file is not valid, or a template is not.</exception>
    public static TokenizerConfig Read(string folder)
    {
        var config = new TokenizerConfig();
        string file = ConfigFile;
        try
        {
            byte[] bytes = TokenizerFiles.Read(folder, file) ?? throw new ModelFolderException(folder, $"{file} is missing");
            using JsonDocument document = JsonDocument.Parse(bytes);
            var root = new JsonField(document.RootElement, "");
            config.ReadTokens(root);
            config.ReadTemplates(root["chat_template"]);
            file = SpecialTokensFile;
            if (TokenizerFiles.Read(folder, file) is { } map)
            {
                using JsonDocument tokens = JsonDocument.Parse(map);
                config.ReadTokens(new JsonField(tokens.RootElement, ""));
            }
            file = TemplateFile;
            // A template in a file of its own goes before the one in tokenizer_config.json.
            if (TokenizerFiles.Read(folder, file) is { } template)
                config._templates[DefaultTemplate] = ChatTemplate.Parse(System.Text.Encoding.UTF8.GetString(template));
            return config;
        }
        catch (Exception e) when (e is JsonException or TemplateException)
        {
            throw new ModelFolderException(folder, $"{file} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>The template for a conversation, with tools or without.</summary>
    /// <exception cref="TokenizerException">The folder has none.</exception>
    public ChatTemplate Template(bool withTools)
    {
        if (withTools && _templates.TryGetValue(ToolTemplate, out ChatTemplate? forTools))
            return forTools;
        if (_templates.TryGetValue(DefaultTemplate, out ChatTemplate? template))
            return template;
        throw new TokenizerException(_templates.Count == 0
            ? $"The model has no chat template: neither chat_template in {ConfigFile} nor {TemplateFile}."
            : $"The model's chat templates are {string.Join(", ", _templates.Keys.Order(StringComparer.Ordinal))}; none is named {DefaultTemplate}.");
    }

    /// <remarks>A token is its text, or an object: <c>{"content": "&lt;s&gt;", "lstrip": false, "normalized": false, "rstrip": false, "single_word": false}</c>.</remarks>
    private void ReadTokens(JsonField root)
    {
        foreach (string name in TokenNames)
        {
            JsonField token = root[name];
            if (token.Value.ValueKind == JsonValueKind.Object)
                token = token["content"];
            if (token.TextOrNull is { } text)
                Tokens.TryAdd(name, text);
        }
    }

    /// <remarks>A template is its text, or a list: <c>[{"name": "default", "template": "..."}, {"name": "tool_use", "template": "..."}]</c>.</remarks>
    private void ReadTemplates(JsonField field)
    {
        if (field.IsNull)
            return;
        if (field.Value.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonField named in field.Items())
                Add(named["name"].Text, named["template"]);
        }
        else
        {
            Add(DefaultTemplate, field);
        }
    }

    private void Add(string name, JsonField template)
    {
        try
        {
            _templates[name] = ChatTemplate.Parse(template.Text);
        }
        catch (TemplateException e)
        {
            throw template.Wrong($"is no valid template: {e.Message}");
        }
    }
}

/// <summary>Files of a tokenizer, links out of the folder refused.</summary>
internal static class TokenizerFiles
{
    /// <summary>A file's bytes; null when it is not there.</summary>
    public static byte[]? Read(string folder, string name)
    {
        string path = FolderPaths.Inside(folder, name);
        return File.Exists(path) ? WithoutMark(File.ReadAllBytes(path)) : null;
    }

    private static byte[] WithoutMark(byte[] bytes) => bytes is [0xEF, 0xBB, 0xBF, ..] ? bytes[3..] : bytes;
}
