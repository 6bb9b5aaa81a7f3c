using System.Text.Json;
using GreenTune.Models.Architectures;
using GreenTune.Models.Building;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Folders;
using GreenTune.Models.Reference;
using GreenTune.Models.Tests.Support;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Tests.Truth;

/// <summary>Small random checkpoints of every architecture with the logits and greedy tokens that Hugging Face transformers computes for them.</summary>
public sealed class FixtureTests
{
    /// <summary>Largest difference of a logit, as a share of the largest logit.</summary>
    private const double Tolerance = 1e-4;

    /// <summary>
    /// Fixtures, and the type in which their reference held rotary frequencies. It cast whole models to their stored type, which rounds them; checkpoints
    /// from elsewhere were trained with float32 frequencies and are built with those.
    /// </summary>
    public static readonly TheoryData<string, TensorElementType> Names = new()
    {
        { "llama-head-dim", TensorElementType.BFloat16 },
        { "llama-linear-rope", TensorElementType.Float },
        { "llama-tied", TensorElementType.BFloat16 },
        { "llama-untied", TensorElementType.Float },
        { "llama3-rope-scaling", TensorElementType.Float16 },
        { "llama3-rope-scaling-classic", TensorElementType.Float16 },
        { "mistral-full", TensorElementType.Float },
        { "mistral-sliding", TensorElementType.Float16 },
        { "phi3-packed", TensorElementType.BFloat16 },
        { "qwen2-bias-tied", TensorElementType.BFloat16 },
        { "qwen2-untied", TensorElementType.Float16 },
        { "qwen3-qknorm", TensorElementType.Float },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void The_plain_forward_pass_gives_the_logits_likelihood_and_greedy_tokens_of_the_fixture(string name, TensorElementType frequencies)
    {
        string fixture = Repository.Fixture(name);
        using Expected expected = Expected.Read(fixture);
        using Checkpoint checkpoint = Checkpoint.Open(fixture);
        DecoderModel model = DecoderArchitectures.Read(checkpoint);
        var reference = new ReferenceDecoder(model with { Rotary = model.Rotary.RoundedTo(frequencies) });
        float[][] logits = new float[expected.Prompts.Length][];
        reference.Logits(expected.Prompts, (sequence, position, values) =>
        {
            if (position == expected.Prompts[sequence].Length - 1)
                logits[sequence] = values.ToArray();
        });
        foreach ((float[] wanted, float[] got) in expected.LastLogits.Zip(logits))
            Near(wanted, got);
        Assert.Equal(expected.MeanNegativeLogLikelihood, -reference.LogProbabilities(expected.Prompts).SelectMany(p => p).Average(), 2e-4);
        foreach ((int[] prompt, int[] greedy) in expected.Prompts.Zip(expected.Greedy))
            Assert.Equal(greedy, reference.Greedy(prompt[..12], greedy.Length));
    }

    private static void Near(float[] wanted, float[] got)
    {
        double limit = Tolerance * wanted.Max(Math.Abs);
        double worst = wanted.Zip(got, (a, b) => Math.Abs((double)a - b)).Max();
        Assert.True(worst <= limit, $"A logit is off by {worst}, where {limit} is allowed.");
    }

    private sealed record Expected(JsonDocument Document, int[][] Prompts, float[][] LastLogits, int[][] Greedy, double MeanNegativeLogLikelihood) : IDisposable
    {
        public static Expected Read(string fixture)
        {
            JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(fixture, "expected.json")));
            JsonElement root = document.RootElement;
            return new(
                document,
                [.. root.GetProperty("input_ids").EnumerateArray().Select(ExpectedAnswer.Integers)],
                [.. root.GetProperty("last_logits").EnumerateArray().Select(row => row.EnumerateArray().Select(v => v.GetSingle()).ToArray())],
                [.. root.GetProperty("greedy_from_first_12").EnumerateArray().Select(ExpectedAnswer.Integers)],
                root.GetProperty("mean_nll").GetDouble());
        }

        public void Dispose() => Document.Dispose();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Logits_and_greedy_tokens_are_those_of_the_fixture(string name, TensorElementType frequencies)
    {
        string fixture = Repository.Fixture(name);
        using var temporary = new TemporaryFolder();
        ModelFolder folder = await Fixtures.BuildAsync(fixture, temporary["out"], new() { Precision = Precision.Fp32, Provider = Provider.Cpu, RotaryFrequencies = frequencies });
        using Expected expected = Expected.Read(fixture);
        using var engine = new EngineLoop(folder, expected.Prompts.Length);
        engine.Prefill(expected.Prompts);
        for (int row = 0; row < expected.Prompts.Length; row++)
            Near(expected.LastLogits[row], engine.Logits[(row * folder.VocabularySize)..((row + 1) * folder.VocabularySize)]);
        int[] tokens = engine.Prefill([.. expected.Prompts.Select(p => p[..12])]);
        for (int i = 0; i < expected.Greedy[0].Length; i++)
        {
            Assert.Equal(expected.Greedy.Select(g => g[i]), tokens);
            tokens = engine.Step();
        }
    }

    [Theory]
    [InlineData("llama-tied")]
    [InlineData("llama-untied")]
    [InlineData("qwen2-untied")]
    [InlineData("phi3-packed")]
    public async Task Quantised_logits_stay_near_the_fixture(string name)
    {
        string fixture = Repository.Fixture(name);
        using var temporary = new TemporaryFolder();
        using Expected expected = Expected.Read(fixture);
        float[] logits = expected.LastLogits[0];
        double norm = Math.Sqrt(logits.Sum(v => (double)v * v));
        foreach ((Precision precision, double limit) in new[] { (Precision.Int8, 0.06), (Precision.Int4, 0.4) })
        {
            ModelFolder folder = await Fixtures.BuildAsync(fixture, temporary[precision.Word()], precision);
            using var engine = new EngineLoop(folder);
            engine.Prefill(expected.Prompts[0]);
            double error = Math.Sqrt(logits.Zip(engine.Logits, (a, b) => (double)(a - b) * (a - b)).Sum()) / norm;
            Assert.True(error < limit, $"{precision.Word()} is off by {error:P1} of the logits' norm");
        }
    }
}
