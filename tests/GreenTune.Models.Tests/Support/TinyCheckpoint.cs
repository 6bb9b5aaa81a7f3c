using System.Text.Json.Nodes;

namespace GreenTune.Models.Tests.Support;

/// <summary>A random Llama checkpoint of a few kilobytes, whose parts tests change.</summary>
internal sealed class TinyCheckpoint
{
    public const int Hidden = 64;
    public const int Intermediate = 96;
    public const int Vocabulary = 160;
    public const int Layers = 2;

    public JsonObject Config { get; } = new()
    {
        ["architectures"] = new JsonArray("LlamaForCausalLM"),
        ["model_type"] = "llama",
        ["vocab_size"] = Vocabulary,
        ["hidden_size"] = Hidden,
        ["intermediate_size"] = Intermediate,
        ["num_hidden_layers"] = Layers,
        ["num_attention_heads"] = 4,
        ["num_key_value_heads"] = 2,
        ["head_dim"] = 16,
        ["hidden_act"] = "silu",
        ["max_position_embeddings"] = 128,
        ["rms_norm_eps"] = 1e-5,
        ["rope_theta"] = 10000.0,
        ["tie_word_embeddings"] = true,
        ["bos_token_id"] = 1,
        ["eos_token_id"] = 2,
        ["pad_token_id"] = 0,
    };

    public Dictionary<string, SafetensorsWriter.Tensor> Tensors { get; } = new(StringComparer.Ordinal);

    public TinyCheckpoint(int seed = 1)
    {
        var random = new Random(seed);
        Add("model.embed_tokens.weight", Vocabulary, Hidden);
        for (int i = 0; i < Layers; i++)
        {
            string prefix = $"model.layers.{i}.";
            Add(prefix + "self_attn.q_proj.weight", 64, Hidden);
            Add(prefix + "self_attn.k_proj.weight", 32, Hidden);
            Add(prefix + "self_attn.v_proj.weight", 32, Hidden);
            Add(prefix + "self_attn.o_proj.weight", Hidden, 64);
            Add(prefix + "mlp.gate_proj.weight", Intermediate, Hidden);
            Add(prefix + "mlp.up_proj.weight", Intermediate, Hidden);
            Add(prefix + "mlp.down_proj.weight", Hidden, Intermediate);
            Add(prefix + "input_layernorm.weight", Hidden);
            Add(prefix + "post_attention_layernorm.weight", Hidden);
        }
        Add("model.norm.weight", Hidden);

        void Add(string name, params long[] shape)
        {
            long count = shape.Aggregate(1L, (a, b) => a * b);
            Tensors[name] = SafetensorsWriter.Float32(name, shape, [.. Enumerable.Range(0, (int)count).Select(_ => (float)((random.NextDouble() - 0.5) * 0.2) + (shape.Length == 1 ? 1 : 0))]);
        }
    }

    public string Save(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), Config.ToJsonString());
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), Tensors.Values);
        return folder;
    }
}
