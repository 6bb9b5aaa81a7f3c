using System.Collections.Concurrent;
using Google.Protobuf;
using GreenTune.Inference.Cuda;
using GreenTune.Models.Building;
using GreenTune.Models.Onnx.Wire;
using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Inference.Tests.Cuda;

/// <summary>Rewriting of graphs that the builder makes for CUDA.</summary>
public sealed class EngineGraphRewriterTests : IClassFixture<EngineGraphRewriterTests.Folders>
{
    private const int Layers = 6;

    private readonly Folders _folders;

    public EngineGraphRewriterTests(Folders folders) => _folders = folders;

    [Fact]
    public async Task An_int4_folder_runs_on_our_operators_alone_but_for_the_embedding_and_the_bookkeeping()
    {
        string path = await _folders.EngineAsync(Precision.Int4);
        GraphProto before = Read(File.ReadAllBytes(path));
        GraphProto after = Read(EngineGraphRewriter.Rewrite(path, out int rewritten));

        int products = Count(before, "MatMulNBits");
        Assert.Equal((4 * Layers) + 1, products);
        Assert.Equal(products, Count(after, "QuantizedMatMul"));
        Assert.Equal(Layers, after.Node.Count(node => node.OpType == "QuantizedMatMul" && Number(node, "swiglu") == 1));
        Assert.Equal((2 * Layers) + 1, Count(after, "AddNorm"));
        Assert.Equal(Layers, Count(after, "CachedAttention"));
        Assert.Equal(1, Count(after, "GreedyToken"));
        Assert.Equal(rewritten, after.Node.Count(node => node.Domain == CudaOperators.Domain));
        Assert.Equal(0, Count(after, "MatMulNBits") + Count(after, "GroupQueryAttention") + Count(after, "SkipSimplifiedLayerNormalization") + Count(after, "QuickGelu") + Count(after, "ArgMax"));
    }

    [Theory]
    [InlineData(Precision.Int4)]
    [InlineData(Precision.Int8)]
    [InlineData(Precision.Fp16)]
    [InlineData(Precision.Bf16)]
    public async Task Nothing_else_is_touched_and_every_result_that_is_read_is_made_once(Precision precision)
    {
        string path = await _folders.EngineAsync(precision);
        GraphProto before = Read(File.ReadAllBytes(path));
        GraphProto after = Read(EngineGraphRewriter.Rewrite(path));

        Assert.Equal(before.Initializer, after.Initializer);
        Assert.Contains(after.Initializer, tensor => tensor.DataLocation == TensorProto.Types.DataLocation.External);
        Assert.Equal(before.Input, after.Input);
        Assert.Equal(before.Output, after.Output);
        var known = before.Node.Select(node => node.ToByteString()).ToHashSet();
        Assert.All(after.Node.Where(node => node.Domain != CudaOperators.Domain), node => Assert.Contains(node.ToByteString(), known));

        string[] made = [.. after.Node.SelectMany(node => node.Output).Where(name => name.Length > 0)];
        Assert.Equal(made.Length, made.Distinct().Count());
        HashSet<string> there = [.. after.Input.Select(input => input.Name), .. after.Initializer.Select(tensor => tensor.Name)];
        foreach (NodeProto node in after.Node)
        {
            Assert.All(node.Input.Where(name => name.Length > 0), name => Assert.Contains(name, there));
            there.UnionWith(node.Output);
        }

        Assert.All(after.Output, output => Assert.Contains(output.Name, there));
    }

    [Fact]
    public async Task An_fp16_folder_keeps_its_products_and_gets_the_rest()
    {
        string path = await _folders.EngineAsync(Precision.Fp16);
        GraphProto after = Read(EngineGraphRewriter.Rewrite(path));

        Assert.Equal((4 * Layers) + 1, Count(after, "FusedMatMul"));
        Assert.Equal(Layers, Count(after, "SiluMul"));
        Assert.Equal(Layers, Count(after, "CachedAttention"));
        Assert.Equal((2 * Layers) + 1, Count(after, "AddNorm"));
    }

    [Fact]
    public async Task A_bf16_folder_gets_the_activation_and_the_token_choice()
    {
        string path = await _folders.EngineAsync(Precision.Bf16);
        GraphProto after = Read(EngineGraphRewriter.Rewrite(path, out int rewritten));

        Assert.Equal(Layers, Count(after, "SiluMulBFloat16"));
        Assert.Equal(1, Count(after, "GreedyTokenFloat"));
        Assert.Equal(Layers + 1, rewritten);
        Assert.Equal(Layers, Count(after, "GroupQueryAttention"));
    }

