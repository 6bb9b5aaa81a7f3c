using System.Runtime.InteropServices;
using Google.Protobuf;
using GreenTune.Models.Onnx.Wire;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Onnx;

/// <summary>A graph under construction. Names of results are returned, so that nodes read as calls.</summary>
internal sealed class OnnxGraph(string name)
{
    /// <summary>Domain of ONNX Runtime's own operators.</summary>
    public const string Microsoft = "com.microsoft";

    private const int OpsetVersion = 17;
    private const int IrVersion = 8;

    private readonly GraphProto _graph = new() { Name = name };
    private readonly HashSet<string> _initializers = new(StringComparer.Ordinal);

    public string Input(string input, TensorElementType type, params ReadOnlySpan<object> shape)
    {
        _graph.Input.Add(Value(input, type, shape));
        return input;
    }

    /// <summary>An input that a run may leave out: it is then an empty tensor of the shape <paramref name="defaults"/>, which has a size of 0.</summary>
    public string OptionalInput(string input, TensorElementType type, ReadOnlySpan<object> shape, ReadOnlySpan<long> defaults)
    {
        _graph.Input.Add(Value(input, type, shape));
        var tensor = new TensorProto { Name = input, DataType = (int)type, RawData = ByteString.Empty };
        tensor.Dims.AddRange(defaults.ToArray());
        _graph.Initializer.Add(tensor);
        return input;
    }

    public void Output(string output, TensorElementType type, params ReadOnlySpan<object> shape) => _graph.Output.Add(Value(output, type, shape));

    /// <summary>Takes a tensor of the weight file into this graph.</summary>
    public string Weight(TensorProto tensor)
    {
        if (_initializers.Add(tensor.Name))
            _graph.Initializer.Add(tensor);
        return tensor.Name;
    }

    /// <summary>A small constant inside the graph file; a scalar when <paramref name="shape"/> is empty.</summary>
    public string Constant<T>(string constant, ReadOnlySpan<T> values, params ReadOnlySpan<long> shape) where T : unmanaged
    {
        if (!_initializers.Add(constant))
            return constant;
        TensorElementType type = typeof(T) == typeof(float) ? TensorElementType.Float
            : typeof(T) == typeof(Half) ? TensorElementType.Float16
            : typeof(T) == typeof(int) ? TensorElementType.Int32
            : typeof(T) == typeof(long) ? TensorElementType.Int64
            : throw new ArgumentException($"Constants of type {typeof(T).Name} are not written.", nameof(values));
        var tensor = new TensorProto { Name = constant, DataType = (int)type, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values)) };
        tensor.Dims.AddRange(shape.ToArray());
        _graph.Initializer.Add(tensor);
        return constant;
    }

    public string Scalar(string constant, long value) => Constant(constant, [value]);

    /// <summary>Adds a node with one result and returns that result's name, which is the node's.</summary>
    public string Node(string op, string result, ReadOnlySpan<string> inputs, string domain = "", params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        Node(op, inputs, [result], domain, attributes);
        return result;
    }

    /// <summary>Adds a node; a result that is not wanted has an empty name.</summary>
    public void Node(string op, ReadOnlySpan<string> inputs, ReadOnlySpan<string> results, string domain = "", params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        var node = new NodeProto { OpType = op, Domain = domain };
        node.Input.AddRange(inputs.ToArray());
        node.Output.AddRange(results.ToArray());
        node.Name = node.Output.First(o => o.Length > 0) + "/" + op;
        foreach ((string attribute, object value) in attributes)
            node.Attribute.Add(Attribute(attribute, value));
        _graph.Node.Add(node);
    }

    public void Save(string path, string producer, string version)
    {
        var model = new ModelProto { IrVersion = IrVersion, ProducerName = producer, ProducerVersion = version, Graph = _graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = OpsetVersion });
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = Microsoft, Version = 1 });
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        model.WriteTo(file);
        file.Flush(flushToDisk: true);
    }

    private static AttributeProto Attribute(string name, object value) => value switch
    {
        int number => new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = number },
        float number => new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Float, F = number },
        long[] numbers => WithIntegers(name, numbers),
        _ => throw new ArgumentException($"An attribute of type {value.GetType().Name} is not written.", nameof(value)),
    };

    private static AttributeProto WithIntegers(string name, long[] numbers)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
        attribute.Ints.AddRange(numbers);
        return attribute;
    }

    private static ValueInfoProto Value(string name, TensorElementType type, ReadOnlySpan<object> shape)
    {
        var dimensions = new TensorShapeProto();
        foreach (object size in shape)
        {
            dimensions.Dim.Add(size is string symbol
                ? new TensorShapeProto.Types.Dimension { DimParam = symbol }
                : new TensorShapeProto.Types.Dimension { DimValue = Convert.ToInt64(size, System.Globalization.CultureInfo.InvariantCulture) });
        }
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = dimensions } } };
    }
}
