using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Onnx;

/// <summary>What one token costs in a decoder graph, read off its nodes.</summary>
/// <param name="MultipliedParameters">Weights that every token is multiplied with; a token costs twice as many floating-point operations.</param>
/// <param name="WeightBytesPerStep">Bytes of weights that a step reads, whatever its number of rows.</param>
/// <param name="WeightBits">Bits of the weights that are multiplied with; null where there are none or several kinds.</param>
internal sealed record GraphCost(long MultipliedParameters, long WeightBytesPerStep, int? WeightBits)
{
    /// <summary>Nodes that read single rows of their table: tokens' embeddings, positions' angles.</summary>
    private static readonly Dictionary<string, int[]> Tables = new(StringComparer.Ordinal)
    {
        ["Gather"] = [0],
        ["GatherBlockQuantized"] = [0, 2, 3],
        ["GroupQueryAttention"] = [7, 8],
        ["RotaryEmbedding"] = [2, 3],
    };

    public static GraphCost Of(OnnxFile file)
    {
        // Whole numbers are shapes and indices, not weights.
        Dictionary<string, OnnxTensor> tensors = file.Tensors.Where(t => t.Name.Length > 0 && t.Type is not (TensorElementType.Int64 or TensorElementType.Int32)).DistinctBy(t => t.Name).ToDictionary(t => t.Name, StringComparer.Ordinal);
        var read = new HashSet<string>(StringComparer.Ordinal);
        var bits = new HashSet<int>();
        long parameters = 0;
        foreach (OnnxNode node in file.Nodes)
        {
            int[] rows = Tables.GetValueOrDefault(node.Op, []);
            read.UnionWith(node.Inputs.Where((input, i) => !rows.Contains(i) && tensors.ContainsKey(input)));
            parameters += Multiplied(node, tensors);
            if (Bits(node, tensors) is { } stored)
                bits.Add(stored);
        }
        return new GraphCost(parameters, read.Sum(name => tensors[name].Bytes ?? 0), bits.Count == 1 ? bits.Single() : null);
    }

    private static long Multiplied(OnnxNode node, Dictionary<string, OnnxTensor> tensors) => node.Op == "MatMulNBits"
        ? node.Numbers.GetValueOrDefault("K") * node.Numbers.GetValueOrDefault("N")
        : DenseWeights(node, tensors)?.Elements ?? 0;

    private static int? Bits(OnnxNode node, Dictionary<string, OnnxTensor> tensors) => node.Op == "MatMulNBits"
        ? (int)node.Numbers.GetValueOrDefault("bits", 4)
        : DenseWeights(node, tensors)?.Type.Bits();

    private static OnnxTensor? DenseWeights(OnnxNode node, Dictionary<string, OnnxTensor> tensors) =>
        node.Op is "MatMul" or "FusedMatMul" or "Gemm" && node.Inputs.Count > 1 ? tensors.GetValueOrDefault(node.Inputs[1]) : null;
}
