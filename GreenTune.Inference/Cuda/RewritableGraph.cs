using GreenTune.Models.Onnx.Wire;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Inference.Cuda;

/// <summary>A graph with what rewriting asks of it: who makes and who reads a result, and what is stored.</summary>
internal sealed class RewritableGraph
{
    /// <summary>Domain of ONNX Runtime's own operators.</summary>
    public const string Microsoft = "com.microsoft";

    private readonly GraphProto _graph;
    private readonly Dictionary<string, TensorProto> _initializers;
    private readonly Dictionary<string, NodeProto> _producers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<NodeProto>> _consumers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _outputs;
    private readonly HashSet<NodeProto> _removed = [];

    public RewritableGraph(GraphProto graph)
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

        ValueInfoProto? cache = graph.Input.FirstOrDefault(input => input.Name.StartsWith("past_key_values.", StringComparison.Ordinal));
        Activations = (TensorElementType)(cache?.Type?.TensorType?.ElemType ?? 0);
    }

    /// <summary>Nodes rewritten so far.</summary>
    public int Rewritten { get; set; }

    /// <summary>The type of activations, which is that of the cache; undefined in a graph without one.</summary>
    public TensorElementType Activations { get; }

    /// <summary>A snapshot of the nodes that are still there.</summary>
    public NodeProto[] Nodes => [.. _graph.Node.Where(node => !_removed.Contains(node))];

    public void Remove(params ReadOnlySpan<NodeProto> nodes)
    {
        foreach (NodeProto node in nodes)
        {
            _removed.Add(node);
        }
    }

    /// <summary>Takes removed nodes out of the graph.</summary>
    public void Finish()
    {
        NodeProto[] kept = Nodes;
        _graph.Node.Clear();
        _graph.Node.AddRange(kept);
    }

    /// <summary>The node becomes one of our operators; inputs left out at the end are dropped.</summary>
    public void Become(NodeProto node, string op, ReadOnlySpan<string> inputs)
    {
        while (inputs.Length > 0 && inputs[^1].Length == 0)
        {
            inputs = inputs[..^1];
        }

        string[] kept = inputs.ToArray();
        node.OpType = op;
        node.Domain = CudaOperators.Domain;
        node.Input.Clear();
        node.Input.AddRange(kept);
        Rewritten++;
    }

    /// <summary>The node gives the result of one that follows it, which goes.</summary>
    public void TakeResultOf(NodeProto node, NodeProto following)
    {
        node.Output[0] = following.Output[0];
        _producers[node.Output[0]] = node;
        _removed.Add(following);
    }

    public NodeProto? Producer(string result) => _producers.GetValueOrDefault(result);

    public bool IsOutput(string result) => _outputs.Contains(result);

    /// <summary>The one node that reads a result; null when several do, or when it leaves the graph.</summary>
    public NodeProto? OnlyConsumer(string result)
    {
        if (IsOutput(result) || !_consumers.TryGetValue(result, out List<NodeProto>? nodes))
        {
            return null;
        }

        NodeProto[] present = [.. nodes.Where(node => !_removed.Contains(node) && node.Input.Contains(result))];
        return present is [NodeProto only] ? only : null;
    }

    /// <summary>Whether what these nodes make is read by them and by <paramref name="last"/> alone.</summary>
    public bool AreReadOnlyBy(NodeProto last, params NodeProto[] nodes) => nodes.SelectMany(node => node.Output).Where(output => output.Length > 0)
        .All(output => !IsOutput(output) && _consumers.GetValueOrDefault(output, []).All(reader => reader == last || nodes.Contains(reader)));

    public TensorProto? Initializer(string name) => _initializers.GetValueOrDefault(name);

    /// <summary>The declared shape of a graph input; a size that is not fixed is null.</summary>
    public long?[]? InputShape(string name) =>
        _graph.Input.FirstOrDefault(input => input.Name == name)?.Type?.TensorType?.Shape is { } shape
            ? [.. shape.Dim.Select(size => size.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue ? (long?)size.DimValue : null)]
            : null;

    /// <summary>Whether an input is stored, with this type.</summary>
    public bool IsStored(NodeProto node, int input, TensorElementType type) => Has(node, input) && Initializer(node.Input[input])?.DataType == (int)type;

    public static bool Has(NodeProto node, int input) => node.Input.Count > input && node.Input[input].Length > 0;

    public static long? Number(NodeProto node, string name) => node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.I;

    public static float? Fraction(NodeProto node, string name) => node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.F;

    public static AttributeProto Attribute(string name, long value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    public static AttributeProto Attribute(string name, float value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Float, F = value };
}
