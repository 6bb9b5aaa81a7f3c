using System.Runtime.InteropServices;
using Google.Protobuf;
using GreenTune.Models.Onnx.Wire;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Inference.Cuda;

/// <summary>
/// Puts <see cref="CudaOperators"/> into a graph that a folder holds as standard ONNX, in memory alone. Rewritten are quantised products of fp16 activations
/// (with a bias that follows), and SiLU(gate) * up of a packed gate and up projection, inside the product where it can be. What the kernels do not take
/// stays as it was.
/// </summary>
internal sealed class EngineGraphRewriter
{
    private const string Microsoft = "com.microsoft";

    private readonly GraphProto _graph;
    private readonly Dictionary<string, TensorProto> _initializers;
    private readonly Dictionary<string, NodeProto> _producers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<NodeProto>> _consumers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _outputs;
    private readonly HashSet<NodeProto> _removed = [];
    private readonly TensorElementType _activations;
    private int _rewritten;

    private EngineGraphRewriter(GraphProto graph)
    {
        _graph = graph;
        _initializers = graph.Initializer.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        _outputs = graph.Output.Select(output => output.Name).ToHashSet(StringComparer.Ordinal);
        foreach (NodeProto node in graph.Node)
        {
            foreach (string output in node.Output.Where(output => output.Length > 0))
            {
                _producers[output] = node;
            }

            foreach (string input in node.Input.Where(input => input.Length > 0).Distinct(StringComparer.Ordinal))
            {
                if (!_consumers.TryGetValue(input, out List<NodeProto>? nodes))
                {
                    _consumers[input] = nodes = [];
                }

                nodes.Add(node);
            }
        }

        _activations = (TensorElementType)(graph.Input.FirstOrDefault(input => input.Name.StartsWith("past_key_values.", StringComparison.Ordinal))?.Type?.TensorType?.ElemType ?? 0);
    }

    /// <summary>
    /// The graph of an ONNX file with our operators in it, for a session with <see cref="CudaOperators.AddTo"/> and the session configuration
    /// entry "session.model_external_initializers_file_folder_path" set to the file's folder, where the weights stay.
    /// </summary>
    /// <exception cref="InvalidDataException">The file is no ONNX graph.</exception>
    public static byte[] Rewrite(string engineGraphPath) => Rewrite(engineGraphPath, out _);

    /// <param name="engineGraphPath">An ONNX file with its weights in other files.</param>
    /// <param name="rewritten">Nodes that now run on our kernels; 0 when nothing was changed.</param>
    public static byte[] Rewrite(string engineGraphPath, out int rewritten)
    {
        ModelProto model;
        try
        {
            model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(engineGraphPath));
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException($"{engineGraphPath} is no ONNX file: {e.Message}", e);
        }

        if (model.Graph is null || model.Graph.Node.Count == 0)
        {
            throw new InvalidDataException($"{engineGraphPath} is no ONNX file: it has no graph");
        }

