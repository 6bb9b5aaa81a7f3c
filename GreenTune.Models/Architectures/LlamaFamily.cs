using System.Text.Json;
using GreenTune.Models.Checkpoints;

namespace GreenTune.Models.Architectures;

/// <summary>
/// What Llama and its relatives share: grouped-query attention with rotary positions, gated SiLU feed-forward, RMS norms, and the tensor names of
/// Hugging Face's checkpoints. Each relative says what it has besides.
/// </summary>
internal abstract class LlamaFamily : IDecoderArchitecture
{
    public abstract string Name { get; }

    /// <summary>Type as ONNX Runtime GenAI names it.</summary>
    protected abstract string GenAIType { get; }

    public DecoderModel Read(Checkpoint checkpoint, int? contextLength)
    {
        ConfigReader config = checkpoint.Config;
        RefuseWhatIsNotHandled(config);
        DecoderShape shape = ReadShape(config);
        (RotaryTable rotary, int context) = RotaryReader.Read(checkpoint, shape.HeadSize, contextLength);
        shape = shape with { ContextLength = context };
        return new DecoderModel
        {
            GenAIType = GenAIType,
            Shape = shape,
            NormEpsilon = (float)(config.OptionalPositive("rms_norm_eps") ?? throw config.Error("rms_norm_eps", "is missing")),
            Rotary = rotary,
            Embedding = Matrix(checkpoint, "model.embed_tokens.weight", shape.VocabularySize, shape.HiddenSize),
            Head = shape.TiedEmbeddings ? null : Matrix(checkpoint, "lm_head.weight", shape.VocabularySize, shape.HiddenSize),
            FinalNorm = Vector(checkpoint, "model.norm.weight", shape.HiddenSize),
            Layers = [.. Enumerable.Range(0, shape.Layers).Select(i => ReadLayer(checkpoint, i, shape))],
        };
    }

    /// <summary>Whether a layer's projections of query, key and value have biases.</summary>
    protected virtual bool HasAttentionInputBias(ConfigReader config) => config.OptionalBoolean("attention_bias", false);

    protected virtual bool HasAttentionOutputBias(ConfigReader config) => config.OptionalBoolean("attention_bias", false);

    protected virtual bool HasFeedForwardBias(ConfigReader config) => config.OptionalBoolean("mlp_bias", false);

    /// <summary>Whether queries and keys are normalised per head before they turn.</summary>
    protected virtual bool HasHeadNorms => false;

    /// <summary>Positions that queries of a layer see; null for all before them.</summary>
    protected virtual int? SlidingWindow(ConfigReader config, int layer) => config.Find("sliding_window") is null
        ? null
        : throw config.Error("sliding_window", $"is there; {Name} is handled with attention over all positions");

    /// <summary>Query, key and value of a layer.</summary>
    protected virtual (Linear Query, Linear Key, Linear Value) ReadAttentionInput(Checkpoint checkpoint, string prefix, DecoderShape shape)
    {
        bool bias = HasAttentionInputBias(checkpoint.Config);
        int keyValue = shape.KeyValueHeads * shape.HeadSize;
        return (Affine(checkpoint, prefix + "self_attn.q_proj", shape.Heads * shape.HeadSize, shape.HiddenSize, bias),
            Affine(checkpoint, prefix + "self_attn.k_proj", keyValue, shape.HiddenSize, bias),
            Affine(checkpoint, prefix + "self_attn.v_proj", keyValue, shape.HiddenSize, bias));
    }

    /// <summary>Gate and up of a layer.</summary>
    protected virtual (Linear Gate, Linear Up) ReadFeedForwardInput(Checkpoint checkpoint, string prefix, DecoderShape shape)
    {
        bool bias = HasFeedForwardBias(checkpoint.Config);
        return (Affine(checkpoint, prefix + "mlp.gate_proj", shape.IntermediateSize, shape.HiddenSize, bias),
            Affine(checkpoint, prefix + "mlp.up_proj", shape.IntermediateSize, shape.HiddenSize, bias));
    }

    protected static Linear Affine(Checkpoint checkpoint, string name, int rows, int columns, bool bias) =>
        new(Matrix(checkpoint, name + ".weight", rows, columns), bias ? Vector(checkpoint, name + ".bias", rows) : null);

