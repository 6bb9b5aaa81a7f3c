using GreenTune.Models.Onnx;
using GreenTune.Models.Onnx.Wire;

namespace GreenTune.Models.Building;

/// <summary>A written embedding matrix [tokens, hidden] that a graph can look tokens up in.</summary>
internal abstract class EmbeddingWeights
{
    /// <summary>Adds the rows of the tokens: [batch, sequence] to [batch, sequence, hidden].</summary>
    public abstract string Apply(OnnxGraph graph, string tokens, string result);
}

/// <summary>Floating-point rows.</summary>
internal sealed class DenseEmbedding(TensorProto weights) : EmbeddingWeights
{
    public override string Apply(OnnxGraph graph, string tokens, string result) =>
        graph.Node("Gather", result, [graph.Weight(weights), tokens], attributes: ("axis", 0));
}

/// <summary>Block-quantised rows, which may be the output projection's own bytes.</summary>
internal sealed class QuantizedEmbedding(QuantizedMatrix matrix) : EmbeddingWeights
{
    public override string Apply(OnnxGraph graph, string tokens, string result)
    {
        // The look-up wants two dimensions where the multiplication has three.
        TensorProto rows = WeightFileWriter.View(matrix.Codes, matrix.Codes.Name + ".rows", matrix.Rows, matrix.Codes.Dims[1] * matrix.Codes.Dims[2]);
        string[] ranges = [.. matrix.Tensors.Skip(1).Select(graph.Weight)];
        return graph.Node("GatherBlockQuantized", result, [graph.Weight(rows), tokens, .. ranges], OnnxGraph.Microsoft,
            ("bits", matrix.Format.Bits), ("block_size", matrix.Format.BlockSize), ("gather_axis", 0), ("quantize_axis", 1));
    }
}
