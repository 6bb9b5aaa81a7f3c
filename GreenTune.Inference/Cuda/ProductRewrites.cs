using System.Runtime.InteropServices;
using GreenTune.Models.Onnx.Wire;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Inference.Cuda;

/// <summary>Quantised products and the gated activation between the projections of a feed-forward part.</summary>
internal static class ProductRewrites
{
    private const string SwiGlu = "swiglu";

    public static void Products(RewritableGraph graph)
    {
        foreach (NodeProto node in graph.Nodes)
        {
            if (IsTaken(graph, node))
            {
                Product(graph, node);
            }
        }
    }

    /// <param name="graph">The graph.</param>
    /// <param name="insideProducts">Whether a product of ours may do it itself.</param>
    /// <param name="alone">Whether it may become an operator of its own.</param>
    public static void GatedActivations(RewritableGraph graph, bool insideProducts, bool alone)
    {
        foreach (NodeProto split in graph.Nodes.Where(node => node.OpType == "Split"))
        {
            if (Match(graph, split) is not { } gated)
            {
                continue;
            }

            NodeProto? product = graph.Producer(split.Input[0]);
            if (insideProducts && product is { OpType: MatMulOperator.Name, Domain: CudaOperators.Domain } && graph.OnlyConsumer(split.Input[0]) == split)
            {
                product.Attribute.Single(attribute => attribute.Name == SwiGlu).I = 1;
                graph.TakeResultOf(product, gated.Product);
                graph.Remove(split, gated.Activation);
            }
            else if (alone && graph.Activations is TensorElementType.Float16 or TensorElementType.BFloat16)
            {
                // In place of the last of the three, which is behind everything that it needs.
                graph.Become(gated.Product, graph.Activations == TensorElementType.Float16 ? SiluMulOperator.Name : SiluMulOperator.BFloat16Name, [split.Input[0]]);
                gated.Product.Attribute.Clear();
                graph.Remove(split, gated.Activation);
            }
        }
    }

    /// <summary>Whether a node is a quantised product that gt_matmul_check accepts, of fp16 activations.</summary>
    private static bool IsTaken(RewritableGraph graph, NodeProto node)
    {
        if (node.OpType != "MatMulNBits" || node.Domain != RewritableGraph.Microsoft || RewritableGraph.Has(node, 4))
        {
            return false;
        }

        long bits = RewritableGraph.Number(node, "bits") ?? 4;
        long block = RewritableGraph.Number(node, "block_size") ?? 0;
        long columns = RewritableGraph.Number(node, "K") ?? 0;
        return bits is 4 or 8 && block is 16 or 32 or 64 or 128 or 256 && columns > 0 && columns % block == 0 && columns % (128 / bits) == 0
            && RewritableGraph.Number(node, "N") > 0
            && graph.IsStored(node, 1, TensorElementType.UInt8) && graph.IsStored(node, 2, TensorElementType.Float16)
            && (!RewritableGraph.Has(node, 3) || graph.IsStored(node, 3, TensorElementType.UInt8))
            && (!RewritableGraph.Has(node, 5) || graph.IsStored(node, 5, TensorElementType.Float16));
    }

    private static void Product(RewritableGraph graph, NodeProto node)
    {
        string bias = RewritableGraph.Has(node, 5) ? node.Input[5] : "";
        if (bias.Length == 0 && graph.OnlyConsumer(node.Output[0]) is { OpType: "Add", Domain: "" } add && Bias(graph, node, add) is { } added)
        {
            bias = added;
            graph.TakeResultOf(node, add);
        }

        graph.Become(node, MatMulOperator.Name, [node.Input[0], node.Input[1], node.Input[2], RewritableGraph.Has(node, 3) ? node.Input[3] : "", bias]);
        AttributeProto[] attributes = [.. node.Attribute.Where(attribute => attribute.Name is "K" or "N" or "bits" or "block_size")];
        node.Attribute.Clear();
        node.Attribute.AddRange(attributes);
        if (attributes.All(attribute => attribute.Name != "bits"))
        {
            node.Attribute.Add(RewritableGraph.Attribute("bits", 4));
        }

        node.Attribute.Add(RewritableGraph.Attribute(SwiGlu, 0));
    }

    /// <summary>The vector that <paramref name="add"/> adds to the product; null when it adds something else.</summary>
    private static string? Bias(RewritableGraph graph, NodeProto product, NodeProto add)
    {
        string other = add.Input[0] == product.Output[0] ? add.Input[1] : add.Input[0];
        return graph.Initializer(other) is { DataType: (int)TensorElementType.Float16, Dims: [long size] } && size == RewritableGraph.Number(product, "N") ? other : null;
    }

    /// <summary>x sigmoid(x) of the first half and its product with the second, if that is all that the halves are used for.</summary>
    private static (NodeProto Activation, NodeProto Product)? Match(RewritableGraph graph, NodeProto split)
    {
        if (split.Output.Count != 2 || (RewritableGraph.Number(split, "axis") ?? 0) != -1 || !HasEqualParts(graph, split))
        {
            return null;
        }

        return graph.OnlyConsumer(split.Output[0]) is { OpType: "QuickGelu", Domain: RewritableGraph.Microsoft } activation
            && RewritableGraph.Fraction(activation, "alpha") == 1f
            && graph.OnlyConsumer(activation.Output[0]) is { OpType: "Mul", Domain: "" } product && graph.OnlyConsumer(split.Output[1]) == product
            ? (activation, product)
            : null;
    }

    private static bool HasEqualParts(RewritableGraph graph, NodeProto split) =>
        !RewritableGraph.Has(split, 1)
        || (graph.Initializer(split.Input[1]) is { DataType: (int)TensorElementType.Int64, DataLocation: TensorProto.Types.DataLocation.Default } sizes
            && MemoryMarshal.Cast<byte, long>(sizes.RawData.Span) is [long first, long second] && first == second);
}
