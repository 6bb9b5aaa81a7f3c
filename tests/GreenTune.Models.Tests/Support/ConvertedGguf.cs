using GreenTune.Models.Architectures;
using GreenTune.Models.Checkpoints;

namespace GreenTune.Models.Tests.Support;

/// <summary>
/// A Hugging Face checkpoint of one safetensors file written as GGUF in the way of llama.cpp's converter: its names, its keys, interleaved rows of query
/// and key for llama, and llama3's rotary scaling as a tensor of factors.
/// </summary>
internal static class ConvertedGguf
{
    private static readonly (string HuggingFace, string Gguf)[] Names =
    [
        ("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output"), ("model.layers.", "blk."),
        ("input_layernorm", "attn_norm"), ("post_attention_layernorm", "ffn_norm"),
        ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"), ("self_attn.o_proj", "attn_output"),
        ("self_attn.q_norm", "attn_q_norm"), ("self_attn.k_norm", "attn_k_norm"), ("self_attn.qkv_proj", "attn_qkv"),
        ("mlp.gate_up_proj", "ffn_up"), ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"),
    ];

    public static string Convert(string source, string target)
    {
        using Checkpoint checkpoint = Checkpoint.Open(source);
        ConfigReader config = checkpoint.Config;
        DecoderModel model = DecoderArchitectures.Read(checkpoint);
        string type = config.OptionalText("model_type")!;
        string arch = type == "mistral" ? "llama" : type;
        GgufWriter file = new GgufWriter().Text("general.architecture", arch).Text("general.type", "model")
            .UInt32($"{arch}.context_length", (uint)model.Shape.ContextLength).UInt32($"{arch}.embedding_length", (uint)model.Shape.HiddenSize)
            .UInt32($"{arch}.block_count", (uint)model.Shape.Layers).UInt32($"{arch}.feed_forward_length", (uint)model.Shape.IntermediateSize)
            .UInt32($"{arch}.attention.head_count", (uint)model.Shape.Heads).UInt32($"{arch}.attention.head_count_kv", (uint)model.Shape.KeyValueHeads)
            .UInt32($"{arch}.rope.dimension_count", (uint)model.Shape.HeadSize).UInt32($"{arch}.vocab_size", (uint)model.Shape.VocabularySize)
            .Float($"{arch}.attention.layer_norm_rms_epsilon", model.NormEpsilon)
            .UInt32("tokenizer.ggml.eos_token_id", (uint)config.Integer("eos_token_id"));
        if (config.Find("head_dim") is not null)
            file.UInt32($"{arch}.attention.key_length", (uint)model.Shape.HeadSize).UInt32($"{arch}.attention.value_length", (uint)model.Shape.HeadSize);
        if (config.OptionalInteger("sliding_window") is { } window)
            file.UInt32($"{arch}.attention.sliding_window", (uint)window);
        WriteRotary(file, arch, config.Section("rope_parameters"), model);
        using var weights = SafetensorsFile.Open(source, Checkpoint.SingleWeightsFile);
        foreach (CheckpointTensor tensor in weights.Tensors.Values)
        {
            var values = new float[tensor.Shape.Aggregate(1L, (a, b) => a * b)];
            tensor.Read(0, values);
            if (arch == "llama" && (tensor.Name.Contains("q_proj", StringComparison.Ordinal) || tensor.Name.Contains("k_proj", StringComparison.Ordinal)))
                values = Interleave(values, (int)tensor.Shape[0], model.Shape.HeadSize);
            file.Float32(Names.Aggregate(tensor.Name, (name, pair) => name.Replace(pair.HuggingFace, pair.Gguf, StringComparison.Ordinal)), [.. tensor.Shape], values);
        }
        return file.Save(target);
    }

    private static void WriteRotary(GgufWriter file, string arch, ConfigReader rotary, DecoderModel model)
    {
        double theta = rotary.OptionalPositive("rope_theta")!.Value;
        file.Float($"{arch}.rope.freq_base", (float)theta);
        switch (rotary.OptionalText("rope_type"))
        {
            case "linear":
                file.Text($"{arch}.rope.scaling.type", "linear").Float($"{arch}.rope.scaling.factor", (float)rotary.OptionalPositive("factor")!.Value);
                break;
            case "llama3":
                var plain = RotaryTable.Unscaled(theta, model.Shape.HeadSize);
                file.Float32("rope_freqs.weight", [plain.Frequencies.Count], [.. plain.Frequencies.Zip(model.Rotary.Frequencies, (f, scaled) => f / scaled)]);
                break;
        }
    }

    /// <summary>Of each head the two halves, row by row in turn: numpy's reshape(heads, 2, d / 2, columns).swapaxes(1, 2).</summary>
    private static float[] Interleave(float[] values, int rows, int headSize)
    {
        int columns = values.Length / rows;
        var result = new List<float>(values.Length);
        for (int head = 0; head < rows / headSize; head++)
        {
            for (int pair = 0; pair < headSize / 2; pair++)
            {
                for (int half = 0; half < 2; half++)
                    result.AddRange(values.AsSpan(((head * headSize) + (half * headSize / 2) + pair) * columns, columns));
            }
        }
        return [.. result];
    }
}
