using System.Text.Json;
using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Tests.Support;

namespace GreenTune.Models.Tests.Truth;

/// <summary>Small random checkpoints with the logits that Hugging Face transformers computes for them.</summary>
public sealed class FixtureTests
{
    // The reference of the two bfloat16 checkpoints turned positions by frequencies that had been rounded to bfloat16 with the weights; with frequencies
    // rounded so, our logits are within 1e-4 of it too. No checkpoint from elsewhere was trained like that: frequencies stay float32 here.
    [Theory]
    [InlineData("llama-tied", 1e-3)]
    [InlineData("llama-head-dim", 1e-3)]
    [InlineData("llama-untied", 1e-4)]
    public async Task Logits_and_greedy_tokens_are_those_of_the_reference(string name, double tolerance)
    {
        string fixture = Repository.Fixture(name);
        using var temporary = new TemporaryFolder();
        ModelFolder folder = await Fixtures.BuildAsync(fixture, temporary["out"], Precision.Fp32);
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(fixture, "expected.json")));
        int[][] prompts = [.. expected.RootElement.GetProperty("input_ids").EnumerateArray().Select(ExpectedAnswer.Integers)];
        float[][] logits = [.. expected.RootElement.GetProperty("last_logits").EnumerateArray().Select(row => row.EnumerateArray().Select(v => v.GetSingle()).ToArray())];
        int[][] greedy = [.. expected.RootElement.GetProperty("greedy_from_first_12").EnumerateArray().Select(ExpectedAnswer.Integers)];

        using var engine = new EngineLoop(folder, prompts.Length);
        engine.Prefill(prompts);
        float largest = logits.Max(row => row.Max(Math.Abs));
        for (int row = 0; row < prompts.Length; row++)
        {
            for (int i = 0; i < logits[row].Length; i++)
                Assert.Equal(logits[row][i], engine.Logits[(row * folder.VocabularySize) + i], (float)tolerance * largest);
        }

        int[] tokens = engine.Prefill([.. prompts.Select(p => p[..12])]);
        for (int i = 0; i < greedy[0].Length; i++)
        {
            Assert.Equal(greedy.Select(g => g[i]), tokens);
            tokens = engine.Step();
        }
    }

    [Theory]
    [InlineData("llama-tied")]
    [InlineData("llama-untied")]
    public async Task Quantised_logits_stay_near_the_reference(string name)
    {
        string fixture = Repository.Fixture(name);
        using var temporary = new TemporaryFolder();
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(fixture, "expected.json")));
        int[] prompt = ExpectedAnswer.Integers(expected.RootElement.GetProperty("input_ids")[0]);
        float[] logits = [.. expected.RootElement.GetProperty("last_logits")[0].EnumerateArray().Select(v => v.GetSingle())];
        double norm = Math.Sqrt(logits.Sum(v => (double)v * v));
        foreach ((Precision precision, double limit) in new[] { (Precision.Int8, 0.06), (Precision.Int4, 0.4) })
        {
            ModelFolder folder = await Fixtures.BuildAsync(fixture, temporary[precision.Word()], precision);
            using var engine = new EngineLoop(folder);
            engine.Prefill(prompt);
            double error = Math.Sqrt(logits.Zip(engine.Logits, (a, b) => (double)(a - b) * (a - b)).Sum()) / norm;
            Assert.True(error < limit, $"{precision.Word()} is off by {error:P1} of the logits' norm");
        }
    }
}
