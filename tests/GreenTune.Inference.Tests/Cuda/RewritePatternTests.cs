using Google.Protobuf;
using GreenTune.Inference.Cuda;
using GreenTune.Models.Onnx.Wire;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Inference.Tests.Cuda;

/// <summary>What is rewritten and what is left alone, on graphs of a few nodes.</summary>
public sealed class RewritePatternTests
{
    private readonly GraphProto _graph = new();

    public RewritePatternTests()
    {
        Input("x", TensorElementType.Float16);
        Input("past_key_values.0.key", TensorElementType.Float16, 1, 2, 512, 64);
        Input("past_key_values.0.value", TensorElementType.Float16, 1, 2, 512, 64);
        Input("lengths", TensorElementType.Int32);
        Input("total", TensorElementType.Int32);
        Stored("codes", TensorElementType.UInt8, 64, 4, 16);
        Stored("scales", TensorElementType.Float16, 256);
        Stored("zeros", TensorElementType.UInt8, 128);
        Stored("bias", TensorElementType.Float16, 64);
        Stored("cosines", TensorElementType.Float16, 2048, 32);
        Stored("sines", TensorElementType.Float16, 2048, 32);
    }

    [Fact]
    public void A_bias_that_follows_goes_inside_behind_the_zero_points()
    {
        Product("product", "zeros");
        Node("Add", "", ["bias", "product"], ["y"]);
        Output("y");

        NodeProto only = Assert.Single(Rewritten());
        Assert.Equal("QuantizedMatMul", only.OpType);
        Assert.Equal(["x", "codes", "scales", "zeros", "bias"], only.Input);
        Assert.Equal(["y"], only.Output);
    }

