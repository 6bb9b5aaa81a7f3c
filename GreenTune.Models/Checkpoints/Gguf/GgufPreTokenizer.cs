using System.Text.Json.Nodes;

namespace GreenTune.Models.Checkpoints.Gguf;

/// <summary>
/// How text is cut before byte-level BPE. GGUF has a name for it (<c>tokenizer.ggml.pre</c>) that llama.cpp's converter finds by the ids of a test text;
/// here are the tokenizer.json parts that Hugging Face's published tokenizers of that name have.
/// </summary>
internal sealed record GgufPreTokenizer
{
    private const string Key = "tokenizer.ggml.pre";

    /// <summary>cl100k's pattern with numbers of up to three digits, as Llama 3 and Phi-4 have it.</summary>
    private const string ThreeDigits =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The same with single digits, as Qwen2 has it.</summary>
    private const string SingleDigits =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>o200k's pattern, which cuts words where upper case begins.</summary>
    private const string CaseAware =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Mistral's tekken: o200k's words without contractions, single digits.</summary>
    private const string Tekken =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>GPT-2's pattern, as llama.cpp has it where a name says "default".</summary>
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)";

    private static readonly IReadOnlyList<GgufPreTokenizer> All =
    [
        new() { Names = ["gpt-2", "phi-2"], Parts = [] },
        // Digits one by one, then GPT-2's own cutting.
        new() { Names = ["smollm", "starcoder", "refact", "command-r", "codeshell"], Parts = ["digits"] },
        new() { Names = ["llama-bpe", "llama3", "llama-v3", "falcon3"], Parts = [ThreeDigits], TakesWholeWords = true, AddsBos = true, TokenizerClass = "PreTrainedTokenizerFast" },
        new() { Names = ["dbrx", "smaug-bpe"], Parts = [ThreeDigits] },
        new() { Names = ["qwen2"], Parts = [SingleDigits], Normalizer = "NFC", TokenizerClass = "Qwen2Tokenizer" },
        new() { Names = ["deepseek-r1-qwen"], Parts = [SingleDigits], TokenizerClass = "PreTrainedTokenizerFast" },
        new() { Names = ["tekken"], Parts = [Tekken], TakesWholeWords = true, AddsBos = true, TokenizerClass = "PreTrainedTokenizerFast" },
        new() { Names = ["gpt-4o"], Parts = [CaseAware] },
        new() { Names = ["default"], Parts = [@"[\p{P}\$\+<=>\^~\|]+", Gpt2, @"\p{N}+", "[0-9][0-9][0-9]"] },
    ];

    /// <summary>What tokenizer.ggml.pre says.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>A word that is a token stays one, whatever the merges say (<c>ignore_merges</c>).</summary>
    public bool TakesWholeWords { get; init; }

    /// <summary>The start token is added where the file does not say.</summary>
    public bool AddsBos { get; init; }

    public string TokenizerClass { get; init; } = "GPT2Tokenizer";

    /// <summary>Unicode normalisation before everything; null for none.</summary>
    private string? Normalizer { get; init; }

    /// <summary>Patterns, each cutting the pieces of the one before; none for GPT-2's, which is the byte-level step's own.</summary>
    private IReadOnlyList<string> Parts { get; init; } = [];

    /// <exception cref="ModelFolderException">The file does not say, or says a name that is not known.</exception>
    public static GgufPreTokenizer Of(GgufMetadata metadata)
    {
        string known = string.Join(", ", All.SelectMany(p => p.Names));
        string name = metadata.Text(Key) ?? throw metadata.Error(Key, $"is missing, so how text is cut is not known: convert the model again with a current llama.cpp (known are {known})");
        return All.FirstOrDefault(p => p.Names.Contains(name)) ?? throw metadata.Error(Key, $"is {name}; known are {known}");
    }

    /// <summary>normalizer of tokenizer.json.</summary>
    public JsonObject? NormalizerJson() => Normalizer is null ? null : new JsonObject { ["type"] = Normalizer };

    /// <summary>pre_tokenizer of tokenizer.json.</summary>
    public JsonObject Json()
    {
        bool ownPattern = Parts is [] or ["digits"];
        var byteLevel = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = ownPattern };
        if (Parts.Count == 0)
            return byteLevel;
        IEnumerable<JsonNode> steps = Parts.Select(JsonNode (p) => p == "digits"
            ? new JsonObject { ["type"] = "Digits", ["individual_digits"] = true }
            : new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = p }, ["behavior"] = "Isolated", ["invert"] = false });
        return new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray([.. steps, byteLevel]) };
    }
}
