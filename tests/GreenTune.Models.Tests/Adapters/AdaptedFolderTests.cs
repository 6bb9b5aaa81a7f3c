using GreenTune.Models.Adapters;
using GreenTune.Models.Architectures;
using GreenTune.Models.Building;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Folders;
using GreenTune.Models.Onnx;
using GreenTune.Models.Reference;
using GreenTune.Models.Tests.Support;
using GreenTune.Models.Verification;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Tests.Adapters;

public sealed class AdaptedFolderTests : IDisposable
{
    private static readonly int[] Text = [.. Enumerable.Range(0, 40).Select(i => 3 + i * 37 % 150)];

    private readonly TemporaryFolder _folder = new();
    private readonly string _source;

    public AdaptedFolderTests() => _source = new TinyCheckpoint().Save(_folder["source"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_folder_for_adapters_names_the_maps_that_can_change()
    {
        ModelFolder folder = await BuildAsync(Precision.Fp32);
        Assert.Equal(
            [
                new AdapterTarget("layers.0.attention.qkv", 64, 128, TensorElementType.Float),
                new AdapterTarget("layers.0.attention.output", 64, 64, TensorElementType.Float),
                new AdapterTarget("layers.0.feed_forward.gate_up", 64, 192, TensorElementType.Float),
                new AdapterTarget("layers.0.feed_forward.down", 96, 64, TensorElementType.Float),
            ],
            folder.AdapterTargets.Take(4));
        Assert.Equal(8, folder.AdapterTargets.Count);
        Assert.EndsWith("-lora", folder.Manifest!.Options.Variant, StringComparison.Ordinal);
        Assert.Empty((await Fixtures.BuildAsync(_source, _folder["plain"], Precision.Fp32)).AdapterTargets);
    }

    [Theory]
    [InlineData(Precision.Fp32)]
    [InlineData(Precision.Int4)]
    public async Task Without_an_adapter_and_with_one_that_changes_nothing_the_logits_are_the_models_own(Precision precision)
    {
        ModelFolder folder = await BuildAsync(precision);
        ModelFolder plain = await Fixtures.BuildAsync(_source, _folder["plain"], precision);
        float[] expected = Logits(plain, null);
        Assert.Equal(expected, Logits(folder, null));
        Assert.Equal(expected, Logits(folder, RandomAdapter.Create(folder, 4, 1, strength: 0)));
        Assert.NotEqual(expected, Logits(folder, RandomAdapter.Create(folder, 4, 1)));
    }

    /// <summary>The engine's graph and ONNX Runtime GenAI's run without an adapter as they do in a folder without inputs for one.</summary>
    [Fact]
    public async Task Greedy_answers_without_an_adapter_are_the_models_own()
    {
        ModelFolder folder = await BuildAsync(Precision.Int4);
        ModelFolder plain = await Fixtures.BuildAsync(_source, _folder["plain"], Precision.Int4);
        using var adapted = new EngineLoop(folder);
        using var own = new EngineLoop(plain);
        using var genai = new GenAILoop(folder);
        int[] answer = own.Answer(Text, 40);
        Assert.Equal(answer, adapted.Answer(Text, 40));
        Assert.Equal(answer, genai.Answer(Text, 40));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(33)]
    public async Task Logits_with_a_random_adapter_equal_the_reference_with_merged_weights(int rank)
    {
        ModelFolder folder = await BuildAsync(Precision.Fp32);
        LowRankAdapter adapter = Again(folder, RandomAdapter.Create(folder, rank, 7, strength: 0.5));
        float[] found = Logits(folder, adapter);
        using Checkpoint checkpoint = Checkpoint.Open(_source);
        Compare(AdaptedWeights.Merge(DecoderArchitectures.Read(checkpoint), adapter), found);
        Assert.True(Logits(folder, null).Zip(found).Max(pair => Math.Abs(pair.First - pair.Second)) > 0.05, "the adapter changes too little to say anything");
    }

    /// <summary>ONNX Runtime's own way to run an adapter gives the same from the same file.</summary>
    [Fact]
    public async Task The_file_gives_the_same_logits_through_ONNX_Runtimes_own_adapters()
    {
        ModelFolder folder = await BuildAsync(Precision.Fp32);
        LowRankAdapter adapter = RandomAdapter.Create(folder, 4, 3);
        adapter.ToFile().Write(_folder["a.onnx_adapter"]);
        using OrtLoraAdapter native = OrtLoraAdapter.Create(_folder["a.onnx_adapter"], null);
        using var run = new RunOptions();
        run.AddActiveLoraAdapter(native);
        using var session = new InferenceSession(folder.ScoringGraphPath!, Options());
        var inputs = new Dictionary<string, OrtValue>
        {
            ["input_ids"] = OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(Text, t => (long)t), [1, Text.Length]),
            ["seqlens_k"] = OrtValue.CreateTensorValueFromMemory(new[] { Text.Length - 1 }, [1]),
            ["total_sequence_length"] = OrtValue.CreateTensorValueFromMemory(new[] { Text.Length }, []),
        };
        for (int i = 0; i < folder.Layers; i++)
        {
            foreach (string part in new[] { "key", "value" })
                inputs[$"past_key_values.{i}.{part}"] = OrtValue.CreateTensorValueFromMemory(new float[folder.KeyValueHeads * Text.Length * folder.HeadSize], [1, folder.KeyValueHeads, Text.Length, folder.HeadSize]);
        }
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, inputs, ["logits"]);
        Assert.Equal(Logits(folder, adapter), outputs[0].GetTensorDataAsSpan<float>().ToArray());
        foreach (OrtValue value in inputs.Values)
            value.Dispose();
    }

