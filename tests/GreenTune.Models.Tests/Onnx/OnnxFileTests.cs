using System.Text;
using GreenTune.Models.Onnx;
using GreenTune.Models.Tests.Support;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Tests.Onnx;

public sealed class OnnxFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_a_graph_was_built_with_is_read_back()
    {
        WriteGraph();
        OnnxFile file = OnnxFile.Read(_folder.Path, "graph.onnx");
        OnnxValue input = Assert.Single(file.Inputs);
        Assert.Equal(("tokens", TensorElementType.Int64), (input.Name, input.Type));
        Assert.Equal([null, 7L], input.Shape);
        OnnxValue output = Assert.Single(file.Outputs);
        Assert.Equal(("result", TensorElementType.Float), (output.Name, output.Type));
        OnnxNode node = Assert.Single(file.Nodes, n => n.Op == "MatMulNBits");
        Assert.Equal(("com.microsoft", 64L, 4L, 0L), (node.Domain, node.Numbers["K"], node.Numbers["bits"], node.Numbers["zero"]));
        OnnxTensor weight = Assert.Single(file.Tensors, t => t.Name == "w");
        Assert.Equal(new OnnxExternalData("weights.data", 4096, 24), weight.External);
        Assert.Equal([2, 3], weight.Shape);
        Assert.Null(Assert.Single(file.Tensors, t => t.Name == "shape").External);
    }

    [Fact]
    public void Tensors_lie_at_multiples_of_4096_and_hold_what_was_written()
    {
        using (var writer = new WeightFileWriter(_folder["weights.data"]))
        {
            writer.Begin("a", TensorElementType.Float16, 3);
            writer.Write([1f, 2f, 3f], TensorElementType.Float16);
            writer.Begin("b", TensorElementType.Float, 2);
            writer.Write([4f, 5f], TensorElementType.Float);
            writer.Begin("c", TensorElementType.UInt8, 1);
            writer.Write([6]);
        }
        byte[] bytes = File.ReadAllBytes(_folder["weights.data"]);
        Assert.Equal(8193, bytes.Length);
        Assert.Equal((Half)3, BitConverter.ToHalf(bytes, 4));
        Assert.Equal(5f, BitConverter.ToSingle(bytes, 4100));
        Assert.Equal(6, bytes[8192]);
    }

    [Fact]
    public void A_file_that_ends_early_is_refused_or_lacks_its_last_fields_but_never_fails_otherwise()
    {
        WriteGraph();
        byte[] whole = File.ReadAllBytes(_folder["graph.onnx"]);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(_folder["cut.onnx"], whole[..length]);
            try
            {
                OnnxFile.Read(_folder.Path, "cut.onnx");
            }
            catch (ModelFolderException e)
            {
                Assert.Contains("cut.onnx", e.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Bytes_that_are_no_graph_are_refused()
    {
        var random = new Random(3);
        for (int i = 0; i < 500; i++)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            File.WriteAllBytes(_folder["noise.onnx"], bytes);
            Assert.Throws<ModelFolderException>(() => OnnxFile.Read(_folder.Path, "noise.onnx"));
        }
        File.WriteAllBytes(_folder["text.onnx"], Encoding.UTF8.GetBytes("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"));
        Assert.Contains("no ONNX file", Assert.Throws<ModelFolderException>(() => OnnxFile.Read(_folder.Path, "text.onnx")).Message, StringComparison.Ordinal);
    }

    private void WriteGraph()
    {
        using var writer = new WeightFileWriter(_folder["weights.data"]);
        writer.Begin("unused", TensorElementType.UInt8, 1);
        writer.Write([1]);
        var graph = new OnnxGraph("test");
        string tokens = graph.Input("tokens", TensorElementType.Int64, "batch", 7);
        string weight = graph.Weight(writer.Begin("w", TensorElementType.Float, 2, 3));
        string product = graph.Node("MatMulNBits", "product", [tokens, weight], OnnxGraph.Microsoft, ("K", 64), ("bits", 4), ("zero", 0));
        graph.Node("Reshape", "result", [product, graph.Constant("shape", [-1L, 2], 2)]);
        graph.Output("result", TensorElementType.Float, "batch", 2);
        graph.Save(_folder["graph.onnx"], "test", "1");
    }
}
