using GreenTune.Models.Onnx;
using GreenTune.Models.Onnx.Wire;

namespace GreenTune.Models.Building;

/// <summary>A written weight matrix [outputs, inputs] that a graph can multiply with.</summary>
internal abstract class LinearWeights
{
    /// <summary>Adds result = input x weights^T, for an input [batch, sequence, inputs].</summary>
    public abstract string Apply(OnnxGraph graph, string input, string result);
}

/// <summary>
/// Floating-point weights, stored as checkpoints store them. The same bytes serve as embedding where the two are tied, and nothing has to be transposed.
/// </summary>
internal sealed class DenseLinear(TensorProto weights) : LinearWeights
{
    public override string Apply(OnnxGraph graph, string input, string result) =>
        graph.Node("FusedMatMul", result, [input, graph.Weight(weights)], OnnxGraph.Microsoft, ("transB", 1));
}

/// <summary>Block-quantised weights.</summary>
internal sealed class QuantizedLinear(QuantizedMatrix matrix, BuildOptions options) : LinearWeights
{
    public override string Apply(OnnxGraph graph, string input, string result)
    {
        string[] weights = [.. matrix.Tensors.Select(graph.Weight)];
        return graph.Node("MatMulNBits", result, [input, .. weights], OnnxGraph.Microsoft,
            ("K", matrix.Columns), ("N", matrix.Rows), ("bits", matrix.Bits), ("block_size", options.BlockSize),
            ("accuracy_level", options.Provider == Provider.Cpu ? options.AccuracyLevel : 0));
    }
}
