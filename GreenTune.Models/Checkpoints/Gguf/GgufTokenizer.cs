using System.Text.Json.Nodes;

namespace GreenTune.Models.Checkpoints.Gguf;

/// <summary>What a token of a vocabulary is (<c>tokenizer.ggml.token_type</c>).</summary>
internal enum GgufTokenKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>A token: its text, its score where the vocabulary has scores, and what it is.</summary>
internal sealed record GgufToken(int Id, string Text, float Score, GgufTokenKind Kind);

/// <summary>The tokenizer and chat template in a GGUF file's metadata.</summary>
internal sealed record GgufTokenizer
{
    public const string TokensKey = "tokenizer.ggml.tokens";
    public const string BosKey = "tokenizer.ggml.bos_token_id";
    public const string EosKey = "tokenizer.ggml.eos_token_id";
    public const string PadKey = "tokenizer.ggml.padding_token_id";

    private const string ModelKey = "tokenizer.ggml.model";
    private const string ScoresKey = "tokenizer.ggml.scores";
    private const string KindsKey = "tokenizer.ggml.token_type";
    private const string MergesKey = "tokenizer.ggml.merges";
    private const string UnknownKey = "tokenizer.ggml.unknown_token_id";
    private const string EotKey = "tokenizer.ggml.eot_token_id";
    private const string EomKey = "tokenizer.ggml.eom_token_id";
    private const int MaximumTokens = 1 << 24;

    /// <summary>Control tokens that end an answer whatever the metadata says: llama.cpp's list of texts, since a file names one end of text only.</summary>
    private static readonly HashSet<string> Ends = new(StringComparer.Ordinal)
    {
        "<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|end|>", "<|end_of_text|>", "<|endoftext|>", "<end_of_turn>", "<EOT>", "[EOT]", "[EOS]",
    };

    public required GgufMetadata Metadata { get; init; }

    public required IReadOnlyList<GgufToken> Tokens { get; init; }

    /// <summary>Pairs in the order in which they are tried.</summary>
    public required IReadOnlyList<(string Left, string Right)> Merges { get; init; }

    /// <summary>How byte-level BPE cuts text; null for SentencePiece.</summary>
    public required GgufPreTokenizer? PreTokenizer { get; init; }

    public int? Bos { get; private init; }

    public int? Eos { get; private init; }

    public int? Pad { get; private init; }

    public int? Unknown { get; private init; }

    public bool AddsBos { get; private init; }

    public bool AddsEos { get; private init; }

    /// <summary>SentencePiece puts a space before the text.</summary>
    public bool AddsSpacePrefix { get; private init; }

    /// <summary>Jinja template; null where the model has none.</summary>
    public string? ChatTemplate { get; private init; }

    /// <exception cref="ModelFolderException">There is no tokenizer, its kind is not known, or its parts do not fit together.</exception>
    public static GgufTokenizer Read(GgufMetadata metadata)
    {
        string model = metadata.Text(ModelKey) ?? throw metadata.Error(ModelKey, "is missing: the file holds no tokenizer");
        if (model is not ("gpt2" or "llama"))
            throw metadata.Error(ModelKey, $"is {model}; known are gpt2 (byte-level BPE) and llama (SentencePiece BPE)");
        bool sentencePiece = model == "llama";
        GgufToken[] tokens = ReadTokens(metadata, sentencePiece);
        GgufPreTokenizer? pre = sentencePiece ? null : GgufPreTokenizer.Of(metadata);
        return new GgufTokenizer
        {
            Metadata = metadata,
            Tokens = tokens,
            PreTokenizer = pre,
            Merges = sentencePiece ? SentencePieceMerges.Derive([.. tokens.Where(t => t.Kind == GgufTokenKind.Normal).Select(t => (t.Text, t.Score, t.Id))]) : ReadMerges(metadata, tokens),
            Bos = Id(BosKey),
            Eos = Id(EosKey),
            Pad = Id(PadKey),
            Unknown = Id(UnknownKey) ?? tokens.FirstOrDefault(t => t.Kind == GgufTokenKind.Unknown)?.Id,
            AddsBos = metadata.Boolean("tokenizer.ggml.add_bos_token") ?? pre?.AddsBos ?? true,
            AddsEos = metadata.Boolean("tokenizer.ggml.add_eos_token") ?? false,
            AddsSpacePrefix = metadata.Boolean("tokenizer.ggml.add_space_prefix") ?? sentencePiece,
            ChatTemplate = metadata.Text("tokenizer.chat_template"),
        };

        int? Id(string key) => metadata.OptionalInteger(key, 0, tokens.Length - 1);
    }