    [Fact]
    public async Task Parts_are_rewritten_apart()
    {
        string path = await _folders.EngineAsync(Precision.Int4);

        Assert.Equal(ModelProto.Parser.ParseFrom(File.ReadAllBytes(path)), ModelProto.Parser.ParseFrom(EngineGraphRewriter.Rewrite(path, CudaParts.None, out int none)));
        Assert.Equal(0, none);
        GraphProto norms = Read(EngineGraphRewriter.Rewrite(path, CudaParts.Norms, out int rewritten));
        Assert.Equal((2 * Layers) + 1, rewritten);
        Assert.Equal(rewritten, Count(norms, "AddNorm"));
        GraphProto activations = Read(EngineGraphRewriter.Rewrite(path, CudaParts.Activations, out _));
        Assert.Equal(Layers, Count(activations, "SiluMul"));
        Assert.Equal((4 * Layers) + 1, Count(activations, "MatMulNBits"));
    }

    [Theory]
    [InlineData(Precision.Fp16)]
    [InlineData(Precision.Bf16)]
    public async Task ONNX_Runtime_knows_the_operators_once_they_are_declared(Precision precision)
    {
        string path = await _folders.EngineAsync(precision);
        byte[] rewritten = EngineGraphRewriter.Rewrite(path);

        OnnxRuntimeException unknown = Assert.Throws<OnnxRuntimeException>(() => Open(rewritten, path, declared: false));
        Assert.Contains(CudaOperators.Domain, unknown.Message, StringComparison.Ordinal);

        // Types, optional inputs and attributes pass. What fails comes after: a CPU has no such kernel, and of fp16 ONNX Runtime tries float32 first.
        OnnxRuntimeException kernel = Assert.Throws<OnnxRuntimeException>(() => Open(rewritten, path, declared: true));
        Assert.Contains(precision == Precision.Bf16 ? "Could not find an implementation" : "InsertedPrecisionFreeCast", kernel.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_graph_is_refused_by_name()
    {
        string path = Path.Combine(_folders.Root, "broken.onnx");
        File.WriteAllBytes(path, [0x0a, 0xff, 0xff, 0xff, 0x7f]);

        InvalidDataException broken = Assert.Throws<InvalidDataException>(() => EngineGraphRewriter.Rewrite(path));
        Assert.StartsWith(path + " is no ONNX file", broken.Message, StringComparison.Ordinal);
        File.WriteAllBytes(path, []);
        Assert.Throws<InvalidDataException>(() => EngineGraphRewriter.Rewrite(path));
    }

    private static void Open(byte[] graph, string path, bool declared)
    {
        using var options = new Microsoft.ML.OnnxRuntime.SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", Path.GetDirectoryName(path)!);
        using IDisposable? operators = declared ? CudaOperators.Declare(options) : null;
        using var session = new InferenceSession(graph, options);
    }

    private static GraphProto Read(byte[] model) => ModelProto.Parser.ParseFrom(model).Graph;

    private static int Count(GraphProto graph, string op) => graph.Node.Count(node => node.OpType == op);

    private static long? Number(NodeProto node, string name) => node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.I;

    /// <summary>Folders of greentune-nano for CUDA, each built when it is asked for first.</summary>
    public sealed class Folders : IDisposable
    {
        private readonly ConcurrentDictionary<Precision, Lazy<Task<string>>> _engines = new();

        public string Root { get; } = Directory.CreateTempSubdirectory("greentune-cuda-").FullName;

        public void Dispose() => Directory.Delete(Root, recursive: true);

        internal Task<string> EngineAsync(Precision precision) => _engines.GetOrAdd(precision, _ => new Lazy<Task<string>>(() => BuildAsync(precision))).Value;

        private async Task<string> BuildAsync(Precision precision)
        {
            string target = Path.Combine(Root, precision.ToString());
            await new ModelFolderBuilder(TimeProvider.System).BuildAsync(new BuildRequest
            {
                Id = "greentune-nano-" + precision,
                ModelName = "greentune-nano",
                SourceFolder = Repository.PathOf("models", "greentune-nano"),
                TargetFolder = target,
                Options = new BuildOptions { Precision = precision, Provider = Provider.Cuda },
            }, null, CancellationToken.None);
            return Path.Combine(target, "engine.onnx");
        }
    }
}
