using System.CommandLine;
using System.Text;
using GreenTune.Models.Architectures;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Checkpoints.Gguf;

namespace GreenTune.Bench.Peers;

/// <summary>
/// Writes a Llama checkpoint as a GGUF at Q4_0, every matrix and both tables alike, without a tokenizer: a peer for int4 folders of the same checkpoint. Rows of
/// query and key are not reordered as llama.cpp's own converter does, so that the text is none; the work is the same.
/// </summary>
internal static class GgufExport
{
    private const int Block = 32;
    private const int Alignment = 32;

    public static Command Command()
    {
        var source = new Argument<string>("checkpoint") { Description = "The checkpoint's folder" };
        var file = new Argument<string>("file") { Description = "The GGUF to write" };
        var command = new Command("gguf", "Writes a checkpoint as a GGUF at Q4_0, for llama.cpp") { source, file };
        command.SetAction(parsed =>
        {
            using Checkpoint checkpoint = Checkpoint.Open(parsed.GetValue(source)!);
            Write(DecoderArchitectures.Read(checkpoint), checkpoint.Config, parsed.GetValue(file)!);
        });
        return command;
    }

    private static void Write(DecoderModel model, ConfigReader config, string path)
    {
        (string Name, WeightMatrix Weights, bool IsVector)[] tensors = [.. Tensors(model)];
        (string Key, uint Type, Action<BinaryWriter> Write)[] metadata = [.. Metadata(model, (float)(config.OptionalNumber("rope_theta", 1, 1e12) ?? 10000))];
        using var writer = new BinaryWriter(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20));
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)tensors.Length);
        writer.Write((ulong)metadata.Length);
        foreach ((string key, uint type, Action<BinaryWriter> write) in metadata)
        {
            Text(writer, key);
            writer.Write(type);
            write(writer);
        }

        long offset = 0;
        foreach ((string name, WeightMatrix weights, bool isVector) in tensors)
        {
            Text(writer, name);
            writer.Write(isVector ? 1u : 2u);
            writer.Write((ulong)weights.Columns);
            if (!isVector)
                writer.Write((ulong)weights.Rows);
            writer.Write((uint)(isVector ? GgufTensorType.F32 : GgufTensorType.Q4_0));
            writer.Write((ulong)offset);
            offset = Aligned(offset + Bytes(weights, isVector));
        }

        foreach ((_, WeightMatrix weights, bool isVector) in tensors)
        {
            Pad(writer);
            WriteTensor(writer, weights, isVector);
        }

        Pad(writer);
    }

    private static IEnumerable<(string Name, WeightMatrix Weights, bool IsVector)> Tensors(DecoderModel model)
    {
        yield return ("token_embd.weight", model.Embedding, false);
        foreach ((int i, DecoderLayer layer) in model.Layers.Index())
        {
            string prefix = $"blk.{i}.";
            yield return (prefix + "attn_norm.weight", layer.AttentionNorm, true);
            yield return (prefix + "attn_q.weight", layer.Query.Weight, false);
            yield return (prefix + "attn_k.weight", layer.Key.Weight, false);
            yield return (prefix + "attn_v.weight", layer.Value.Weight, false);
            yield return (prefix + "attn_output.weight", layer.AttentionOutput.Weight, false);
            yield return (prefix + "ffn_norm.weight", layer.FeedForwardNorm, true);
            yield return (prefix + "ffn_gate.weight", layer.Gate.Weight, false);
            yield return (prefix + "ffn_up.weight", layer.Up.Weight, false);
            yield return (prefix + "ffn_down.weight", layer.Down.Weight, false);
        }

        yield return ("output_norm.weight", model.FinalNorm, true);
        if (model.Head is { } head)
            yield return ("output.weight", head, false);
    }

    private static IEnumerable<(string Key, uint Type, Action<BinaryWriter> Write)> Metadata(DecoderModel model, float theta)
    {
        DecoderShape shape = model.Shape;
        yield return ("general.architecture", 8, w => Text(w, "llama"));
        yield return ("tokenizer.ggml.model", 8, w => Text(w, "no_vocab"));
        foreach ((string key, int value) in new[]
        {
            ("vocab_size", shape.VocabularySize), ("context_length", shape.ContextLength), ("embedding_length", shape.HiddenSize), ("block_count", shape.Layers), ("feed_forward_length", shape.IntermediateSize),
            ("attention.head_count", shape.Heads), ("attention.head_count_kv", shape.KeyValueHeads), ("rope.dimension_count", shape.HeadSize),
        })
            yield return ("llama." + key, 4, w => w.Write((uint)value));
        yield return ("llama.attention.layer_norm_rms_epsilon", 6, w => w.Write(model.NormEpsilon));
        yield return ("llama.rope.freq_base", 6, w => w.Write(theta));
    }

    private static void WriteTensor(BinaryWriter writer, WeightMatrix weights, bool isVector)
    {
        var row = new float[weights.Columns];
        for (int i = 0; i < weights.Rows; i++)
        {
            weights.Read(i, 0, row);
            if (isVector)
            {
                foreach (float value in row)
                    writer.Write(value);
            }
            else
            {
                for (int start = 0; start < row.Length; start += Block)
                    WriteBlock(writer, row.AsSpan(start, Block));
            }
        }
    }

    /// <summary>ggml's Q4_0: the number of largest magnitude becomes -8, a float16 scale and 32 codes of 4 bits, the second half in the upper bits.</summary>
    private static void WriteBlock(BinaryWriter writer, ReadOnlySpan<float> values)
    {
        float largest = 0;
        foreach (float value in values)
            largest = MathF.Abs(value) > MathF.Abs(largest) ? value : largest;
        float scale = largest / -8;
        float inverse = scale == 0 ? 0 : 1 / scale;
        writer.Write((Half)scale);
        for (int i = 0; i < Block / 2; i++)
            writer.Write((byte)(Code(values[i] * inverse) | (Code(values[i + (Block / 2)] * inverse) << 4)));
    }

    private static int Code(float value) => Math.Clamp((int)MathF.Floor(value + 8.5f), 0, 15);

    private static long Bytes(WeightMatrix weights, bool isVector) => isVector ? 4L * weights.Columns : weights.Elements / Block * 18;

    private static long Aligned(long position) => (position + Alignment - 1) / Alignment * Alignment;

    private static void Pad(BinaryWriter writer)
    {
        while (writer.BaseStream.Position % Alignment != 0)
            writer.Write((byte)0);
    }

    private static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }
}