    [Fact]
    public void Without_zero_points_and_bias_the_inputs_end_with_the_scales()
    {
        Product("y");
        Output("y");

        NodeProto only = Assert.Single(Rewritten());
        Assert.Equal(["x", "codes", "scales"], only.Input);
        Assert.Equal(["K", "N", "bits", "block_size", "swiglu"], only.Attribute.Select(attribute => attribute.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_sum_with_another_result_stays()
    {
        Product("product");
        Node("Add", "", ["product", "x"], ["y"]);
        Output("y");

        Assert.Equal(["QuantizedMatMul", "Add"], Rewritten().Select(node => node.OpType));
    }

    [Fact]
    public void A_product_that_others_read_too_keeps_its_result()
    {
        Product("product");
        Node("Add", "", ["product", "bias"], ["y"]);
        Output("y");
        Output("product");

        Assert.Equal(["QuantizedMatMul", "Add"], Rewritten().Select(node => node.OpType));
    }

    [Theory]
    [InlineData("bits", 2)]
    [InlineData("block_size", 512)]
    [InlineData("K", 112)]
    public void A_format_that_the_kernels_do_not_take_stays(string attribute, long value)
    {
        Product("y").Attribute.Single(a => a.Name == attribute).I = value;
        Output("y");

        Assert.Equal("MatMulNBits", Assert.Single(Rewritten()).OpType);
    }

    [Fact]
    public void Float32_scales_stay()
    {
        _graph.Initializer.Single(tensor => tensor.Name == "scales").DataType = (int)TensorElementType.Float;
        Product("y");
        Output("y");

        Assert.Equal("MatMulNBits", Assert.Single(Rewritten()).OpType);
    }

    [Fact]
    public void A_gated_activation_goes_into_the_product_when_nobody_else_reads_it()
    {
        Gated();
        Output("y");

        NodeProto only = Assert.Single(Rewritten());
        Assert.Equal(1, only.Attribute.Single(attribute => attribute.Name == "swiglu").I);
        Assert.Equal(["y"], only.Output);
    }

    [Fact]
    public void A_gated_activation_of_a_product_that_is_read_elsewhere_becomes_a_node_of_its_own()
    {
        Gated();
        Output("y");
        Output("packed");

        NodeProto[] nodes = Rewritten();
        Assert.Equal(["QuantizedMatMul", "SiluMul"], nodes.Select(node => node.OpType));
        Assert.Equal(["packed"], nodes[1].Input);
    }

    [Fact]
    public void A_gate_that_is_read_elsewhere_and_another_slope_stay()
    {
        Gated();
        Output("y");
        Output("gate");
        Assert.Equal(["QuantizedMatMul", "Split", "QuickGelu", "Mul"], Rewritten().Select(node => node.OpType));

        _graph.Output.RemoveAt(1);
        _graph.Node.Single(node => node.OpType == "QuickGelu").Attribute[0].F = 1.702f;
        Assert.Equal(4, Rewritten().Length);
    }

    [Fact]
    public void Plain_attention_takes_its_window_and_its_scale_along()
    {
        NodeProto attention = Attention();
        attention.Attribute.Add(Integer("local_window_size", 16));

        NodeProto only = Assert.Single(Rewritten());
        Assert.Equal("CachedAttention", only.OpType);
        Assert.Equal(["x", "past_key_values.0.key", "past_key_values.0.value", "lengths", "cosines", "sines"], only.Input);
        Assert.Equal(["y", "present.0.key", "present.0.value"], only.Output);
        Assert.Equal(16, only.Attribute.Single(attribute => attribute.Name == "local_window_size").I);
        Assert.Equal(64, only.Attribute.Single(attribute => attribute.Name == "head_size").I);
        Assert.Equal(0.125f, only.Attribute.Single(attribute => attribute.Name == "scale").F);
    }

    [Fact]
    public void Attention_with_a_cap_norms_of_heads_or_another_head_size_stays()
    {
        NodeProto attention = Attention();
        attention.Attribute.Add(new AttributeProto { Name = "softcap", F = 30, Type = AttributeProto.Types.AttributeType.Float });
        Assert.Equal("GroupQueryAttention", Assert.Single(Rewritten()).OpType);

        attention.Attribute.RemoveAt(attention.Attribute.Count - 1);
        attention.Input.AddRange(["", "", "", "", "", "bias", "bias"]);
        Assert.Equal("GroupQueryAttention", Assert.Single(Rewritten()).OpType);

        while (attention.Input.Count > 9)
        {
            attention.Input.RemoveAt(9);
        }

        Assert.Equal("CachedAttention", Assert.Single(Rewritten()).OpType);
        _graph.Input.Single(input => input.Name == "past_key_values.0.key").Type.TensorType.Shape.Dim[3].DimValue = 80;
        Assert.Equal("GroupQueryAttention", Assert.Single(Rewritten()).OpType);
    }

    [Fact]
    public void ONNX_Runtime_takes_a_product_with_zero_points_left_out_between_scales_and_bias()
    {
        _graph.Name = "product";
        _graph.Input.Single(input => input.Name == "x").Type.TensorType.Shape.Dim.AddRange([new() { DimValue = 3 }, new() { DimValue = 128 }]);
        Product("product");
        Node("Add", "", ["bias", "product"], ["y"]);
        _graph.Output.Add(new ValueInfoProto(_graph.Input[0]) { Name = "y" });
        _graph.Output[0].Type.TensorType.Shape.Dim[1].DimValue = 64;
        foreach (TensorProto tensor in _graph.Initializer)
        {
            tensor.RawData = ByteString.CopyFrom(new byte[tensor.Dims.Aggregate(1L, (product, size) => product * size) * (tensor.DataType == (int)TensorElementType.UInt8 ? 1 : 2)]);
        }

        var model = new ModelProto { IrVersion = 8, Graph = _graph };
        model.OpsetImport.AddRange([new() { Domain = "", Version = 17 }, new() { Domain = "com.microsoft", Version = 1 }]);
        byte[] rewritten = Rewrite(model);
        using var options = new Microsoft.ML.OnnxRuntime.SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        using IDisposable operators = CudaOperators.Declare(options);

        // The graph is in order: ONNX Runtime goes on to look for a kernel, finds none on a CPU and tries float32.
        OnnxRuntimeException kernel = Assert.Throws<OnnxRuntimeException>(() => new InferenceSession(rewritten, options).Dispose());
        Assert.Contains("InsertedPrecisionFreeCast_x", kernel.Message, StringComparison.Ordinal);
    }

    private NodeProto[] Rewritten() => [.. ModelProto.Parser.ParseFrom(Rewrite(new ModelProto { IrVersion = 8, Graph = _graph })).Graph.Node];

    private static byte[] Rewrite(ModelProto model)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, model.ToByteArray());
            return EngineGraphRewriter.Rewrite(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private NodeProto Product(string result, params string[] more)
    {
        NodeProto node = Node("MatMulNBits", "com.microsoft", ["x", "codes", "scales", .. more], [result]);
        node.Attribute.AddRange([Integer("K", 128), Integer("N", 64), Integer("bits", 4), Integer("block_size", 32), Integer("accuracy_level", 0)]);
        return node;
    }

    private void Gated()
    {
        Product("packed");
        Node("Split", "", ["packed"], ["gate", "up"]).Attribute.Add(Integer("axis", -1));
        Node("QuickGelu", "com.microsoft", ["gate"], ["activated"]).Attribute.Add(new AttributeProto { Name = "alpha", F = 1, Type = AttributeProto.Types.AttributeType.Float });
        Node("Mul", "", ["activated", "up"], ["y"]);
    }

    private NodeProto Attention()
    {
        NodeProto node = Node("GroupQueryAttention", "com.microsoft", ["x", "", "", "past_key_values.0.key", "past_key_values.0.value", "lengths", "total", "cosines", "sines"],
            ["y", "present.0.key", "present.0.value"]);
        node.Attribute.AddRange([Integer("num_heads", 4), Integer("kv_num_heads", 2), Integer("do_rotary", 1), Integer("rotary_interleaved", 0)]);
        Output("y");
        return node;
    }

    private NodeProto Node(string op, string domain, string[] inputs, string[] outputs)
    {
        var node = new NodeProto { OpType = op, Domain = domain, Name = outputs[0] };
        node.Input.AddRange(inputs);
        node.Output.AddRange(outputs);
        _graph.Node.Add(node);
        return node;
    }

    private void Input(string name, TensorElementType type, params long[] shape)
    {
        var sizes = new TensorShapeProto();
        sizes.Dim.AddRange(shape.Select(size => new TensorShapeProto.Types.Dimension { DimValue = size }));
        _graph.Input.Add(new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = sizes } } });
    }

    private void Output(string name) => _graph.Output.Add(new ValueInfoProto { Name = name });

    private void Stored(string name, TensorElementType type, params long[] shape)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)type };
        tensor.Dims.AddRange(shape);
        _graph.Initializer.Add(tensor);
    }

    private static AttributeProto Integer(string name, long value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };
}
