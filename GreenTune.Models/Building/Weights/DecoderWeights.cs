using GreenTune.Models.Architectures;
using GreenTune.Models.Onnx.Wire;
using GreenTune.Models.Quantization;
using GreenTune.Models.Reference;

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

    /// <param name="model">What is written.</param>
    /// <param name="writer">Where to.</param>
    /// <param name="options">Precision and types.</param>
    /// <param name="rounding">Rounds matrices; null where weights are floating point.</param>
    public static DecoderWeights Write(DecoderModel model, WeightWriter writer, BuildOptions options, IRounding? rounding)
    {
        int positions = model.Shape.ContextLength;
        int pairs = model.Shape.HeadSize / 2;
        TensorProto cosines = writer.Table("rotary.cosines", positions, pairs, model.Rotary.Cosines);
        TensorProto sines = writer.Table("rotary.sines", positions, pairs, model.Rotary.Sines);
        DecoderLayerWeights[] layers = [.. model.Layers.Select((layer, i) => DecoderLayerWeights.Write(layer, i, writer, options, rounding))];
        TableWeights tables = TableWeights.Write(model, writer, options, rounding);
        return new DecoderWeights
        {
            Embedding = tables.Embedding,
            Head = tables.Head,
            EmbeddingForm = tables.Form,
            FinalNorm = writer.Vector("final.norm", model.FinalNorm),
            Cosines = cosines,
            Sines = sines,
            Layers = layers,
        };
    }
}

/// <summary>Weights of one layer: query, key and value packed, gate and up packed, so that a step has fewer and larger multiplications.</summary>
internal sealed record DecoderLayerWeights
{
    public required TensorProto AttentionNorm { get; init; }

    public required LinearWeights QueryKeyValue { get; init; }

    /// <summary>[head size]; null for architectures without.</summary>
    public required TensorProto? QueryNorm { get; init; }

    /// <inheritdoc cref="QueryNorm"/>
    public required TensorProto? KeyNorm { get; init; }

    /// <summary>Positions that a query sees; null for all.</summary>
    public required int? SlidingWindow { get; init; }

    public required LinearWeights AttentionOutput { get; init; }

    public required TensorProto FeedForwardNorm { get; init; }

    public required LinearWeights GateUp { get; init; }

    public required LinearWeights Down { get; init; }

    public static DecoderLayerWeights Write(DecoderLayer source, int index, WeightWriter writer, BuildOptions options, IRounding? rounding)
    {
        string prefix = $"layers.{index}.";
        RoundedLayer? rounded = rounding?.Layer(index, source);
        DecoderLayer layer = rounded?.Layer ?? source;
        return new DecoderLayerWeights
        {
            AttentionNorm = writer.Vector(prefix + "attention.norm", layer.AttentionNorm),
            QueryKeyValue = Linear("attention.qkv", Architectures.Linear.Stack(layer.Query, layer.Key, layer.Value), LinearGroup.AttentionInput),
            QueryNorm = layer.QueryNorm is null ? null : writer.Vector(prefix + "attention.query_norm", layer.QueryNorm),
            KeyNorm = layer.KeyNorm is null ? null : writer.Vector(prefix + "attention.key_norm", layer.KeyNorm),
            SlidingWindow = layer.SlidingWindow,
            AttentionOutput = Linear("attention.output", layer.AttentionOutput, LinearGroup.AttentionOutput),
            FeedForwardNorm = writer.Vector(prefix + "feed_forward.norm", layer.FeedForwardNorm),
            GateUp = Linear("feed_forward.gate_up", Architectures.Linear.Stack(layer.Gate, layer.Up), LinearGroup.FeedForwardInput),
            Down = Linear("feed_forward.down", layer.Down, LinearGroup.Down),
        };

        LinearWeights Linear(string name, Linear linear, LinearGroup group)
        {
            LinearWeights written = writer.Linear(prefix + name, linear, rounded?.Rounder(group));
            return options.Adapters ? new AdaptableLinear(written, prefix + name, linear.Weight.Columns, linear.Weight.Rows, options.Activations) : written;
        }
    }
}
