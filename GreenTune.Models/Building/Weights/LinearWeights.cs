using GreenTune.Models.Onnx;
using GreenTune.Models.Onnx.Wire;

namespace GreenTune.Models.Building;

/// <summary>A written affine map [outputs, inputs] that a graph can apply.</summary>
internal abstract class LinearWeights(TensorProto? bias)
{
    protected TensorProto? Bias => bias;

    /// <summary>Adds result = input x weights^T + bias, for an input [batch, sequence, inputs].</summary>
    public abstract string Apply(OnnxGraph graph, string input, string result);

    /// <summary>Adds the bias in a node of its own, where there is one.</summary>
    protected string WithBias(OnnxGraph graph, string result, Func<string, string> product) =>
        bias is null ? product(result) : graph.Node("Add", result, [product(result + ".product"), graph.Weight(bias)]);
}

/// <summary>
/// Floating-point weights, stored as checkpoints store them. The same bytes serve as embedding where the two are tied, and nothing has to be transposed.
/// </summary>
internal sealed class DenseLinear(TensorProto weights, TensorProto? bias = null) : LinearWeights(bias)
{
    public override string Apply(OnnxGraph graph, string input, string result) => WithBias(graph, result, product =>
        graph.Node("FusedMatMul", product, [input, graph.Weight(weights)], OnnxGraph.Microsoft, ("transB", 1)));
}

/// <summary>Block-quantised weights.</summary>
internal sealed class QuantizedLinear(QuantizedMatrix matrix, BuildOptions options, TensorProto? bias = null) : LinearWeights(bias)
{
    public override string Apply(OnnxGraph graph, string input, string result)
    {
        string[] weights = [.. matrix.Tensors.Select(graph.Weight)];
        // On a CPU the kernel adds the bias; CUDA's takes none.
        return options.Provider == Provider.Cpu && Bias is not null
            ? Multiply(result, [input, .. weights, .. Enumerable.Repeat("", 4 - weights.Length), graph.Weight(Bias)])
            : WithBias(graph, result, product => Multiply(product, [input, .. weights]));

        string Multiply(string product, string[] inputs) => graph.Node("MatMulNBits", product, inputs, OnnxGraph.Microsoft,
            ("K", matrix.Columns), ("N", matrix.Rows), ("bits", matrix.Format.Bits), ("block_size", matrix.Format.BlockSize),
            ("accuracy_level", options.Provider == Provider.Cpu ? options.AccuracyLevel : 0));
    }
}
