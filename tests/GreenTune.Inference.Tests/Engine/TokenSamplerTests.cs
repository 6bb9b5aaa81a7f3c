using GreenTune.Inference.Engine;

namespace GreenTune.Inference.Tests.Engine;

public sealed class TokenSamplerTests
{
    private static readonly float[] Logits = [1, 3, 2, -50, 2];

    [Fact]
    public void The_same_seed_draws_the_same_tokens() => Assert.Equal(Draw(new SamplingSettings { Temperature = 1, TopP = 1, TopK = 0, Seed = 42 }, 200), Draw(new SamplingSettings { Temperature = 1, TopP = 1, TopK = 0, Seed = 42 }, 200));

    [Fact]
    public void Another_seed_draws_others() => Assert.NotEqual(Draw(new SamplingSettings { Temperature = 1, TopP = 1, TopK = 0, Seed = 42 }, 200), Draw(new SamplingSettings { Temperature = 1, TopP = 1, TopK = 0, Seed = 43 }, 200));

    [Fact]
    public void Frequencies_follow_the_softmax()
    {
        int[] counts = new int[Logits.Length];
        const int Draws = 40_000;
        foreach (int token in Draw(new SamplingSettings { Temperature = 1, TopP = 1, TopK = 0, Seed = 7 }, Draws))
        {
            counts[token]++;
        }

        double total = Logits.Sum(logit => Math.Exp(logit));
        for (int id = 0; id < Logits.Length; id++)
        {
            double expected = Math.Exp(Logits[id]) / total;
            // Five standard deviations of a binomial share.
            Assert.InRange(counts[id] / (double)Draws, expected - 5 * Math.Sqrt(expected / Draws) - 1e-9, expected + 5 * Math.Sqrt(expected / Draws) + 1e-9);
        }
    }

    [Fact]
    public void A_low_temperature_is_nearly_greedy() => Assert.All(Draw(new SamplingSettings { Temperature = 0.01, TopP = 1, TopK = 0, Seed = 1 }, 100), token => Assert.Equal(1, token));

    [Fact]
    public void Top_k_keeps_the_likeliest_and_ties_go_to_the_lower_id() => Assert.Equal([1, 2], Draw(new SamplingSettings { Temperature = 2, TopP = 1, TopK = 2, Seed = 1 }, 300).Distinct().Order());

    [Fact]
    public void Top_p_keeps_the_smallest_set_that_reaches_it() => Assert.All(Draw(new SamplingSettings { Temperature = 1, TopP = 0.4, TopK = 0, Seed = 1 }, 100), token => Assert.Equal(1, token));

    private static List<int> Draw(SamplingSettings settings, int count)
    {
        var sampler = new TokenSampler(settings, Logits.Length);
        return [.. Enumerable.Range(0, count).Select(_ => sampler.Draw(Logits))];
    }
}
