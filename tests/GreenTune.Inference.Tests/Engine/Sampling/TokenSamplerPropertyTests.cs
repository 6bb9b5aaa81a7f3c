using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Scoring;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Engine.Sampling;

namespace GreenTune.Inference.Tests.Engine.Sampling;

/// <summary>The sampler against <see cref="NaiveSampler"/>, over vocabularies that reach every one of its ways to truncate.</summary>
public sealed class TokenSamplerPropertyTests
{
    private static readonly Gen<SamplingSettings> Truncations =
        from temperature in Gen.Elements(0.2, 0.7, 1, 1.5, 2)
        from topK in Gen.Frequency((2, Gen.Constant(0)), (3, Gen.Choose(1, 60)), (1, Gen.Choose(500, 1500)))
        from topP in Gen.Frequency((1, Gen.Constant(1.0)), (2, Gen.Choose(1, 9999).Select(n => n / 10000.0)))
        from minP in Gen.Frequency((2, Gen.Constant(0.0)), (1, Gen.Choose(1, 1000).Select(n => n / 1000.0)))
        select new SamplingSettings { Temperature = temperature, TopK = topK, TopP = topP, MinP = minP };

    /// <summary>Peaked, flat and coarse logits, the last with many equals.</summary>
    private static readonly Gen<float[]> Vocabularies =
        from length in Gen.Frequency((3, Gen.Choose(1, 40)), (2, Gen.Choose(250, 700)), (1, Gen.Choose(1000, 4000)))
        from seed in Gen.Choose(0, int.MaxValue)
        from scale in Gen.Elements(0.01, 1, 4, 12)
        from coarse in Gen.Elements(false, false, true)
        select Logits(length, seed, scale, coarse);

