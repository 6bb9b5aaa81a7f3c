using System.Text.Json.Nodes;

namespace GreenTune.Models.Checkpoints.Gguf;

/// <summary>
/// The settings of a GGUF file as Hugging Face's config.json and generation_config.json spell them. What is missing stays missing: the architecture that
/// needs it says so, by the key of the file.
/// </summary>
internal sealed class GgufConfig
{
    private readonly GgufMetadata _metadata;
    private readonly string _prefix;
    private readonly JsonObject _config = [];
    private readonly Dictionary<string, string> _keys = new(StringComparer.Ordinal);

    private GgufConfig(GgufMetadata metadata, GgufArchitecture architecture)
    {
        _metadata = metadata;
        _prefix = architecture.Name + ".";
    }

    /// <param name="metadata">Of the file.</param>
    /// <param name="architecture">Of the file.</param>
    /// <param name="tensors">Names of its tensors, as the file has them.</param>
    /// <param name="factors">Reads the numbers of a tensor of rotary factors.</param>
    /// <param name="keys">Where each field comes from.</param>
    public static JsonObject Read(GgufMetadata metadata, GgufArchitecture architecture, IReadOnlySet<string> tensors, Func<string, float[]> factors, out IReadOnlyDictionary<string, string> keys)
    {
        var reader = new GgufConfig(metadata, architecture);
        reader.ReadShape(architecture, tensors);
        reader.ReadRotary(tensors, factors);
        reader.ReadTokens();
        keys = reader._keys;
        return reader._config;
    }

    /// <summary>Size of a head, where the file says enough to know it.</summary>
    public static int HeadSize(GgufMetadata metadata, GgufArchitecture architecture)
    {
        string prefix = architecture.Name + ".";
        string valueKey = prefix + "attention.value_length";
        int heads = metadata.Integer(prefix + "attention.head_count");
        int hidden = metadata.Integer(prefix + "embedding_length");
        int? said = metadata.OptionalInteger(prefix + "attention.key_length");
        if (said is null && hidden % heads != 0)
            throw metadata.Error(prefix + "embedding_length", $"is {hidden}, which {prefix}attention.head_count ({heads}) does not divide, and {prefix}attention.key_length is missing");
        int size = said ?? hidden / heads;
        if (metadata.OptionalInteger(valueKey) is { } value && value != size)
            throw metadata.Error(valueKey, $"is {value}, where keys have {size}; heads of one size are handled");
        return size % 2 == 0 ? size : throw metadata.Error(prefix + "attention.key_length", $"is {size}; an even number is expected");
    }

    private void ReadShape(GgufArchitecture architecture, IReadOnlySet<string> tensors)
    {
        string expertsKey = _prefix + "expert_count";
        if (_metadata.OptionalInteger(expertsKey, 0) is > 0 and int experts)
            throw _metadata.Error(expertsKey, $"is {experts}; models with one feed-forward part per layer are handled, no mixtures of experts");
        Name("architectures", "general.architecture");
        Integer("hidden_size", "embedding_length");
        Integer("intermediate_size", "feed_forward_length");
        Integer("num_hidden_layers", "block_count");
        Integer("num_attention_heads", "attention.head_count");
        Integer("num_key_value_heads", "attention.head_count_kv");
        Integer("max_position_embeddings", "context_length");
        Name("head_dim", _prefix + "attention.key_length");
        _config["head_dim"] = HeadSize(_metadata, architecture);
        Name("rms_norm_eps", _prefix + "attention.layer_norm_rms_epsilon");
        Set("rms_norm_eps", _metadata.OptionalNumber(_prefix + "attention.layer_norm_rms_epsilon"));
        Name("vocab_size", _prefix + "vocab_size");
        Set("vocab_size", _metadata.OptionalInteger(_prefix + "vocab_size") ?? _metadata.Count(GgufTokenizer.TokensKey));
        _config["hidden_act"] = "silu";
        _config["tie_word_embeddings"] = !tensors.Contains(GgufArchitecture.OutputWeight);
        bool biased = tensors.Contains("blk.0.attn_q.bias");
        if (architecture.Interleaved)
        {
            _config["attention_bias"] = biased;
            _config["mlp_bias"] = tensors.Contains("blk.0.ffn_down.bias");
        }
        // Files of models without a window say nothing or 0.
        string windowKey = _prefix + "attention.sliding_window";
        int window = _metadata.OptionalInteger(windowKey, 0) ?? 0;
        Name("sliding_window", windowKey);
        if (window > 0)
        {
            _config["sliding_window"] = window;
            if (architecture.Name is "qwen2" or "qwen3")
                _config["use_sliding_window"] = true;
        }
        // llama.cpp calls Mistral llama; only a window tells them apart, and nothing else is different.
        bool mistral = architecture.Name == "llama" && window > 0;
        _config["architectures"] = new JsonArray(mistral ? "MistralForCausalLM" : architecture.ClassName);
        _config["model_type"] = mistral ? "mistral" : architecture.ModelType;
    }

