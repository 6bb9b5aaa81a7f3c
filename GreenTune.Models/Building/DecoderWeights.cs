using GreenTune.Models.Architectures;
using GreenTune.Models.Onnx.Wire;

namespace GreenTune.Models.Building;

/// <summary>All weights of a decoder as they lie in its weight file; every graph of the folder is made from them.</summary>
internal sealed record DecoderWeights
{
    public required EmbeddingWeights Embedding { get; init; }

    public required LinearWeights Head { get; init; }

    /// <summary>How embedding and output projection are stored, in words.</summary>
    public required string EmbeddingForm { get; init; }

    public required TensorProto FinalNorm { get; init; }

    /// <summary>[context, head size / 2].</summary>
    public required TensorProto Cosines { get; init; }

    public required TensorProto Sines { get; init; }

    public required IReadOnlyList<DecoderLayerWeights> Layers { get; init; }

    public static DecoderWeights Write(DecoderModel model, WeightWriter writer, BuildOptions options)
    {
        (EmbeddingWeights embedding, LinearWeights head, string form) = WriteEmbeddingAndHead(model, writer, options);
        int positions = model.Shape.ContextLength;
        int pairs = model.Shape.HeadSize / 2;
        return new DecoderWeights
        {
            Embedding = embedding,
            Head = head,
            EmbeddingForm = form,
            FinalNorm = writer.Vector("final.norm", model.FinalNorm),
            Cosines = writer.Table("rotary.cosines", positions, pairs, model.Rotary.Cosines),
            Sines = writer.Table("rotary.sines", positions, pairs, model.Rotary.Sines),
            Layers = [.. model.Layers.Select((layer, i) => DecoderLayerWeights.Write(layer, $"layers.{i}.", writer))],
        };
    }

    private static (EmbeddingWeights Embedding, LinearWeights Head, string Form) WriteEmbeddingAndHead(DecoderModel model, WeightWriter writer, BuildOptions options)
    {
        string precision = options.Precision.Word();
        if (options.Bits is null)
        {
            TensorProto rows = writer.Dense("embedding", model.Embedding);
            return model.Head is null
                ? (new DenseEmbedding(rows), new DenseLinear(rows), $"{precision}, shared with the output projection")
                : (new DenseEmbedding(rows), writer.Linear("head", model.Head), $"{precision}, output projection {precision}");
        }
        // On CUDA a quantised look-up could fall back to the CPU inside every step, which CUDA graphs refuse: a row of float16 costs nothing there.
        if (options.Provider == Provider.Cuda)
            return (new DenseEmbedding(writer.Dense("embedding", model.Embedding)), writer.Linear("head", model.Head ?? model.Embedding), $"fp16, output projection {precision}");
        QuantizedMatrix embedding = writer.Quantized("embedding", model.Embedding);
        return model.Head is null
            ? (new QuantizedEmbedding(embedding, options), new QuantizedLinear(embedding, options), $"{precision}, shared with the output projection")
            : (new QuantizedEmbedding(embedding, options), writer.Linear("head", model.Head), $"{precision}, output projection {precision}");
    }
}

/// <summary>Weights of one layer: query, key and value packed, gate and up packed, so that a step has fewer and larger multiplications.</summary>
internal sealed record DecoderLayerWeights
{
    public required TensorProto AttentionNorm { get; init; }

    public required LinearWeights QueryKeyValue { get; init; }

    public required LinearWeights AttentionOutput { get; init; }

    public required TensorProto FeedForwardNorm { get; init; }

    public required LinearWeights GateUp { get; init; }

    public required LinearWeights Down { get; init; }

    public static DecoderLayerWeights Write(DecoderLayer layer, string prefix, WeightWriter writer) => new()
    {
        AttentionNorm = writer.Vector(prefix + "attention.norm", layer.AttentionNorm),
        QueryKeyValue = writer.Linear(prefix + "attention.qkv", WeightMatrix.Stack(layer.Query, layer.Key, layer.Value)),
        AttentionOutput = writer.Linear(prefix + "attention.output", layer.AttentionOutput),
        FeedForwardNorm = writer.Vector(prefix + "feed_forward.norm", layer.FeedForwardNorm),
        GateUp = writer.Linear(prefix + "feed_forward.gate_up", WeightMatrix.Stack(layer.Gate, layer.Up)),
        Down = writer.Linear(prefix + "feed_forward.down", layer.Down),
    };
}
