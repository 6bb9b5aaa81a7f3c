using GreenTune.Models.Onnx.Wire;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Inference.Cuda;

/// <summary>Norms, attention and the choice of the token.</summary>
internal static class LayerRewrites
{
    private const int WidestNorm = 8192;

    /// <summary>Attributes of GroupQueryAttention that change nothing when they are 0.</summary>
    private static readonly string[] _attentionExtras = ["softcap", "smooth_softmax", "rotary_interleaved", "qk_output", "kv_cache_bit_width"];

    private static readonly string[] _attentionKnown = ["num_heads", "kv_num_heads", "do_rotary", "scale", "local_window_size", "qk_norm_epsilon"];

    /// <summary>Norms of fp16, with or without a sum with a residual before.</summary>
    public static void Norms(RewritableGraph graph)
    {
        foreach (NodeProto node in graph.Nodes.Where(node => graph.Activations == TensorElementType.Float16))
        {
            bool alone = node is { OpType: "SimplifiedLayerNormalization", Domain: "", Input.Count: 2, Output.Count: 1 } && RewritableGraph.Number(node, "axis") == -1;
            bool sums = node is { OpType: "SkipSimplifiedLayerNormalization", Domain: RewritableGraph.Microsoft, Input.Count: 3 }
                && node.Output.Skip(1).Take(2).All(output => output.Length == 0);
            if ((!alone && !sums) || RewritableGraph.Fraction(node, "epsilon") is not { } epsilon
                || graph.Initializer(node.Input[^1]) is not { DataType: (int)TensorElementType.Float16, Dims: [long width] } || width % 8 != 0 || width > WidestNorm)
            {
                continue;
            }

            string sum = node.Output.Count > 3 ? node.Output[3] : "";
            graph.Become(node, AddNormOperator.Name, alone ? [.. node.Input] : [node.Input[0], node.Input[2], node.Input[1]]);
            string normalized = node.Output[0];
            node.Output.Clear();
            node.Output.Add(normalized);
            if (sum.Length > 0)
            {
                node.Output.Add(sum);
            }

            node.Attribute.Clear();
            node.Attribute.Add(RewritableGraph.Attribute("epsilon", epsilon));
        }
    }

    /// <summary>Attention of packed fp16 queries, keys and values with rotary positions, without norms of heads, caps or biases.</summary>
    public static void Attention(RewritableGraph graph)
    {
        foreach (NodeProto node in graph.Nodes)
        {
            if (node.OpType != "GroupQueryAttention" || node.Domain != RewritableGraph.Microsoft || !IsPlain(graph, node)
                || graph.InputShape(node.Input[3]) is not [_, _, _, { } headSize] || headSize is not (64 or 128)
                || graph.Initializer(node.Input[7]) is not { DataType: (int)TensorElementType.Float16, Dims: [_, long half] } || half != headSize / 2)
            {
                continue;
            }

            float scale = RewritableGraph.Fraction(node, "scale") is { } given and not 0 ? given : (float)(1 / Math.Sqrt(headSize));
            AttributeProto[] heads = [.. node.Attribute.Where(attribute => attribute.Name is "num_heads" or "kv_num_heads")];
            long window = RewritableGraph.Number(node, "local_window_size") ?? 0;
            graph.Become(node, AttentionOperator.Name, [node.Input[0], node.Input[3], node.Input[4], node.Input[5], node.Input[7], node.Input[8]]);
            node.Attribute.Clear();
            node.Attribute.AddRange(heads);
            node.Attribute.Add(RewritableGraph.Attribute("head_size", headSize));
            node.Attribute.Add(RewritableGraph.Attribute("local_window_size", Math.Max(window, 0)));
            node.Attribute.Add(RewritableGraph.Attribute("scale", scale));
        }
    }

    /// <summary>The two-stage choice of the highest logit, as one node.</summary>
    public static void Token(RewritableGraph graph)
    {
        // next_token = block * width + place in the block; both come from the maxima of blocks.
        foreach (NodeProto add in graph.Nodes.Where(node => node is { OpType: "Add", Domain: "", Output: ["next_token"] }))
        {
            if (Two(graph, add, "Mul", "GatherElements") is not [NodeProto start, NodeProto offset]
                || graph.Producer(offset.Input[0]) is not { OpType: "ArgMax" } inBlock || graph.Producer(offset.Input[1]) is not { OpType: "ArgMax" } block
                || !start.Input.Contains(block.Output[0]) || graph.Producer(block.Input[0]) is not { OpType: "ReduceMax" } maxima
                || maxima.Input[0] != inBlock.Input[0] || graph.Producer(inBlock.Input[0]) is not { OpType: "Reshape" } rows)
            {
                continue;
            }

            string logits = rows.Input[0];
            NodeProto[] replaced = [start, offset, inBlock, block, maxima, rows];
            if (graph.Producer(logits) is { OpType: "Pad", Domain: "" } pad)
            {
                logits = pad.Input[0];
                replaced = [.. replaced, pad];
            }

            if (graph.AreReadOnlyBy(add, replaced))
            {
                graph.Become(add, graph.Activations == TensorElementType.Float16 ? GreedyTokenOperator.Name : GreedyTokenOperator.FloatName, [logits]);
                graph.Remove(replaced);
            }
        }
    }

    private static bool IsPlain(RewritableGraph graph, NodeProto node)
    {
        int[] needed = [0, 3, 4, 5, 6, 7, 8];
        return graph.Activations == TensorElementType.Float16 && node.Output.Count == 3 && needed.All(input => RewritableGraph.Has(node, input))
            && Enumerable.Range(0, node.Input.Count).All(input => needed.Contains(input) || !RewritableGraph.Has(node, input))
            && RewritableGraph.Number(node, "do_rotary") == 1
            && node.Attribute.All(attribute => _attentionKnown.Contains(attribute.Name) || (_attentionExtras.Contains(attribute.Name) && attribute.I == 0 && attribute.F == 0));
    }

    /// <summary>The producers of a node's two inputs, in the given order of operators; null when they are others.</summary>
    private static NodeProto[]? Two(RewritableGraph graph, NodeProto node, string first, string second)
    {
        NodeProto?[] producers = [.. node.Input.Select(graph.Producer)];
        NodeProto? one = producers.FirstOrDefault(producer => producer?.OpType == first);
        NodeProto? two = producers.FirstOrDefault(producer => producer?.OpType == second);
        return producers.Length == 2 && one is not null && two is not null ? [one, two] : null;
    }
}