    [Fact]
    public void What_is_kept_and_how_likely_it_is_equals_a_naive_reference()
    {
        int compared = 0;
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1500), Prop.ForAll((from logits in Vocabularies from settings in Truncations select (logits, settings)).ToArbitrary(), input =>
        {
            (float[] logits, SamplingSettings settings) = input;
            double[] found = new TokenSampler(settings, logits.Length, 0).Probabilities(logits);
            Assert.Equal(1, found.Sum(), 1e-5);
            double[]? expected = NaiveSampler.Probabilities([.. logits.Select(logit => (double)logit)], settings);
            if (expected is null)
            {
                return;
            }

            compared++;
            for (int id = 0; id < logits.Length; id++)
            {
                Assert.True(expected[id] == 0 == (found[id] == 0) || expected[id] < 1e-30, $"token {id} of {logits.Length}: expected {expected[id]}, found {found[id]}, {settings}");
                Assert.Equal(expected[id], found[id], expected[id] * 2e-4 + 1e-12);
            }
        }));
        // Borders that rounding decides are rare, so that little goes unchecked.
        Assert.InRange(compared, 1200, 1500);
    }

    [Fact]
    public void Bias_and_penalties_equal_a_naive_reference()
    {
        Gen<(float[] Logits, int[] Prompt, SamplingSettings Settings)> cases =
            from length in Gen.Choose(2, 60)
            from seed in Gen.Choose(0, int.MaxValue)
            from prompt in Gen.Choose(0, length - 1).ListOf()
            from biased in Gen.Choose(0, length - 1).ListOf()
            from repetition in Gen.Elements(1, 0.8, 1.3, 2)
            from frequency in Gen.Elements(0, -1.5, 0.3, 2)
            from presence in Gen.Elements(0, -0.5, 0.7, 2)
            select (Logits(length, seed, 3, false), prompt.ToArray(), new SamplingSettings
            {
                Temperature = 1,
                Seed = seed,
                RepetitionPenalty = repetition,
                FrequencyPenalty = frequency,
                PresencePenalty = presence,
                LogitBias = biased.Distinct().Take(5).ToDictionary(id => id, id => id % 9 - 4.0),
            });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(cases.ToArbitrary(), input =>
        {
            var sampler = new TokenSampler(input.Settings, input.Logits.Length, 0);
            sampler.Prompt(input.Prompt);
            var answer = new List<int>();
            for (int step = 0; step < 12; step++)
            {
                double[] expected = NaiveSampler.Probabilities(NaiveSampler.Adjust(input.Logits, input.Settings, input.Prompt, answer), input.Settings)!;
                double[] found = sampler.Probabilities(input.Logits);
                for (int id = 0; id < expected.Length; id++)
                {
                    Assert.Equal(expected[id], found[id], expected[id] * 2e-4 + 1e-12);
                }

                answer.Add(sampler.Draw(input.Logits).Id);
            }
        }));
    }

    /// <summary>Draws follow the probabilities: Pearson's statistic over the tokens expected often enough stays below six deviations above its mean.</summary>
    [Fact]
    public void Frequencies_of_draws_follow_the_probabilities()
    {
        const int Draws = 20_000;
        SamplingSettings[] all =
        [
            new() { Temperature = 1 },
            new() { Temperature = 0.8, TopP = 0.9 },
            new() { Temperature = 1.3, TopK = 50 },
            new() { Temperature = 1.3, TopK = 600, TopP = 0.95 },
            new() { Temperature = 1, MinP = 0.05 },
        ];
        foreach ((int index, SamplingSettings settings) in all.Index())
        {
            float[] logits = Logits(900, 11 + index, 2.5, false);
            var sampler = new TokenSampler(settings with { Seed = 5 + index }, logits.Length, 0);
            double[] probabilities = sampler.Probabilities(logits);
            var counts = new int[logits.Length];
            for (int i = 0; i < Draws; i++)
            {
                counts[sampler.Draw(logits).Id]++;
            }

            double statistic = 0, rest = 0;
            int cells = 0, restCount = 0;
            for (int id = 0; id < counts.Length; id++)
            {
                double expected = probabilities[id] * Draws;
                if (probabilities[id] == 0)
                {
                    Assert.Equal(0, counts[id]);
                }
                else if (expected >= 10)
                {
                    statistic += (counts[id] - expected) * (counts[id] - expected) / expected;
                    cells++;
                }
                else
                {
                    rest += expected;
                    restCount += counts[id];
                }
            }

            Assert.True(cells > 10, $"{settings}: only {cells} cells");
            Assert.True(statistic < cells + 6 * Math.Sqrt(2.0 * cells), $"{settings}: chi-squared {statistic} over {cells} cells");
            Assert.InRange(restCount, rest - 6 * Math.Sqrt(rest) - 1, rest + 6 * Math.Sqrt(rest) + 1);
        }
    }

    [Fact]
    public void Log_probabilities_equal_a_naive_log_softmax() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll((from logits in Vocabularies from top in Gen.Choose(0, 20) select (logits, top)).ToArbitrary(), input =>
        {
            SampledToken token = new TokenSampler(new SamplingSettings { Temperature = 1, TopLogProbs = input.top }, input.logits.Length, 0).Draw(input.logits);
            double highest = input.logits.Max();
            double log = highest + Math.Log(input.logits.Sum(logit => Math.Exp(logit - highest)));
            Assert.Equal(input.logits[token.Id] - log, token.LogProbability!.Value, 1e-4);
            int[] order = [.. Enumerable.Range(0, input.logits.Length).OrderByDescending(id => input.logits[id]).ThenBy(id => id).Take(input.top)];
            Assert.Equal(order, token.LogProbability.Top.Select(one => one.Id));
            Assert.All(token.LogProbability.Top, one => Assert.Equal(input.logits[one.Id] - log, one.Value, 1e-4));
        }));

    [Fact]
    public void The_top_values_are_those_of_a_whole_sort() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll((from logits in Vocabularies from count in Gen.Choose(1, 900) select (logits, count)).ToArbitrary(), input =>
        {
            Span<ulong> found = TopTokens.Select(input.logits, input.count, new ulong[TopTokens.BufferLength(Math.Min(input.count, input.logits.Length), input.logits.Length)]);
            int[] expected = [.. Enumerable.Range(0, input.logits.Length).OrderByDescending(id => input.logits[id]).ThenBy(id => id).Take(input.count)];
            Assert.Equal(expected, found.ToArray().Select(RankedToken.Id));
        }));

    [Fact]
    public void A_ranked_token_gives_back_its_value_and_sorts_by_it() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(1000),
        Prop.ForAll((from a in ArbMap.Default.GeneratorFor<float>() from b in ArbMap.Default.GeneratorFor<float>() select (a, b)).Where(pair => float.IsFinite(pair.a) && float.IsFinite(pair.b)).ToArbitrary(), pair =>
        {
            Assert.Equal(pair.a + 0f, RankedToken.Value(RankedToken.Of(pair.a, 7)));
            Assert.Equal(7, RankedToken.Id(RankedToken.Of(pair.a, 7)));
            Assert.Equal(pair.b.CompareTo(pair.a), pair.a == pair.b ? 0 : RankedToken.Of(pair.a, 1).CompareTo(RankedToken.Of(pair.b, 0)));
        }));

    private static float[] Logits(int length, int seed, double scale, bool coarse)
    {
        var random = new SplitMix64((ulong)seed);
        var logits = new float[length];
        for (int i = 0; i < length; i++)
        {
            // The sum of twelve uniform numbers less six is near enough to normal.
            double sum = -6;
            for (int j = 0; j < 12; j++)
            {
                sum += (random.Next() >> 11) * (1.0 / (1UL << 53));
            }

            logits[i] = (float)(coarse ? Math.Round(sum * scale) : sum * scale);
        }

        return logits;
    }
}
