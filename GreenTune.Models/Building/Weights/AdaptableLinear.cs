using GreenTune.Models.Onnx;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Building;

/// <summary>
/// A map whose graph takes a low-rank change (Hu et al. 2021, LoRA): result = input x weights^T + input x A x B. A and B are inputs with a default of rank
/// 0, so that a graph runs without an adapter and with one of any rank.
/// </summary>
/// <param name="linear">The map itself.</param>
/// <param name="name">Its place in the decoder, for example "layers.0.attention.qkv".</param>
/// <param name="inputs">Rows of A.</param>
/// <param name="outputs">Columns of B.</param>
/// <param name="type">Type of the activations.</param>
internal sealed class AdaptableLinear(LinearWeights linear, string name, int inputs, int outputs, TensorElementType type) : LinearWeights(null)
{
    /// <summary>What the name of A ends in.</summary>
    public const string DownSuffix = ".lora_a";

    /// <summary>What the name of B ends in.</summary>
    public const string UpSuffix = ".lora_b";

    public override string Apply(OnnxGraph graph, string input, string result)
    {
        string rank = name + ".rank";
        string down = graph.OptionalInput(name + DownSuffix, type, [inputs, rank], [inputs, 0]);
        string up = graph.OptionalInput(name + UpSuffix, type, [rank, outputs], [0, outputs]);
        string narrow = graph.Node("MatMul", result + ".narrow", [input, down]);
        string change = graph.Node("MatMul", result + ".change", [narrow, up]);
        return graph.Node("Add", result, [linear.Apply(graph, input, result + ".base"), change]);
    }
}