        var rewriter = new EngineGraphRewriter(model.Graph);
        rewriter.Run();
        rewritten = rewriter._rewritten;
        if (rewritten > 0)
        {
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = CudaOperators.Domain, Version = 1 });
        }

        return model.ToByteArray();
    }

    private void Run()
    {
        foreach (NodeProto node in _graph.Node.ToArray())
        {
            if (IsOurs(node))
            {
                RewriteProduct(node);
            }
        }

        foreach (NodeProto node in _graph.Node.Where(node => !_removed.Contains(node)).ToArray())
        {
            if (node.OpType == "Split" && MatchGatedActivation(node) is { } gated)
            {
                RewriteActivation(node, gated);
            }
        }

        NodeProto[] kept = [.. _graph.Node.Where(node => !_removed.Contains(node))];
        _graph.Node.Clear();
        _graph.Node.AddRange(kept);
    }

    /// <summary>Whether a node is a quantised product that gt_matmul_check accepts, of fp16 activations.</summary>
    private bool IsOurs(NodeProto node)
    {
        if (node.OpType != "MatMulNBits" || node.Domain != Microsoft || Has(node, 4))
        {
            return false;
        }

        long bits = Number(node, "bits") ?? 4;
        long block = Number(node, "block_size") ?? 0;
        long columns = Number(node, "K") ?? 0;
        return bits is 4 or 8 && block is 16 or 32 or 64 or 128 or 256 && columns > 0 && columns % block == 0 && columns % (128 / bits) == 0
            && Number(node, "N") > 0 && Is(node, 1, TensorElementType.UInt8) && Is(node, 2, TensorElementType.Float16) && (!Has(node, 3) || Is(node, 3, TensorElementType.UInt8))
            && (!Has(node, 5) || Is(node, 5, TensorElementType.Float16));
    }

    private void RewriteProduct(NodeProto node)
    {
        bool hasBias = Has(node, 5);
        string[] inputs = [node.Input[0], node.Input[1], node.Input[2], Has(node, 3) ? node.Input[3] : "", hasBias ? node.Input[5] : ""];
        if (!hasBias && OnlyConsumer(node.Output[0]) is { OpType: "Add", Domain: "" } add && Bias(node, add) is { } bias)
        {
            inputs[4] = bias;
            Take(node, add);
        }

        Become(node, MatMulOperator.Name, inputs);
        AttributeProto[] attributes = [.. node.Attribute.Where(attribute => attribute.Name is "K" or "N" or "bits" or "block_size")];
        node.Attribute.Clear();
        node.Attribute.AddRange(attributes);
        if (attributes.All(attribute => attribute.Name != "bits"))
        {
            node.Attribute.Add(Integer("bits", 4));
        }

        node.Attribute.Add(Integer("swiglu", 0));
        _rewritten++;
    }

    private void RewriteActivation(NodeProto split, (NodeProto Activation, NodeProto Product) gated)
    {
        NodeProto? product = _producers.GetValueOrDefault(split.Input[0]);
        if (product is { OpType: MatMulOperator.Name, Domain: CudaOperators.Domain } && OnlyConsumer(split.Input[0]) == split)
        {
            product.Attribute.Single(attribute => attribute.Name == "swiglu").I = 1;
            product.Output[0] = gated.Product.Output[0];
            _producers[product.Output[0]] = product;
            _removed.UnionWith([split, gated.Activation, gated.Product]);
            return;
        }

        if (_activations is not (TensorElementType.Float16 or TensorElementType.BFloat16))
        {
            return;
        }

        // In place of the product, which is behind everything that it needs.
        Become(gated.Product, _activations == TensorElementType.Float16 ? SiluMulOperator.Name : SiluMulOperator.BFloat16Name, [split.Input[0]]);
        gated.Product.Attribute.Clear();
        _removed.UnionWith([split, gated.Activation]);
        _rewritten++;
    }

    /// <summary>x sigmoid(x) of the first half and its product with the second, if that is all that the halves are used for.</summary>
    private (NodeProto Activation, NodeProto Product)? MatchGatedActivation(NodeProto split)
    {
        if (split.Output.Count != 2 || (Number(split, "axis") ?? 0) != -1 || !HasEqualParts(split))
        {
            return null;
        }

        return OnlyConsumer(split.Output[0]) is { OpType: "QuickGelu", Domain: Microsoft } activation && Fraction(activation, "alpha") == 1f
            && OnlyConsumer(activation.Output[0]) is { OpType: "Mul", Domain: "" } product && OnlyConsumer(split.Output[1]) == product
            && product.Input.Contains(activation.Output[0]) && product.Input.Contains(split.Output[1])
            ? (activation, product)
            : null;
    }

    private bool HasEqualParts(NodeProto split)
    {
        if (!Has(split, 1))
        {
            return true;
        }

        return _initializers.TryGetValue(split.Input[1], out TensorProto? sizes) && sizes.DataType == (int)TensorElementType.Int64
            && sizes.DataLocation == TensorProto.Types.DataLocation.Default
            && MemoryMarshal.Cast<byte, long>(sizes.RawData.Span) is [long first, long second] && first == second;
    }

    /// <summary>The vector that <paramref name="add"/> adds to the product; null when it adds something else.</summary>
    private string? Bias(NodeProto product, NodeProto add)
    {
        string other = add.Input[0] == product.Output[0] ? add.Input[1] : add.Input[0];
        return _initializers.TryGetValue(other, out TensorProto? tensor) && tensor.DataType == (int)TensorElementType.Float16 && tensor.Dims.Count == 1
            && tensor.Dims[0] == Number(product, "N") ? other : null;
    }

    /// <summary>The product gives the result of the node that follows it, which goes.</summary>
    private void Take(NodeProto product, NodeProto following)
    {
        product.Output[0] = following.Output[0];
        _producers[product.Output[0]] = product;
        _removed.Add(following);
    }

    private static void Become(NodeProto node, string op, string[] inputs)
    {
        node.OpType = op;
        node.Domain = CudaOperators.Domain;
        node.Input.Clear();
        node.Input.AddRange(inputs.Reverse().SkipWhile(input => input.Length == 0).Reverse());
    }

    /// <summary>The one node that reads a result; null when several do, or when it leaves the graph.</summary>
    private NodeProto? OnlyConsumer(string result) =>
        !_outputs.Contains(result) && _consumers.TryGetValue(result, out List<NodeProto>? nodes) && nodes is [NodeProto only] ? only : null;

    private bool Is(NodeProto node, int input, TensorElementType type) =>
        Has(node, input) && _initializers.TryGetValue(node.Input[input], out TensorProto? tensor) && tensor.DataType == (int)type;

    private static bool Has(NodeProto node, int input) => node.Input.Count > input && node.Input[input].Length > 0;

    private static long? Number(NodeProto node, string name) => node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.I;

    private static float? Fraction(NodeProto node, string name) => node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.F;

    private static AttributeProto Integer(string name, long value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };
}
