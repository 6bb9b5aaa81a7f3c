using GreenTune.Models.Onnx;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Building;

/// <summary>
/// The token with the highest logit, in two stages: over blocks of the vocabulary, then over the blocks' maxima. One ArgMax over a whole vocabulary
/// runs in a single thread block on a GPU and costs more than the rest of a small model's step. Among equals the lowest id wins.
/// </summary>
internal static class GreedyToken
{
    private const int PaddedWidth = 128;
    private const int NarrowestBlock = 32;
    private const int WidestBlock = 1024;

    /// <summary>Adds <paramref name="result"/>, int64 [batch, 1], for logits [batch, 1, vocabulary].</summary>
    public static void Add(OnnxGraph graph, string logits, int vocabulary, TensorElementType type, string result)
    {
        int? divisor = BlockWidth(vocabulary);
        int width = divisor ?? PaddedWidth;
        int blocks = (vocabulary + width - 1) / width;
        if (divisor is null)
            logits = Pad(graph, logits, (blocks * width) - vocabulary, type, result + "_padded");
        string rows = graph.Node("Reshape", result + "_blocks", [logits, graph.Constant("greedy_shape", [-1L, blocks, width], 3)]);
        string inBlock = graph.Node("ArgMax", result + "_in_block", [rows], attributes: [("axis", -1), ("keepdims", 0)]);
        string maxima = graph.Node("ReduceMax", result + "_maxima", [rows], attributes: [("axes", new long[] { -1 }), ("keepdims", 0)]);
        string block = graph.Node("ArgMax", result + "_block", [maxima], attributes: [("axis", -1), ("keepdims", 1)]);
        string offset = graph.Node("GatherElements", result + "_offset", [inBlock, block], attributes: ("axis", 1));
        string start = graph.Node("Mul", result + "_start", [block, graph.Scalar("greedy_width", width)]);
        graph.Node("Add", result, [start, offset]);
    }

    /// <summary>The divisor of the vocabulary's size that is nearest to 128; null where there is none between 32 and 1024.</summary>
    internal static int? BlockWidth(int vocabulary)
    {
        int? best = null;
        for (int width = NarrowestBlock; width <= Math.Min(vocabulary, WidestBlock); width++)
        {
            if (vocabulary % width == 0 && (best is null || Distance(width) < Distance(best.Value)))
                best = width;
        }
        return best;

        static double Distance(int width) => Math.Abs(Math.Log2(width / (double)PaddedWidth));
    }

    private static string Pad(OnnxGraph graph, string logits, int count, TensorElementType type, string result)
    {
        string lowest = type == TensorElementType.Float16
            ? graph.Constant("lowest_logit", [Half.NegativeInfinity])
            : graph.Constant("lowest_logit", [float.NegativeInfinity]);
        return graph.Node("Pad", result, [logits, graph.Constant("greedy_padding", [0L, 0, 0, 0, 0, count], 6), lowest]);
    }
}
