using GreenTune.Models.Architectures;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Reference;
using GreenTune.Models.Tests.Support;

namespace GreenTune.Models.Tests.Checkpoints.Gguf;

/// <summary>Fixtures of every architecture written as GGUF give the logits that they give as safetensors.</summary>
public sealed class GgufArchitectureTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("llama-tied")]
    [InlineData("llama-head-dim")]
    [InlineData("llama-linear-rope")]
    [InlineData("llama3-rope-scaling")]
    [InlineData("mistral-full")]
    [InlineData("mistral-sliding")]
    [InlineData("qwen2-bias-tied")]
    [InlineData("qwen2-untied")]
    [InlineData("qwen3-qknorm")]
    [InlineData("phi3-packed")]
    public void A_checkpoint_written_as_GGUF_computes_what_its_safetensors_do(string name)
    {
        string fixture = Repository.Fixture(name);
        using Checkpoint expected = Checkpoint.Open(fixture);
        using Checkpoint gguf = Checkpoint.Open(ConvertedGguf.Convert(fixture, _folder[name]));
        DecoderModel wanted = DecoderArchitectures.Read(expected), read = DecoderArchitectures.Read(gguf);
        Assert.Equal(wanted.Shape, read.Shape);
        Assert.Equal(wanted.NormEpsilon, read.NormEpsilon);
        Assert.Equal(wanted.Layers.Select(l => l.SlidingWindow), read.Layers.Select(l => l.SlidingWindow));
        Assert.All(wanted.Rotary.Frequencies.Zip(read.Rotary.Frequencies), f => Assert.Equal(f.First, f.Second, f.First * 1e-6));
        int[] text = [.. Enumerable.Range(0, 48).Select(i => ((i * 37) + (i * i)) % wanted.Shape.VocabularySize)];
        float[] right = new ReferenceDecoder(wanted).LogProbabilities([text])[0];
        float[] got = new ReferenceDecoder(read).LogProbabilities([text])[0];
        Assert.All(right.Zip(got), p => Assert.Equal(p.First, p.Second, 1e-4));
    }
}
