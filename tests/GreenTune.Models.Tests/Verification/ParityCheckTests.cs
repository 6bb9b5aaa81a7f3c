using GreenTune.Models.Architectures;
using GreenTune.Models.Building;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Folders;
using GreenTune.Models.Tests.Support;
using GreenTune.Models.Verification;

namespace GreenTune.Models.Tests.Verification;

public sealed class ParityCheckTests : IDisposable
{
    private static readonly ParityOptions Short = new() { Tokens = 96, TextLength = 48, GreedyPrompts = 2, GreedyTokens = 8 };

    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Theory]
    [InlineData(Precision.Fp32, 4)]
    [InlineData(Precision.Int8, 4)]
    [InlineData(Precision.Int4, 4)]
    [InlineData(Precision.Int4, 0)]
    public async Task A_folder_of_the_embedded_model_passes_and_keeps_its_report(Precision precision, int accuracyLevel)
    {
        ModelFolder folder = await Fixtures.BuildAsync(Repository.Nano, _temporary["out"], precision, accuracyLevel: accuracyLevel);
        Assert.Null(folder.Parity);
        ParityReport report = await Verify(folder, Repository.Nano);
        Assert.Empty(report.Failures);
        Assert.True(report.Passed);
        Assert.Equal(new GreedyComparison(2, 2, 8), report.GenAI);
        Assert.Equal(precision != Precision.Fp32, report.StoredWeights is not null);
        Assert.Equal(report, ModelFolder.Open(folder.FolderPath).Parity! with { Failures = report.Failures, NotChecked = report.NotChecked });
        if (precision == Precision.Fp32)
        {
            Assert.InRange(report.Checkpoint.RelativeDifference, 0, 1e-4);
            Assert.Equal(1, report.Checkpoint.Top1Agreement);
        }
        else
        {
            // What precision costs is seen against the checkpoint, and is no error of the graphs.
            Assert.True(report.Checkpoint.MeanDivergence > report.StoredWeights!.MeanDivergence);
        }
    }

    [Fact]
    public async Task A_folder_for_cuda_is_checked_on_a_cpu_but_for_the_generator()
    {
        ModelFolder folder = await Fixtures.BuildAsync(Repository.Nano, _temporary["out"], Precision.Fp16, Provider.Cuda);
        ParityReport report = await Verify(folder, Repository.Nano);
        Assert.True(report.Passed);
        Assert.Null(report.GenAI);
        Assert.Contains("Generator", Assert.Single(report.NotChecked), StringComparison.Ordinal);

        ModelFolder bf16 = await Fixtures.BuildAsync(Repository.Nano, _temporary["bf16"], Precision.Bf16, Provider.Cuda);
        Assert.Contains("run on CUDA alone", (await Assert.ThrowsAsync<ModelFolderException>(() => Verify(bf16, Repository.Nano))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Precision.Fp32)]
    [InlineData(Precision.Int8)]
    public async Task Weights_that_changed_on_the_disk_fail(Precision precision)
    {
        ModelFolder folder = await Fixtures.BuildAsync(Repository.Nano, _temporary["out"], precision);
        string weights = Path.Combine(folder.FolderPath, ModelFolder.WeightsFile);
        byte[] bytes = File.ReadAllBytes(weights);
        if (precision == Precision.Fp32)
            Array.Fill(bytes, (byte)0, bytes.Length / 2, 1 << 16);
        else
            // Both the graphs and the stored weights see the change: what is lost shows in the perplexity alone.
            new Random(5).NextBytes(bytes.AsSpan(bytes.Length / 3, 1 << 20));
        File.WriteAllBytes(weights, bytes);
        ParityReport report = await Verify(folder, Repository.Nano);
        Assert.False(report.Passed);
        Assert.NotEmpty(report.Failures);
        Assert.False(ModelFolder.Open(folder.FolderPath).Parity!.Passed);
    }

    [Fact]
    public async Task A_folder_of_another_checkpoint_is_refused()
    {
        ModelFolder folder = await Fixtures.BuildAsync(Repository.Nano, _temporary["out"], Precision.Int8);
        var e = await Assert.ThrowsAsync<ModelFolderException>(() => Verify(folder, new TinyCheckpoint().Save(_temporary["tiny"])));
        Assert.Contains("built from other files", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stored_weights_are_those_of_the_checkpoint_up_to_the_rounding_of_blocks()
    {
        string source = new TinyCheckpoint().Save(_temporary["tiny"]);
        using Checkpoint checkpoint = Checkpoint.Open(source);
        DecoderModel model = DecoderArchitectures.Read(checkpoint);
        foreach ((Precision precision, double limit) in new[] { (Precision.Fp32, 0), (Precision.Int8, 0.1 / 127), (Precision.Int4, 0.1 / 7) })
        {
            using var stored = new StoredDecoder(await Fixtures.BuildAsync(source, _temporary[precision.Word()], precision), model);
            foreach ((WeightMatrix a, WeightMatrix b) in model.Layers[1].Weights.Zip(stored.Model.Layers[1].Weights).Append((model.Embedding, stored.Model.Embedding)))
            {
                Assert.Equal((a.Rows, a.Columns), (b.Rows, b.Columns));
                for (int row = 0; row < a.Rows; row++)
                    Assert.All(a.Row(row).Zip(b.Row(row)), p => Assert.Equal(p.First, p.Second, limit));
            }
        }
    }

    [Fact]
    public async Task Random_tokens_serve_where_there_is_no_tokenizer()
    {
        string source = new TinyCheckpoint().Save(_temporary["tiny"]);
        ParityReport report = await Verify(await Fixtures.BuildAsync(source, _temporary["out"], Precision.Fp32), source);
        Assert.True(report.Passed);
        Assert.Contains("random tokens", report.Text, StringComparison.Ordinal);
        Assert.Null(report.Checkpoint.Perplexity);
    }

    private static Task<ParityReport> Verify(ModelFolder folder, string source) => new ParityCheck(TimeProvider.System).RunAsync(folder, source, Short, null, CancellationToken.None);
}