    private void ReadRotary(IReadOnlySet<string> tensors, Func<string, float[]> factors)
    {
        Name("rope_theta", _prefix + "rope.freq_base");
        Set("rope_theta", _metadata.OptionalNumber(_prefix + "rope.freq_base"));
        ReadPartialRotary();
        Name("rope_scaling.rope_type", _prefix + "rope.scaling.type");
        Name("rope_scaling.factor", _prefix + "rope.scaling.factor");
        // llama.cpp reads a factor without a type as linear.
        string type = _metadata.Text(_prefix + "rope.scaling.type") ?? "linear";
        string originalKey = _prefix + "rope.scaling.original_context_length";
        int? original = _metadata.OptionalInteger(originalKey);
        if (tensors.Contains(GgufArchitecture.LongFactors) || tensors.Contains(GgufArchitecture.ShortFactors))
        {
            Name("original_max_position_embeddings", originalKey);
            Set("original_max_position_embeddings", original);
            var scaling = new JsonObject
            {
                ["rope_type"] = "longrope",
                ["long_factor"] = Numbers(GgufArchitecture.LongFactors),
                ["short_factor"] = Numbers(GgufArchitecture.ShortFactors),
            };
            if (_metadata.OptionalNumber(_prefix + "rope.scaling.attn_factor") is { } attention)
                scaling["attention_factor"] = attention;
            _config["rope_scaling"] = scaling;
            return;
        }
        if (tensors.Contains(GgufArchitecture.RotaryFactors))
        {
            if (Factor() is { } both)
                throw _metadata.Error(_prefix + "rope.scaling.factor", $"is {both}, where {GgufArchitecture.RotaryFactors} is there too; one of them is handled");
            _config["rope_scaling"] = new JsonObject { ["rope_type"] = "factors" };
            return;
        }
        JsonNode? factor = Factor();
        if (type == "none" || (type == "linear" && factor is null))
            return;
        // Types that no architecture here knows, such as yarn, go through so that it refuses them by name.
        var other = new JsonObject { ["rope_type"] = type };
        if (factor is not null)
            other["factor"] = factor;
        if (original is not null && type != "linear")
            other["original_max_position_embeddings"] = original;
        _config["rope_scaling"] = other;

        JsonArray Numbers(string tensor) => tensors.Contains(tensor)
            ? [.. factors(tensor).Select(f => (JsonNode)JsonValue.Create(f))]
            : throw _metadata.Error(tensor, $"is missing, where {(tensor == GgufArchitecture.LongFactors ? GgufArchitecture.ShortFactors : GgufArchitecture.LongFactors)} is there");
    }

    /// <summary>How much slower positions turn; null for 1 and for 0, which says nothing.</summary>
    private JsonNode? Factor()
    {
        JsonNode? factor = _metadata.OptionalNumber(_prefix + "rope.scaling.factor") ?? _metadata.OptionalNumber(_prefix + "rope.scale_linear");
        return factor?.ToJsonString() is "0" or "1" ? null : factor;
    }

    /// <summary>Phi-4 mini turns a part of each head only.</summary>
    private void ReadPartialRotary()
    {
        string key = _prefix + "rope.dimension_count";
        int headSize = (int)_config["head_dim"]!;
        Name("partial_rotary_factor", key);
        if (_metadata.OptionalInteger(key, 2) is { } turned && turned != headSize)
        {
            _config["partial_rotary_factor"] = turned < headSize
                ? turned / (double)headSize
                : throw _metadata.Error(key, $"is {turned}, where heads have {headSize}");
        }
    }

    private void ReadTokens()
    {
        foreach ((string field, string key) in (ReadOnlySpan<(string, string)>)
            [("bos_token_id", GgufTokenizer.BosKey), ("eos_token_id", GgufTokenizer.EosKey), ("pad_token_id", GgufTokenizer.PadKey)])
        {
            Name(field, key);
            Set(field, _metadata.OptionalInteger(key, 0));
        }
    }

    private void Integer(string field, string key)
    {
        Name(field, _prefix + key);
        Set(field, _metadata.OptionalInteger(_prefix + key));
    }

    private void Set(string field, JsonNode? value)
    {
        if (value is not null)
            _config[field] = value;
    }

    private void Name(string field, string key) => _keys[field] = key;
}
