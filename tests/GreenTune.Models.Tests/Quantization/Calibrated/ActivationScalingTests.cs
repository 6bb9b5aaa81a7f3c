using GreenTune.Models.Architectures;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Quantization;
using GreenTune.Models.Quantization.Calibrated;
using GreenTune.Models.Reference;
using GreenTune.Models.Tests.Support;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Tests.Quantization.Calibrated;

public sealed class ActivationScalingTests
{
    private static readonly BlockFormat Format = new(4, 16, symmetric: true, TensorElementType.Float);

    /// <summary>Grouped heads, biases, head norms, packed maps and own head sizes are among them.</summary>
    [Theory]
    [InlineData("llama-head-dim")]
    [InlineData("llama-linear-rope")]
    [InlineData("llama-tied")]
    [InlineData("llama-untied")]
    [InlineData("llama3-rope-scaling")]
    [InlineData("llama3-rope-scaling-classic")]
    [InlineData("mistral-full")]
    [InlineData("mistral-sliding")]
    [InlineData("phi3-packed")]
    [InlineData("qwen2-bias-tied")]
    [InlineData("qwen2-untied")]
    [InlineData("qwen3-qknorm")]
    public void Scaling_leaves_the_function_of_every_architecture_as_it_was(string name)
    {
        using Checkpoint checkpoint = Checkpoint.Open(Repository.Fixture(name));
        DecoderModel model = DecoderArchitectures.Read(checkpoint);
        var random = new Random(1);
        int[][] texts = [.. Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, 24).Select(_ => random.Next(model.Shape.VocabularySize)).ToArray())];
        var scaling = new ActivationScaling(Format, model.Shape, new ParallelOptions());
        var plain = new ReferencePass(model, texts);
        var scaled = new ReferencePass(model, texts);
        int changed = 0;
        foreach (DecoderLayer layer in model.Layers)
        {
            DecoderLayer folded = scaling.Apply(layer, (l, observer) =>
            {
                var rehearsal = new ReferencePass(model, texts);
                rehearsal.Layer(l, observer);
            });
            // Far larger factors than a calibration finds, different for each dimension of each value head.
            float[] factors = [.. Enumerable.Range(0, model.Shape.IntermediateSize).Select(i => 0.25f + (i % 7))];
            folded = scaling.Fold(folded, LinearGroup.Down, factors);
            int size = model.Shape.HeadSize, group = model.Shape.Heads / model.Shape.KeyValueHeads;
            folded = scaling.Fold(folded, LinearGroup.AttentionOutput, [.. Enumerable.Range(0, model.Shape.Heads * size).Select(i => 0.5f + (i / size / group) + (i % size % 5))]);
            changed += layer.Down.Weight.Row(0).SequenceEqual(folded.Down.Weight.Row(0)) ? 0 : 1;
            plain.Layer(layer);
            scaled.Layer(folded);
        }
        Assert.Equal(model.Layers.Count, changed);
        float largest = plain.Hidden.Max(MathF.Abs);
        for (int i = 0; i < plain.Hidden.Length; i++)
            Assert.Equal(plain.Hidden[i], scaled.Hidden[i], largest * 1e-5f);
    }

    [Fact]
    public void Inputs_that_are_large_are_given_more_of_the_codes()
    {
        // One of the feed-forward part's inputs is thirty times the others: its column has to be scaled up.
        using var temporary = new TemporaryFolder();
        var source = new TinyCheckpoint();
        float[] norm = [.. Enumerable.Range(0, TinyCheckpoint.Hidden).Select(i => i == 5 ? 30f : 1f)];
        source.Tensors["model.layers.0.post_attention_layernorm.weight"] = SafetensorsWriter.Float32("model.layers.0.post_attention_layernorm.weight", [TinyCheckpoint.Hidden], norm);
        using Checkpoint checkpoint = Checkpoint.Open(source.Save(temporary["source"]));
        DecoderModel model = DecoderArchitectures.Read(checkpoint);
        int[][] texts = [[.. Enumerable.Range(0, 60).Select(i => i * 7 % TinyCheckpoint.Vocabulary)]];
        DecoderLayer layer = model.Layers[0];
        DecoderLayer folded = new ActivationScaling(Format, model.Shape, new ParallelOptions()).Apply(layer, (l, observer) => new ReferencePass(model, texts).Layer(l, observer));
        float[] factors = [.. folded.Gate.Weight.Row(3).Zip(layer.Gate.Weight.Row(3), (a, b) => a / b)];
        Assert.Equal(factors.Max(), factors[5]);
        Assert.True(factors[5] > 1.5f * factors[6], $"The factor of the large input is {factors[5]}, of another {factors[6]}");
        Assert.Equal(30 / factors[5], folded.FeedForwardNorm.Row(0)[5], 1e-4f);
    }
}
