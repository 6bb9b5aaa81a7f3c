namespace GreenTune.Models.Checkpoints.Gguf;

/// <summary>An architecture as GGUF names it, and what Hugging Face's checkpoints of it are called.</summary>
internal sealed record GgufArchitecture
{
    private static readonly Dictionary<string, string> Global = new(StringComparer.Ordinal)
    {
        ["token_embd.weight"] = "model.embed_tokens.weight",
        ["output_norm.weight"] = "model.norm.weight",
        [OutputWeight] = "lm_head.weight",
    };

    private static readonly IReadOnlyDictionary<string, string> Layer = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["attn_norm"] = "input_layernorm",
        ["attn_q"] = "self_attn.q_proj",
        ["attn_k"] = "self_attn.k_proj",
        ["attn_v"] = "self_attn.v_proj",
        ["attn_output"] = "self_attn.o_proj",
        ["attn_q_norm"] = "self_attn.q_norm",
        ["attn_k_norm"] = "self_attn.k_norm",
        ["ffn_norm"] = "post_attention_layernorm",
        ["ffn_gate"] = "mlp.gate_proj",
        ["ffn_up"] = "mlp.up_proj",
        ["ffn_down"] = "mlp.down_proj",
    };

    private static readonly IReadOnlyDictionary<string, string> PackedLayer = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["attn_norm"] = "input_layernorm",
        ["attn_qkv"] = "self_attn.qkv_proj",
        ["attn_output"] = "self_attn.o_proj",
        ["ffn_norm"] = "post_attention_layernorm",
        // Gate and up in one, gate first: llama.cpp takes over Phi-3's gate_up_proj as it is.
        ["ffn_up"] = "mlp.gate_up_proj",
        ["ffn_down"] = "mlp.down_proj",
    };

    public const string OutputWeight = "output.weight";

    /// <summary>Divisors of the rotary frequencies, one per pair, where llama3's scaling was written out.</summary>
    public const string RotaryFactors = "rope_freqs.weight";

    public const string LongFactors = "rope_factors_long.weight";
    public const string ShortFactors = "rope_factors_short.weight";

    /// <summary>general.architecture.</summary>
    public required string Name { get; init; }

    /// <summary><c>model_type</c> of config.json.</summary>
    public required string ModelType { get; init; }

    /// <summary><c>architectures</c> of config.json.</summary>
    public required string ClassName { get; init; }

    /// <summary>Rows of query and key are interleaved in the file.</summary>
    public bool Interleaved { get; init; }

    private IReadOnlyDictionary<string, string> LayerParts { get; init; } = Layer;

    public static IReadOnlyList<GgufArchitecture> All { get; } =
    [
        new() { Name = "llama", ModelType = "llama", ClassName = "LlamaForCausalLM", Interleaved = true },
        new() { Name = "qwen2", ModelType = "qwen2", ClassName = "Qwen2ForCausalLM" },
        new() { Name = "qwen3", ModelType = "qwen3", ClassName = "Qwen3ForCausalLM" },
        new() { Name = "phi3", ModelType = "phi3", ClassName = "Phi3ForCausalLM", LayerParts = PackedLayer },
    ];

    /// <exception cref="ModelFolderException">general.architecture is missing or not known.</exception>
    public static GgufArchitecture Of(GgufMetadata metadata)
    {
        const string key = "general.architecture";
        const string typeKey = "general.type";
        if (metadata.Text(typeKey) is { } type and not "model")
            throw metadata.Error(typeKey, $"is {type}; whole models are read");
        string name = metadata.Text(key) ?? throw metadata.Error(key, "is missing");
        return All.FirstOrDefault(a => a.Name == name) ?? throw metadata.Error(key, $"is {name}; known are {string.Join(", ", All.Select(a => a.Name))}");
    }

    /// <summary>Hugging Face's name of a tensor; the file's own where it has none, so that the architecture can refuse it.</summary>
    public string TensorName(string name)
    {
        if (Global.TryGetValue(name, out string? global))
            return global;
        string[] parts = name.Split('.');
        return parts is ["blk", var layer, var part, "weight" or "bias"] && LayerParts.TryGetValue(part, out string? known)
            ? $"model.layers.{layer}.{known}.{parts[3]}"
            : name;
    }

    /// <summary>The tensor's rows are those of query or key heads that the converter interleaved.</summary>
    public bool IsInterleaved(string name) => Interleaved && name.Split('.') is ["blk", _, "attn_q" or "attn_k", "weight" or "bias"];
}
