using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace GreenTune.Models.Checkpoints.Gguf;

/// <summary>Writes a GGUF's tokenizer as Hugging Face's files spell it.</summary>
internal static class TokenizerJson
{
    /// <summary>SentencePiece's sign for a space.</summary>
    private const string Space = "\u2581";

    public static JsonSerializerOptions Options { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = true };

    /// <summary>tokenizer.json; written as a stream, since vocabularies have hundreds of thousands of entries.</summary>
    public static void Write(GgufTokenizer tokenizer, string path)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        using var json = new Utf8JsonWriter(file, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        WriteAddedTokens(tokenizer, json);
        Write("normalizer", tokenizer.PreTokenizer is { } pre ? pre.NormalizerJson() : SentencePieceNormalizer(tokenizer));
        Write("pre_tokenizer", tokenizer.PreTokenizer?.Json());
        Write("post_processor", PostProcessor(tokenizer));
        Write("decoder", tokenizer.PreTokenizer is null ? SentencePieceDecoder(tokenizer) : ByteLevel(trimOffsets: true));
        WriteModel(tokenizer, json);
        json.WriteEndObject();

        void Write(string name, JsonObject? value)
        {
            json.WritePropertyName(name);
            if (value is null)
                json.WriteNullValue();
            else
                value.WriteTo(json);
        }
    }

    /// <summary>tokenizer_config.json.</summary>
    public static JsonObject Config(GgufTokenizer tokenizer)
    {
        var config = new JsonObject { ["tokenizer_class"] = tokenizer.PreTokenizer?.TokenizerClass ?? "LlamaTokenizer" };
        Token("bos_token", tokenizer.Bos);
        Token("eos_token", tokenizer.Eos);
        Token("pad_token", tokenizer.Pad);
        Token("unk_token", tokenizer.Unknown);
        config["add_bos_token"] = tokenizer.AddsBos;
        config["add_eos_token"] = tokenizer.AddsEos;
        if (tokenizer.PreTokenizer is null)
        {
            config["add_prefix_space"] = tokenizer.AddsSpacePrefix;
            config["legacy"] = true;
        }
        else
        {
            config["add_prefix_space"] = false;
        }
        config["clean_up_tokenization_spaces"] = false;
        if (tokenizer.ChatTemplate is { } template)
            config["chat_template"] = template;
        return config;

        void Token(string name, int? id)
        {
            if (id is { } known)
                config[name] = tokenizer.Tokens[known].Text;
        }
    }

    private static void WriteAddedTokens(GgufTokenizer tokenizer, Utf8JsonWriter json)
    {
        json.WriteStartArray("added_tokens");
        foreach (GgufToken token in tokenizer.Tokens)
        {
            bool special = token.Kind is GgufTokenKind.Control or GgufTokenKind.Unknown;
            if ((!special && token.Kind != GgufTokenKind.UserDefined) || token.Text.Length == 0)
                continue;
            json.WriteStartObject();
            json.WriteNumber("id", token.Id);
            json.WriteString("content", token.Text);
            json.WriteBoolean("single_word", false);
            json.WriteBoolean("lstrip", false);
            json.WriteBoolean("rstrip", false);
            json.WriteBoolean("normalized", false);
            json.WriteBoolean("special", special);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteModel(GgufTokenizer tokenizer, Utf8JsonWriter json)
    {
        bool sentencePiece = tokenizer.PreTokenizer is null;
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        json.WriteString("unk_token", sentencePiece && tokenizer.Unknown is { } unknown ? tokenizer.Tokens[unknown].Text : null);
        json.WriteNull("continuing_subword_prefix");
        json.WriteNull("end_of_word_suffix");
        json.WriteBoolean("fuse_unk", sentencePiece);
        json.WriteBoolean("byte_fallback", sentencePiece && tokenizer.Tokens.Any(t => t.Kind == GgufTokenKind.Byte));
        json.WriteBoolean("ignore_merges", tokenizer.PreTokenizer?.TakesWholeWords ?? false);
        json.WriteStartObject("vocab");
        foreach (GgufToken token in tokenizer.Tokens)
            json.WriteNumber(token.Text, token.Id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach ((string left, string right) in tokenizer.Merges)
        {
            json.WriteStartArray();
            json.WriteStringValue(left);
            json.WriteStringValue(right);
            json.WriteEndArray();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Spaces become "▁"; where the file says so another is put before each text between control tokens, as llama.cpp does.</summary>
    private static JsonObject SentencePieceNormalizer(GgufTokenizer tokenizer)
    {
        var replace = new JsonObject { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = " " }, ["content"] = Space };
        return tokenizer.AddsSpacePrefix
            ? new JsonObject { ["type"] = "Sequence", ["normalizers"] = new JsonArray(new JsonObject { ["type"] = "Prepend", ["prepend"] = Space }, replace) }
            : replace;
    }

    private static JsonObject SentencePieceDecoder(GgufTokenizer tokenizer)
    {
        var steps = new JsonArray(
            new JsonObject { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = Space }, ["content"] = " " },
            new JsonObject { ["type"] = "ByteFallback" },
            new JsonObject { ["type"] = "Fuse" });
        if (tokenizer.AddsSpacePrefix)
            steps.Add(new JsonObject { ["type"] = "Strip", ["content"] = " ", ["start"] = 1, ["stop"] = 0 });
        return new JsonObject { ["type"] = "Sequence", ["decoders"] = steps };
    }

    private static JsonObject ByteLevel(bool trimOffsets) =>
        new() { ["type"] = "ByteLevel", ["add_prefix_space"] = true, ["trim_offsets"] = trimOffsets, ["use_regex"] = true };

    /// <summary>Start and end tokens around a text, where the file asks for them.</summary>
    private static JsonObject? PostProcessor(GgufTokenizer tokenizer)
    {
        GgufToken? bos = tokenizer is { AddsBos: true, Bos: { } first } ? tokenizer.Tokens[first] : null;
        GgufToken? eos = tokenizer is { AddsEos: true, Eos: { } last } ? tokenizer.Tokens[last] : null;
        if (bos is null && eos is null)
            return null;
        var special = new JsonObject();
        foreach (GgufToken token in new[] { bos, eos }.OfType<GgufToken>())
            special[token.Text] = new JsonObject { ["id"] = token.Text, ["ids"] = new JsonArray(token.Id), ["tokens"] = new JsonArray(token.Text) };
        var template = new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray([.. Sequence("A", 0)]),
            ["pair"] = new JsonArray([.. Sequence("A", 0), .. Sequence("B", 1)]),
            ["special_tokens"] = special,
        };
        return tokenizer.PreTokenizer is null
            ? template
            : new JsonObject { ["type"] = "Sequence", ["processors"] = new JsonArray(ByteLevel(trimOffsets: false), template) };

        IEnumerable<JsonNode> Sequence(string name, int type)
        {
            if (bos is not null)
                yield return new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = bos.Text, ["type_id"] = type } };
            yield return new JsonObject { ["Sequence"] = new JsonObject { ["id"] = name, ["type_id"] = type } };
            if (eos is not null)
                yield return new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = eos.Text, ["type_id"] = type } };
        }
    }
}
