using GreenTune.Models.Architectures;
using GreenTune.Models.Building;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Folders;
using GreenTune.Models.Tests.Support;

namespace GreenTune.Models.Tests.Building;

public sealed class ModelFolderBuilderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ModelFolderBuilder _builder = new(TimeProvider.System);
    private readonly string _source;

    public ModelFolderBuilderTests() => _source = new TinyCheckpoint().Save(_folder["source"]);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.5)]
    [InlineData(0.99)]
    public async Task A_build_that_is_stopped_leaves_nothing_that_looks_complete(double at)
    {
        using var stop = new CancellationTokenSource();
        var progress = new Reporter(p =>
        {
            if (p.Stage == BuildStage.Writing && p.Fraction >= at)
                stop.Cancel();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _builder.BuildAsync(Fixtures.Request(_source, _folder["out/model"]), progress, stop.Token));
        Assert.DoesNotContain(Directory.EnumerateDirectories(_folder["out"]), d => !Path.GetFileName(d).StartsWith('.'));
    }

    [Fact]
    public async Task What_a_killed_build_left_is_removed_by_the_next()
    {
        Directory.CreateDirectory(_folder["out/model.unfinished-0123"]);
        File.WriteAllText(_folder["out/model.unfinished-0123/model.onnx.data"], "half");
        await _builder.BuildAsync(Fixtures.Request(_source, _folder["out/model"]), null, CancellationToken.None);
        Assert.Equal(["model"], Directory.EnumerateDirectories(_folder["out"]).Select(d => Path.GetFileName(d)!).Where(n => !n.StartsWith('.')));
    }

    [Fact]
    public async Task Of_two_builds_of_one_folder_one_writes_and_the_other_waits_and_uses_it()
    {
        using var halfway = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        var firstStages = new Reporter(p =>
        {
            if (p.Stage == BuildStage.Writing && !halfway.IsSet)
            {
                halfway.Set();
                go.Wait(TimeSpan.FromSeconds(30));
            }
        });
        var secondStages = new Reporter(p =>
        {
            if (p.Stage == BuildStage.Waiting)
                go.Set();
        });
        Task<ModelFolder> first = _builder.BuildAsync(Fixtures.Request(_source, _folder["out"]), firstStages, CancellationToken.None);
        Assert.True(halfway.Wait(TimeSpan.FromSeconds(30)));
        Task<ModelFolder> second = new ModelFolderBuilder(TimeProvider.System).BuildAsync(Fixtures.Request(_source, _folder["out"]), secondStages, CancellationToken.None);
        ModelFolder[] folders = await Task.WhenAll(first, second);
        Assert.Equal(folders[0].Manifest!.BuiltAt, folders[1].Manifest!.BuiltAt);
        Assert.Contains(BuildStage.Waiting, secondStages.Stages);
        Assert.DoesNotContain(BuildStage.Writing, secondStages.Stages);
    }

    [Fact]
    public async Task A_folder_that_is_there_is_used_again_unless_forced()
    {
        ModelFolder first = await _builder.BuildAsync(Fixtures.Request(_source, _folder["out"]), null, CancellationToken.None);
        ModelFolder again = await _builder.BuildAsync(Fixtures.Request(_source, _folder["out"]), null, CancellationToken.None);
        ModelFolder forced = await _builder.BuildAsync(Fixtures.Request(_source, _folder["out"]) with { Force = true }, null, CancellationToken.None);
        Assert.Equal(first.Manifest!.BuiltAt, again.Manifest!.BuiltAt);
        Assert.True(forced.Manifest!.BuiltAt > first.Manifest.BuiltAt);
    }

    [Fact]
    public async Task A_damaged_folder_is_built_again()
    {
        ModelFolder folder = await _builder.BuildAsync(Fixtures.Request(_source, _folder["out"]), null, CancellationToken.None);
        using (FileStream data = File.OpenWrite(Path.Combine(folder.FolderPath, ModelFolder.WeightsFile)))
            data.SetLength(data.Length / 2);
        await _builder.BuildAsync(Fixtures.Request(_source, _folder["out"]), null, CancellationToken.None);
        Assert.Equal(folder.Bytes, ModelFolder.Open(_folder["out"]).Bytes);
    }

    [Fact]
    public async Task Progress_rises_to_one_and_ends_with_done()
    {
        var progress = new Reporter(_ => { });
        await _builder.BuildAsync(Fixtures.Request(_source, _folder["out"]), progress, CancellationToken.None);
        Assert.Equal([BuildStage.Hashing, BuildStage.Writing, BuildStage.Finishing, BuildStage.Done], progress.Stages.Distinct());
        Assert.Equal(progress.Fractions.Order(), progress.Fractions);
        Assert.Equal(1, progress.Fractions[^1]);
    }

    [Fact]
    public async Task Building_twice_gives_the_same_bytes()
    {
        await _builder.BuildAsync(Fixtures.Request(_source, _folder["a"]), null, CancellationToken.None);
        await _builder.BuildAsync(Fixtures.Request(_source, _folder["b"]), null, CancellationToken.None);
        foreach (string name in new[] { ModelFolder.WeightsFile, ModelFolder.EngineGraphFile, ModelFolder.GenAIGraphFile, "genai_config.json" })
            Assert.Equal(File.ReadAllBytes(_folder["a/" + name]), File.ReadAllBytes(_folder["b/" + name]));
    }

    [Theory]
    [InlineData(Precision.Fp16, Provider.Cpu, 32, 4, "fp16 is not built for cpu; fp32, int8, int4 are.")]
    [InlineData(Precision.Fp32, Provider.Cuda, 32, 4, "fp32 is not built for cuda; bf16, fp16, int8, int4 are.")]
    [InlineData(Precision.Int4, Provider.Cpu, 24, 4, "The block size is 24")]
    [InlineData(Precision.Int4, Provider.Cpu, 32, 2, "The accuracy level is 2")]
    public async Task Options_that_do_not_go_together_are_refused(Precision precision, Provider provider, int block, int accuracy, string because)
    {
        BuildRequest request = Fixtures.Request(_source, _folder["out"]) with
        {
            Options = new BuildOptions { Precision = precision, Provider = provider, BlockSize = block, AccuracyLevel = accuracy },
        };
        var e = await Assert.ThrowsAsync<ArgumentException>(() => _builder.BuildAsync(request, null, CancellationToken.None));
        Assert.StartsWith(because, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(float.NaN, Precision.Fp32, Provider.Cpu, "no finite number")]
    [InlineData(float.PositiveInfinity, Precision.Int4, Provider.Cpu, "no finite number")]
    [InlineData(1e6f, Precision.Fp16, Provider.Cuda, "float16 cannot hold")]
    [InlineData(1e6f, Precision.Int8, Provider.Cuda, "float16 cannot hold")]
    public async Task A_weight_that_cannot_be_stored_names_its_tensor(float weight, Precision precision, Provider provider, string because)
    {
        var tiny = new TinyCheckpoint();
        string name = "model.layers.1.self_attn.v_proj.weight";
        var values = new float[32 * 64];
        values[77] = weight;
        tiny.Tensors[name] = SafetensorsWriter.Float32(name, [32, 64], values);
        var e = await Assert.ThrowsAsync<ModelFolderException>(() => _builder.BuildAsync(Fixtures.Request(tiny.Save(_folder["bad"]), _folder["out"], precision, provider), null, CancellationToken.None));
        Assert.Contains(name, e.Message, StringComparison.Ordinal);
        Assert.Contains(because, e.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Fact]
    public async Task A_stop_token_is_needed_and_must_be_in_the_vocabulary()
    {
        var tiny = new TinyCheckpoint();
        tiny.Config.Remove("eos_token_id");
        var missing = await Assert.ThrowsAsync<ModelFolderException>(() => _builder.BuildAsync(Fixtures.Request(tiny.Save(_folder["a"]), _folder["out"]), null, CancellationToken.None));
        Assert.Contains("config.json: eos_token_id is missing", missing.Message, StringComparison.Ordinal);
        tiny.Config["eos_token_id"] = 4000;
        var outside = await Assert.ThrowsAsync<ModelFolderException>(() => _builder.BuildAsync(Fixtures.Request(tiny.Save(_folder["b"]), _folder["out"]), null, CancellationToken.None));
        Assert.Contains("is 4000, where the vocabulary has 160 tokens", outside.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_estimate_of_disk_space_is_near_what_is_written()
    {
        using var folder = new TemporaryFolder();
        foreach (Provider provider in Enum.GetValues<Provider>())
        {
            foreach (Precision precision in provider.Precisions())
            {
                ModelFolder built = await Fixtures.BuildAsync(Repository.Nano, folder[$"{provider}-{precision}"], precision, provider);
                using Checkpoint checkpoint = Checkpoint.Open(Repository.Nano);
                long estimate = ModelFolderBuilder.EstimatedBytes(DecoderArchitectures.Read(checkpoint), new BuildOptions { Precision = precision, Provider = provider });
                long actual = new FileInfo(Path.Combine(built.FolderPath, ModelFolder.WeightsFile)).Length;
                Assert.InRange(estimate, actual * 0.95, actual * 1.15);
            }
        }
    }

    private sealed class Reporter(Action<BuildProgress> report) : IProgress<BuildProgress>
    {
        private readonly List<BuildProgress> _reports = [];

        public IReadOnlyList<BuildStage> Stages => [.. _reports.Select(r => r.Stage)];

        public IReadOnlyList<double> Fractions => [.. _reports.Select(r => r.Fraction)];

        public void Report(BuildProgress value)
        {
            _reports.Add(value);
            report(value);
        }
    }
}
