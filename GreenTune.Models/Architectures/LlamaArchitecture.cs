using System.Text.Json;
using GreenTune.Models.Checkpoints;

namespace GreenTune.Models.Architectures;

/// <summary>Llama: grouped-query attention with rotary positions, gated SiLU feed-forward, RMS norms, no biases.</summary>
internal sealed class LlamaArchitecture : IDecoderArchitecture
{
    private const double DefaultTheta = 10000;

    public IReadOnlyList<string> Names { get; } = ["LlamaForCausalLM"];

    public DecoderModel Read(Checkpoint checkpoint)
    {
        ConfigReader config = checkpoint.Config;
        RefuseWhatIsNotHandled(config);
        DecoderShape shape = ReadShape(config);
        string embedding = "model.embed_tokens.weight";
        string head = "lm_head.weight";
        return new DecoderModel
        {
            GenAIType = "llama",
            Shape = shape,
            NormEpsilon = (float)(config.OptionalPositive("rms_norm_eps") ?? throw config.Error("rms_norm_eps", "is missing")),
            Rotary = RotaryTable.Unscaled(ReadTheta(config), shape.HeadSize),
            Embedding = Matrix(checkpoint, embedding, shape.VocabularySize, shape.HiddenSize),
            Head = shape.TiedEmbeddings ? null : Matrix(checkpoint, head, shape.VocabularySize, shape.HiddenSize),
            FinalNorm = Norm(checkpoint, "model.norm.weight", shape),
            Layers = [.. Enumerable.Range(0, shape.Layers).Select(i => ReadLayer(checkpoint, $"model.layers.{i}.", shape))],
        };
    }

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
        foreach (string bias in (ReadOnlySpan<string>)["attention_bias", "mlp_bias"])
        {
            if (config.OptionalBoolean(bias, false))
                throw config.Error(bias, "is true; Llama checkpoints with biases are not handled");
        }
        if (config.OptionalText("hidden_act") is { } activation && activation is not ("silu" or "swish"))
            throw config.Error("hidden_act", $"is {activation}; silu is handled");
        if (config.OptionalInteger("pretraining_tp") is > 1 and int slices)
            throw config.Error("pretraining_tp", $"is {slices}; 1 is handled");
        if (config.Find("quantization_config") is not null)
            throw config.Error("quantization_config", "is there; weights that are themselves quantised are not handled");
        if (config.Find("sliding_window") is not null)
            throw config.Error("sliding_window", "is there; attention over all positions is handled");
        if (config.Find("rope_scaling") is { } scaling && !IsDefaultRotary(scaling))
            throw config.Error("rope_scaling", $"is {ConfigReader.Short(scaling)}; positions without scaling are handled");
        if (config.Find("rope_parameters") is { } parameters && !IsDefaultRotary(parameters))
            throw config.Error("rope_parameters", $"is {ConfigReader.Short(parameters)}; the rope_type default is handled");
        if (config.Find("partial_rotary_factor") is { } partial && !(partial.ValueKind == JsonValueKind.Number && partial.GetDouble() == 1))
            throw config.Error("partial_rotary_factor", $"is {ConfigReader.Short(partial)}; 1 is handled");
    }

    private static bool IsDefaultRotary(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
            return false;
        foreach (JsonProperty property in value.EnumerateObject())
        {
            bool known = property.Name switch
            {
                "rope_theta" => true,
                "rope_type" or "type" => property.Value.ValueKind == JsonValueKind.String && property.Value.GetString() == "default",
                _ => property.Value.ValueKind == JsonValueKind.Null,
            };
            if (!known)
                return false;
        }
        return true;
    }

    /// <summary>Top-level <c>rope_theta</c>, as most published checkpoints have it, or the newer <c>rope_parameters.rope_theta</c>.</summary>
    private static double ReadTheta(ConfigReader config)
    {
        if (config.Find("rope_parameters") is { } parameters && parameters.TryGetProperty("rope_theta", out JsonElement theta) && theta.ValueKind != JsonValueKind.Null)
            return config.Positive("rope_parameters.rope_theta", theta);
        return config.OptionalPositive("rope_theta") ?? DefaultTheta;
    }

    private static DecoderLayer ReadLayer(Checkpoint checkpoint, string prefix, DecoderShape shape)
    {
        int hidden = shape.HiddenSize;
        int query = shape.Heads * shape.HeadSize;
        int keyValue = shape.KeyValueHeads * shape.HeadSize;
        return new DecoderLayer
        {
            AttentionNorm = Norm(checkpoint, prefix + "input_layernorm.weight", shape),
            Query = Matrix(checkpoint, prefix + "self_attn.q_proj.weight", query, hidden),
            Key = Matrix(checkpoint, prefix + "self_attn.k_proj.weight", keyValue, hidden),
            Value = Matrix(checkpoint, prefix + "self_attn.v_proj.weight", keyValue, hidden),
            AttentionOutput = Matrix(checkpoint, prefix + "self_attn.o_proj.weight", hidden, query),
            FeedForwardNorm = Norm(checkpoint, prefix + "post_attention_layernorm.weight", shape),
            Gate = Matrix(checkpoint, prefix + "mlp.gate_proj.weight", shape.IntermediateSize, hidden),
            Up = Matrix(checkpoint, prefix + "mlp.up_proj.weight", shape.IntermediateSize, hidden),
            Down = Matrix(checkpoint, prefix + "mlp.down_proj.weight", hidden, shape.IntermediateSize),
        };
    }

    private static WeightMatrix Matrix(Checkpoint checkpoint, string name, int rows, int columns) =>
        WeightMatrix.From(checkpoint.Tensor(name, rows, columns));

    private static WeightMatrix Norm(Checkpoint checkpoint, string name, DecoderShape shape) =>
        WeightMatrix.Vector(checkpoint.Tensor(name, shape.HiddenSize));
}