    [Fact]
    public async Task An_adapter_that_does_not_fit_is_refused_by_the_name_of_what_does_not()
    {
        ModelFolder folder = await BuildAsync(Precision.Fp32);
        AdapterFile file = RandomAdapter.Create(folder, 4, 3).ToFile();
        AdapterTensor first = file.Tensors[0];
        Assert.Contains("without layers.0.attention.qkv.lora_a", Refused(folder, file with { Tensors = [.. file.Tensors.Skip(1)] }), StringComparison.Ordinal);
        Assert.Contains("holds layers.9.attention.qkv.lora_a", Refused(folder, file with { Tensors = [.. file.Tensors, first with { Name = "layers.9.attention.qkv.lora_a" }] }), StringComparison.Ordinal);
        Assert.Contains("twice", Refused(folder, file with { Tensors = [.. file.Tensors, first] }), StringComparison.Ordinal);
        Assert.Contains("[32, 8]", Refused(folder, file with { Tensors = [first with { Shape = [32, 8] }, .. file.Tensors.Skip(1)] }), StringComparison.Ordinal);
        Assert.Contains("NaN", Refused(folder, file with { Tensors = [first with { Data = NaNs(first.Data.Length) }, .. file.Tensors.Skip(1)] }), StringComparison.Ordinal);
        Assert.Contains("is empty", Refused(folder, file with { Tensors = [] }), StringComparison.Ordinal);
        ModelFolder plain = await Fixtures.BuildAsync(_source, _folder["plain"], Precision.Fp32);
        Assert.Contains("was not built for adapters", Refused(plain, file), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TensorElementType.Float16)]
    [InlineData(TensorElementType.BFloat16)]
    public async Task Half_precision_files_become_what_the_graph_takes(TensorElementType type)
    {
        ModelFolder folder = await BuildAsync(Precision.Fp32);
        AdapterFile file = RandomAdapter.Create(folder, 4, 3).ToFile();
        AdapterFile half = file with { Tensors = [.. file.Tensors.Select(t => t with { Type = type, Data = Half(t.Data, type) })] };
        LowRankAdapter adapter = LowRankAdapter.Of(folder, half, "half");
        Assert.All(adapter.Pairs.Zip(RandomAdapter.Create(folder, 4, 3).Pairs), pair =>
            Assert.All(pair.First.Up.Zip(pair.Second.Up), number => Assert.Equal(number.Second, number.First, Math.Abs(number.Second) * 0.005 + 1e-4)));
    }

    private static byte[] NaNs(int bytes) => [.. Enumerable.Repeat(BitConverter.GetBytes(float.NaN), bytes / 4).SelectMany(b => b)];

    private static byte[] Half(ReadOnlyMemory<byte> floats, TensorElementType type)
    {
        float[] values = FloatTypes.ToFloats(floats.Span, TensorElementType.Float);
        var bytes = new byte[values.Length * 2];
        FloatTypes.Convert(values, type, bytes);
        return bytes;
    }

    private static string Refused(ModelFolder folder, AdapterFile file) => Assert.Throws<AdapterException>(() => LowRankAdapter.Of(folder, file, "test")).Message;

    /// <summary>The adapter after a way through its file.</summary>
    private LowRankAdapter Again(ModelFolder folder, LowRankAdapter adapter)
    {
        adapter.ToFile().Write(_folder["again.onnx_adapter"]);
        return LowRankAdapter.Load(folder, _folder["again.onnx_adapter"]);
    }

    private Task<ModelFolder> BuildAsync(Precision precision) =>
        Fixtures.BuildAsync(_source, _folder["adapted"], new BuildOptions { Precision = precision, Provider = Provider.Cpu, Adapters = true });

    internal static void Compare(DecoderModel model, float[] found) => new ReferenceDecoder(model).Logits([Text], (_, position, logits) =>
    {
        for (int id = 0; id < logits.Length; id++)
            Assert.Equal(logits[id], found[(position * logits.Length) + id], 1e-4f);
    });

    internal static float[] Logits(ModelFolder folder, LowRankAdapter? adapter)
    {
        using SessionOptions options = Options();
        using var graph = new ScoringGraph(folder, options, adapter);
        return graph.Logits(Text);
    }

    private static SessionOptions Options() => new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, IntraOpNumThreads = 1 };
}
