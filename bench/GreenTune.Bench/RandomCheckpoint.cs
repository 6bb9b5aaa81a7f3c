using System.Buffers.Binary;
using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace GreenTune.Bench;

/// <summary>
/// Writes checkpoints of published shapes with random weights, N(0, 0.02), in bfloat16 shards: for figures of speed and memory, which do not depend on what the
/// weights say.
/// </summary>
internal static class RandomCheckpoint
{
    /// <summary>Bytes of a shard, about, as published checkpoints have them.</summary>
    private const long ShardBytes = 2L << 30;

    private static readonly Dictionary<string, Shape> Shapes = new(StringComparer.Ordinal)
    {
        ["smollm2-135m"] = new(576, 30, 9, 3, 1536, 49152, 8192, 100000, Tied: true),
        ["tinyllama-1.1b"] = new(2048, 22, 32, 4, 5632, 32000, 2048, 10000, Tied: false),
        ["mistral-7b"] = new(4096, 32, 32, 8, 14336, 32000, 32768, 1000000, Tied: false),
    };

    public static Command Command()
    {
        var shape = new Argument<string>("shape") { Description = $"One of {string.Join(", ", Shapes.Keys)}" };
        shape.AcceptOnlyFromAmong([.. Shapes.Keys]);
        var folder = new Argument<string>("folder") { Description = "Folder to make" };
        var command = new Command("checkpoint", "Writes a checkpoint of a published shape with random weights") { shape, folder };
        command.SetAction(parsed => Write(Shapes[parsed.GetValue(shape)!], parsed.GetValue(folder)!));
        return command;
    }

    private static void Write(Shape shape, string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), shape.Config().ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        var shards = new List<List<(string Name, long[] Sizes)>> { new() };
        long bytes = 0;
        foreach ((string name, long[] sizes) in shape.Tensors())
        {
            long tensor = 2 * sizes.Aggregate(1L, (a, b) => a * b);
            if (bytes + tensor > ShardBytes && bytes > 0)
            {
                shards.Add([]);
                bytes = 0;
            }
            shards[^1].Add((name, sizes));
            bytes += tensor;
        }
        var source = new Gaussians();
        var map = new JsonObject();
        foreach ((int i, List<(string Name, long[] Sizes)> shard) in shards.Index())
        {
            string file = $"model-{i + 1:00000}-of-{shards.Count:00000}.safetensors";
            WriteShard(Path.Combine(folder, file), shard, source);
            foreach ((string name, _) in shard)
                map[name] = file;
        }
        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), new JsonObject { ["metadata"] = new JsonObject(), ["weight_map"] = map }.ToJsonString());
    }

    private static void WriteShard(string path, List<(string Name, long[] Sizes)> tensors, Gaussians source)
    {
        var header = new JsonObject();
        long offset = 0;
        foreach ((string name, long[] sizes) in tensors)
        {
            long end = offset + (2 * sizes.Aggregate(1L, (a, b) => a * b));
            header[name] = new JsonObject { ["dtype"] = "BF16", ["shape"] = new JsonArray([.. sizes.Select(s => (JsonNode)s)]), ["data_offsets"] = new JsonArray(offset, end) };
            offset = end;
        }
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(header);
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        file.Write(length);
        file.Write(json);
        var buffer = new ushort[1 << 20];
        foreach ((string name, long[] sizes) in tensors)
        {
            for (long left = sizes.Aggregate(1L, (a, b) => a * b); left > 0; left -= buffer.Length)
            {
                Span<ushort> part = buffer.AsSpan(0, (int)Math.Min(left, buffer.Length));
                // Norms are near 1, as trained ones are.
                source.Fill(part, name.EndsWith("norm.weight", StringComparison.Ordinal));
                file.Write(MemoryMarshal.AsBytes(part));
            }
        }
    }

    private sealed record Shape(int Hidden, int Layers, int Heads, int KeyValueHeads, int Intermediate, int Vocabulary, int Context, double Theta, bool Tied)
    {
        public JsonObject Config() => new()
        {
            ["architectures"] = new JsonArray("LlamaForCausalLM"),
            ["model_type"] = "llama",
            ["hidden_size"] = Hidden,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = Heads,
            ["num_key_value_heads"] = KeyValueHeads,
            ["intermediate_size"] = Intermediate,
            ["vocab_size"] = Vocabulary,
            ["max_position_embeddings"] = Context,
            ["rope_theta"] = Theta,
            ["rms_norm_eps"] = 1e-5,
            ["hidden_act"] = "silu",
            ["tie_word_embeddings"] = Tied,
            ["torch_dtype"] = "bfloat16",
            ["bos_token_id"] = 1,
            ["eos_token_id"] = 2,
        };

        public IEnumerable<(string Name, long[] Sizes)> Tensors()
        {
            long keyValue = Hidden / Heads * KeyValueHeads;
            yield return ("model.embed_tokens.weight", [Vocabulary, Hidden]);
            for (int i = 0; i < Layers; i++)
            {
                string prefix = $"model.layers.{i}.";
                yield return (prefix + "input_layernorm.weight", [Hidden]);
                yield return (prefix + "self_attn.q_proj.weight", [Hidden, Hidden]);
                yield return (prefix + "self_attn.k_proj.weight", [keyValue, Hidden]);
                yield return (prefix + "self_attn.v_proj.weight", [keyValue, Hidden]);
                yield return (prefix + "self_attn.o_proj.weight", [Hidden, Hidden]);
                yield return (prefix + "post_attention_layernorm.weight", [Hidden]);
                yield return (prefix + "mlp.gate_proj.weight", [Intermediate, Hidden]);
                yield return (prefix + "mlp.up_proj.weight", [Intermediate, Hidden]);
                yield return (prefix + "mlp.down_proj.weight", [Hidden, Intermediate]);
            }
            yield return ("model.norm.weight", [Hidden]);
            if (!Tied)
                yield return ("lm_head.weight", [Vocabulary, Hidden]);
        }
    }

    /// <summary>Normal deviates from a table, picked at random: billions in seconds.</summary>
    private sealed class Gaussians
    {
        private const int TableSize = 1 << 16;
        private readonly ushort[] _weights = new ushort[TableSize];
        private readonly ushort[] _norms = new ushort[TableSize];
        private ulong _state = 0x9E3779B97F4A7C15;

        public Gaussians()
        {
            var random = new Random(20261121);
            for (int i = 0; i < TableSize; i++)
            {
                double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
                _weights[i] = Bits((float)(0.02 * normal));
                _norms[i] = Bits((float)(1 + (0.02 * normal)));
            }
        }

        public void Fill(Span<ushort> values, bool norm)
        {
            ushort[] table = norm ? _norms : _weights;
            for (int i = 0; i < values.Length; i++)
            {
                // xorshift64*
                _state ^= _state >> 12;
                _state ^= _state << 25;
                _state ^= _state >> 27;
                values[i] = table[(_state * 0x2545F4914F6CDD1D) >> 48];
            }
        }

        private static ushort Bits(float value) => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
    }
}
