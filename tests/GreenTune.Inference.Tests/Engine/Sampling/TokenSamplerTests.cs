using GreenTune.Inference.Engine;
using GreenTune.Inference.Engine.Sampling;

namespace GreenTune.Inference.Tests.Engine.Sampling;

public sealed class TokenSamplerTests
{
    private static readonly float[] Logits = [1, 3, 2, -50, 2];

    [Fact]
    public void The_same_seed_draws_the_same_tokens() =>
        Assert.Equal(Draw(new SamplingSettings { Temperature = 1, Seed = 42 }, 200), Draw(new SamplingSettings { Temperature = 1, Seed = 42 }, 200));

    [Fact]
    public void Another_seed_draws_others() =>
        Assert.NotEqual(Draw(new SamplingSettings { Temperature = 1, Seed = 42 }, 200), Draw(new SamplingSettings { Temperature = 1, Seed = 43 }, 200));

    [Fact]
    public void The_high_half_of_a_seed_counts() =>
        Assert.NotEqual(Draw(new SamplingSettings { Temperature = 1, Seed = 42 }, 200), Draw(new SamplingSettings { Temperature = 1, Seed = 42 + (1L << 40) }, 200));

    [Fact]
    public void Without_a_seed_answers_differ() =>
        Assert.NotEqual(Draw(new SamplingSettings { Temperature = 1 }, 200), Draw(new SamplingSettings { Temperature = 1 }, 200));

    [Fact]
    public void A_choice_draws_with_the_seed_and_its_number() =>
        Assert.Equal(Draw(new SamplingSettings { Temperature = 1, Seed = 44 }, 200), Draw(new SamplingSettings { Temperature = 1, Seed = 42 }, 200, choice: 2));

    [Fact]
    public void Draws_of_others_in_between_change_nothing()
    {
        var settings = new SamplingSettings { Temperature = 1, TopP = 0.9, Seed = 42 };
        var sampler = new TokenSampler(settings, Logits.Length, 0);
        var other = new TokenSampler(new SamplingSettings { Temperature = 2, TopK = 3 }, 1000, 0);
        float[] longer = [.. Enumerable.Range(0, 1000).Select(i => i % 7f)];
        List<int> tokens = [];
        for (int i = 0; i < 200; i++)
        {
            other.Draw(longer);
            tokens.Add(sampler.Draw(Logits).Id);
        }

        Assert.Equal(Draw(settings, 200), tokens);
    }

    [Fact]
    public void A_low_temperature_is_nearly_greedy() =>
        Assert.All(Draw(new SamplingSettings { Temperature = 0.01, Seed = 1 }, 100), token => Assert.Equal(1, token));

    [Fact]
    public void A_temperature_that_floats_cannot_divide_by_is_greedy() =>
        Assert.All(Draw(new SamplingSettings { Temperature = 1e-300, Seed = 1 }, 10), token => Assert.Equal(1, token));

    [Fact]
    public void Top_k_keeps_the_likeliest_and_ties_go_to_the_lower_id() =>
        Assert.Equal([1, 2], Draw(new SamplingSettings { Temperature = 2, TopK = 2, Seed = 1 }, 300).Distinct().Order());

    [Fact]
    public void Top_p_keeps_the_smallest_set_that_reaches_it_and_ties_go_to_the_lower_id()
    {
        Assert.All(Draw(new SamplingSettings { Temperature = 1, TopP = 0.4, Seed = 1 }, 100), token => Assert.Equal(1, token));
        // Weights are 1, e^-1 and e^-1: two of the three are needed.
        Assert.Equal([1, 2], Draw(new SamplingSettings { Temperature = 1, TopP = 0.7, Seed = 1 }, 300).Distinct().Order());
    }

    [Fact]
    public void Min_p_keeps_what_is_likely_enough_beside_the_likeliest() =>
        Assert.Equal([1, 2, 4], Draw(new SamplingSettings { Temperature = 1, MinP = 0.3, Seed = 1 }, 500).Distinct().Order());

    [Theory]
    [InlineData(new float[] { 2, 5, 5, 1 }, 1)]
    [InlineData(new float[] { -0f, 0f, -1f }, 0)]
    public void Greedy_takes_the_lowest_id_among_equals(float[] logits, int expected) =>
        Assert.Equal(expected, new TokenSampler(SamplingSettings.Greedy, logits.Length, 0).Draw(logits).Id);

    [Fact]
    public void Greedy_with_a_frequency_penalty_moves_on_and_comes_back()
    {
        var sampler = new TokenSampler(new SamplingSettings { FrequencyPenalty = 0.75 }, 3, 0);
        // 3, then 2.25 against 2, then 1.5 against 2, then 1.5 against 1.25.
        Assert.Equal([0, 0, 1, 0], Enumerable.Range(0, 4).Select(_ => sampler.Draw([3, 2, -1]).Id));
    }

    [Fact]
    public void The_prompt_counts_for_the_repetition_penalty_alone()
    {
        var repetition = new TokenSampler(new SamplingSettings { RepetitionPenalty = 2 }, 2, 0);
        repetition.Prompt([0, 0]);
        Assert.Equal(1, repetition.Draw([3, 2]).Id);
        var frequency = new TokenSampler(new SamplingSettings { FrequencyPenalty = 2, PresencePenalty = 2 }, 2, 0);
        frequency.Prompt([0, 0]);
        Assert.Equal(0, frequency.Draw([3, 2]).Id);
    }