    private static DecoderShape ReadShape(ConfigReader config)
    {
        int hidden = config.Integer("hidden_size");
        int heads = config.Integer("num_attention_heads");
        int keyValueHeads = config.OptionalInteger("num_key_value_heads") ?? heads;
        if (heads % keyValueHeads != 0)
            throw config.Error("num_key_value_heads", $"is {keyValueHeads}, which does not divide num_attention_heads ({heads})");
        int? headSize = config.OptionalInteger("head_dim");
        if (headSize is null && hidden % heads != 0)
            throw config.Error("hidden_size", $"is {hidden}, which num_attention_heads ({heads}) does not divide, and head_dim is not given");
        headSize ??= hidden / heads;
        if (headSize % 8 != 0)
            throw config.Error("head_dim", $"is {headSize}; GroupQueryAttention takes multiples of 8");
        return new DecoderShape
        {
            Layers = config.Integer("num_hidden_layers", maximum: 1000),
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadSize = headSize.Value,
            HiddenSize = hidden,
            IntermediateSize = config.Integer("intermediate_size"),
            VocabularySize = config.Integer("vocab_size"),
            ContextLength = config.Integer("max_position_embeddings", maximum: 1 << 24),
            TiedEmbeddings = config.OptionalBoolean("tie_word_embeddings", false),
        };
    }

    private static void RefuseWhatIsNotHandled(ConfigReader config)
    {
        if (config.OptionalText("hidden_act") is { } activation && activation is not ("silu" or "swish"))
            throw config.Error("hidden_act", $"is {activation}; silu is handled");
        if (config.OptionalInteger("pretraining_tp") is > 1 and int slices)
            throw config.Error("pretraining_tp", $"is {slices}; 1 is handled");
        if (config.Find("quantization_config") is { } quantization)
            throw config.Error("quantization_config", $"is {ConfigReader.Short(quantization)}; safetensors that are themselves quantised are not handled");
    }

    private DecoderLayer ReadLayer(Checkpoint checkpoint, int index, DecoderShape shape)
    {
        string prefix = $"model.layers.{index}.";
        ConfigReader config = checkpoint.Config;
        (Linear query, Linear key, Linear value) = ReadAttentionInput(checkpoint, prefix, shape);
        (Linear gate, Linear up) = ReadFeedForwardInput(checkpoint, prefix, shape);
        return new DecoderLayer
        {
            AttentionNorm = Vector(checkpoint, prefix + "input_layernorm.weight", shape.HiddenSize),
            Query = query,
            Key = key,
            Value = value,
            QueryNorm = HasHeadNorms ? Vector(checkpoint, prefix + "self_attn.q_norm.weight", shape.HeadSize) : null,
            KeyNorm = HasHeadNorms ? Vector(checkpoint, prefix + "self_attn.k_norm.weight", shape.HeadSize) : null,
            // A window as wide as the context is none.
            SlidingWindow = SlidingWindow(config, index) is { } window && window < shape.ContextLength ? window : null,
            AttentionOutput = Affine(checkpoint, prefix + "self_attn.o_proj", shape.HiddenSize, shape.Heads * shape.HeadSize, HasAttentionOutputBias(config)),
            FeedForwardNorm = Vector(checkpoint, prefix + "post_attention_layernorm.weight", shape.HiddenSize),
            Gate = gate,
            Up = up,
            Down = Affine(checkpoint, prefix + "mlp.down_proj", shape.HiddenSize, shape.IntermediateSize, HasFeedForwardBias(config)),
        };
    }

    private static WeightMatrix Matrix(Checkpoint checkpoint, string name, int rows, int columns) =>
        WeightMatrix.From(checkpoint.Tensor(name, rows, columns));

    private static WeightMatrix Vector(Checkpoint checkpoint, string name, int size) => WeightMatrix.Vector(checkpoint.Tensor(name, size));
}

/// <summary>Windows of Qwen2 and Qwen3: none unless <c>use_sliding_window</c>, then in the layers that <c>layer_types</c> or <c>max_window_layers</c> names.</summary>
internal static class QwenWindow
{
    public static int? Read(ConfigReader config, int layer)
    {
        if (!config.OptionalBoolean("use_sliding_window", false) || config.OptionalInteger("sliding_window") is not { } window)
            return null;
        if (config.Find("layer_types") is not { } types)
            return layer >= config.Integer("max_window_layers", minimum: 0) ? window : null;
        if (types.ValueKind != JsonValueKind.Array || types.GetArrayLength() <= layer)
            throw config.Error("layer_types", "does not name every layer");
        return types[layer].ValueKind == JsonValueKind.String ? types[layer].GetString() switch
        {
            "full_attention" => null,
            "sliding_attention" => window,
            string other => throw config.Error("layer_types", $"has {other}; full_attention and sliding_attention are handled"),
            null => null,
        } : throw config.Error("layer_types", $"has {ConfigReader.Short(types[layer])}; a name is expected");
    }
}