    /// <summary>generation_config.json, as far as the metadata says: every token that ends an answer.</summary>
    public static JsonObject Generation(GgufMetadata metadata)
    {
        var ends = new SortedSet<int>();
        int? end = metadata.OptionalInteger(EosKey, 0);
        foreach (string key in (ReadOnlySpan<string>)[EotKey, EomKey])
        {
            if (metadata.OptionalInteger(key, 0) is { } id)
                ends.Add(id);
        }
        if (metadata.Has(TokensKey) && metadata.Has(KindsKey))
            ends.UnionWith(ReadTokens(metadata, scored: false).Where(t => t.Kind == GgufTokenKind.Control && Ends.Contains(t.Text)).Select(t => t.Id));
        var generation = new JsonObject();
        int[] all = [.. end is { } first ? [first] : Array.Empty<int>(), .. ends.Where(id => id != end)];
        if (all.Length > 0)
            generation["eos_token_id"] = new JsonArray([.. all.Select(id => (JsonNode)JsonValue.Create(id))]);
        return generation;
    }

    /// <summary>Writes tokenizer.json and tokenizer_config.json.</summary>
    public void Write(string folder)
    {
        TokenizerJson.Write(this, Path.Combine(folder, "tokenizer.json"));
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), TokenizerJson.Config(this).ToJsonString(TokenizerJson.Options) + "\n");
    }

    private static GgufToken[] ReadTokens(GgufMetadata metadata, bool scored)
    {
        int count = metadata.Count(TokensKey) ?? throw metadata.Error(TokensKey, "is missing");
        if (count is 0 or > MaximumTokens)
            throw metadata.Error(TokensKey, $"has {count} tokens; 1 to {MaximumTokens} are expected");
        string[] texts = metadata.Texts(TokensKey)!;
        int[]? kinds = metadata.Integers(KindsKey);
        float[]? scores = scored ? metadata.Floats(ScoresKey) ?? throw metadata.Error(ScoresKey, "is missing: merges follow from the scores") : null;
        Check(KindsKey, kinds?.Length);
        Check(ScoresKey, scores?.Length);
        var ids = new Dictionary<string, int>(texts.Length, StringComparer.Ordinal);
        var tokens = new GgufToken[texts.Length];
        for (int i = 0; i < texts.Length; i++)
        {
            // Places that converters left empty; llama.cpp names them so too.
            if (texts[i].Length == 0)
                texts[i] = FormattableString.Invariant($"[EMPTY_{i}]");
            if (!ids.TryAdd(texts[i], i))
                throw metadata.Error($"{TokensKey}[{i}]", $"is the same text as {TokensKey}[{ids[texts[i]]}]");
            int kind = kinds?[i] ?? (int)GgufTokenKind.Normal;
            if (!Enum.IsDefined((GgufTokenKind)kind))
                throw metadata.Error($"{KindsKey}[{i}]", $"is {kind}; 1 to 6 are known");
            if (scores is not null && !float.IsFinite(scores[i]))
                throw metadata.Error($"{ScoresKey}[{i}]", "is no number");
            tokens[i] = new GgufToken(i, texts[i], scores?[i] ?? 0, (GgufTokenKind)kind);
        }
        return tokens;

        void Check(string key, int? length)
        {
            if (length is not null && length != texts.Length)
                throw metadata.Error(key, $"has {length} elements, where {TokensKey} has {texts.Length}");
        }
    }

    private static (string Left, string Right)[] ReadMerges(GgufMetadata metadata, IReadOnlyList<GgufToken> tokens)
    {
        string[] lines = metadata.Texts(MergesKey) ?? throw metadata.Error(MergesKey, "is missing");
        var texts = tokens.Select(t => t.Text).ToHashSet(StringComparer.Ordinal);
        var merges = new (string Left, string Right)[lines.Length];
        for (int i = 0; i < lines.Length; i++)
        {
            // A part may begin with a space of its own in old files: the one that parts them comes later.
            int space = lines[i].Length > 1 ? lines[i].IndexOf(' ', 1) : -1;
            if (space < 0 || space == lines[i].Length - 1)
                throw metadata.Error($"{MergesKey}[{i}]", $"is '{lines[i]}'; two tokens with a space between them are expected");
            merges[i] = (lines[i][..space], lines[i][(space + 1)..]);
            foreach (string part in (ReadOnlySpan<string>)[merges[i].Left, merges[i].Right, merges[i].Left + merges[i].Right])
            {
                if (!texts.Contains(part))
                    throw metadata.Error($"{MergesKey}[{i}]", $"is '{lines[i]}', where '{part}' is no token");
            }
        }
        return merges;
    }
}