    [Fact]
    public void The_repetition_penalty_makes_a_negative_logit_lower()
    {
        var sampler = new TokenSampler(new SamplingSettings { RepetitionPenalty = 2 }, 2, 0);
        sampler.Prompt([0]);
        Assert.Equal(1, sampler.Draw([-2, -3]).Id);
    }

    [Fact]
    public void Bias_decides() =>
        Assert.Equal(3, new TokenSampler(new SamplingSettings { LogitBias = new Dictionary<int, double> { [3] = 100 } }, Logits.Length, 0).Draw(Logits).Id);

    [Theory]
    [InlineData(5, 1)]
    [InlineData(-1, 1)]
    [InlineData(0, double.NaN)]
    public void A_bias_that_cannot_be_applied_is_refused(int id, double bias)
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => new TokenSampler(new SamplingSettings { LogitBias = new Dictionary<int, double> { [id] = bias } }, Logits.Length, 0));
        Assert.Contains("logit_bias", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Log_probabilities_are_those_of_the_penalised_logits_before_temperature_and_truncation()
    {
        var settings = new SamplingSettings { Temperature = 0.5, TopK = 1, TopLogProbs = 2, LogitBias = new Dictionary<int, double> { [0] = 5 } };
        SampledToken token = new TokenSampler(settings, Logits.Length, 0).Draw(Logits);
        double total = Math.Log(Math.Exp(6) + Math.Exp(3) + 2 * Math.Exp(2) + Math.Exp(-50));
        Assert.Equal(0, token.Id);
        Assert.Equal(6 - total, token.LogProbability!.Value, 1e-6);
        Assert.Equal([0, 1], token.LogProbability.Top.Select(top => top.Id));
        Assert.Equal(3 - total, token.LogProbability.Top[1].Value, 1e-6);
    }

    [Fact]
    public void No_likeliest_tokens_are_listed_where_none_are_asked_for_and_no_more_than_there_are()
    {
        Assert.Empty(new TokenSampler(new SamplingSettings { TopLogProbs = 0 }, Logits.Length, 0).Draw(Logits).LogProbability!.Top);
        Assert.Equal([1, 2, 4, 0, 3], new TokenSampler(new SamplingSettings { TopLogProbs = 20 }, Logits.Length, 0).Draw(Logits).LogProbability!.Top.Select(top => top.Id));
        Assert.Null(new TokenSampler(SamplingSettings.Greedy, Logits.Length, 0).Draw(Logits).LogProbability);
    }

    [Theory]
    [InlineData(float.NaN, 0)]
    [InlineData(float.NaN, 1)]
    [InlineData(float.PositiveInfinity, 0)]
    [InlineData(float.NegativeInfinity, 1)]
    public void Logits_that_are_no_numbers_are_an_error(float value, double temperature)
    {
        float[] logits = [.. Enumerable.Range(0, 100).Select(i => (float)i)];
        logits[37] = value;
        InvalidLogitsException e = Assert.Throws<InvalidLogitsException>(() => new TokenSampler(new SamplingSettings { Temperature = temperature }, logits.Length, 0).Draw(logits));
        Assert.Contains("token 37", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_vocabulary_is_an_error() =>
        Assert.Throws<ArgumentException>(() => new TokenSampler(SamplingSettings.Greedy, 4, 0).Draw(Logits));

    [Fact]
    public void The_largest_logits_there_are_draw_without_overflow() =>
        Assert.Equal([1], Enumerable.Range(0, 50).Select(_ => new TokenSampler(new SamplingSettings { Temperature = 1 }, 3, 0).Draw([-float.MaxValue, float.MaxValue, 0]).Id).Distinct());

    public static TheoryData<string> Kinds => ["all", "nucleus", "few", "many", "greedy", "penalties"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_draw_allocates_nothing(string kind)
    {
        SamplingSettings settings = kind switch
        {
            "nucleus" => new() { Temperature = 1, TopP = 0.9, MinP = 0.001 },
            "few" => new() { Temperature = 1, TopK = 40, TopP = 0.9 },
            "many" => new() { Temperature = 1, TopK = 2000, TopP = 0.9 },
            "greedy" => new() { FrequencyPenalty = 0.1 },
            "penalties" => new() { Temperature = 1, TopK = 2, RepetitionPenalty = 1.1, PresencePenalty = 0.1 },
            _ => new() { Temperature = 1 },
        };
        float[] logits = [.. Enumerable.Range(0, 4000).Select(i => i < 2 ? 30 : MathF.Sin(i))];
        var sampler = new TokenSampler(settings, logits.Length, 0);
        for (int i = 0; i < 200; i++)
        {
            sampler.Draw(logits);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 20; i++)
        {
            sampler.Draw(logits);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static List<int> Draw(SamplingSettings settings, int count, int choice = 0)
    {
        var sampler = new TokenSampler(settings, Logits.Length, choice);
        return [.. Enumerable.Range(0, count).Select(_ => sampler.Draw(Logits).Id)];
    }
}
