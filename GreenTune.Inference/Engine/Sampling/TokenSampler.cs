using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using GreenTune.Core.Scoring;

namespace GreenTune.Inference.Engine.Sampling;

/// <summary>
/// Chooses the tokens of one answer. In order: bias, repetition penalty, frequency and presence penalty (<see cref="LogitAdjustment"/>); log-probabilities are
/// read here; temperature; min-p; top-k; top-p over what is left; the draw. This is vLLM's order. vLLM reports log-probabilities before bias and penalties by
/// default, and OpenAI leaves out the bias; ours say how likely a token was among what the settings asked for.
/// </summary>
/// <remarks>
/// The same seed and the same logits give the same tokens, whatever else the process draws: the generator (SplitMix64) is the answer's own. Among equal
/// logits the lower id counts as the likelier. Not thread-safe; keeps no memory of the vocabulary's size.
/// </remarks>
internal sealed class TokenSampler
{
    /// <summary>Temperatures below it are 0: the differences of logits divided by it would leave what a float can hold.</summary>
    private const double LeastTemperature = 1e-5;

    /// <summary>Up to here the top k are picked out in one pass and sorted; more than that are parted from the rest instead.</summary>
    private const int SortedTopK = 512;

    private readonly SamplingSettings _settings;
    private readonly int _vocabularySize;
    private readonly LogitAdjustment? _adjustment;
    private readonly int _topK;
    private SplitMix64 _random;

    /// <param name="settings">How to choose.</param>
    /// <param name="vocabularySize">Logits of each draw.</param>
    /// <param name="choice">Which of a request's answers it is: answer i draws with the seed + i.</param>
    /// <exception cref="ArgumentException">The bias names a token that does not exist.</exception>
    public TokenSampler(SamplingSettings settings, int vocabularySize, int choice)
    {
        _settings = settings;
        _vocabularySize = vocabularySize;
        _topK = settings.TopK <= 0 ? vocabularySize : Math.Min(settings.TopK, vocabularySize);
        _adjustment = new LogitAdjustment(settings, vocabularySize) is { IsNeeded: true } needed ? needed : null;
        _random = new SplitMix64(unchecked((ulong)((settings.Seed ?? Random.Shared.NextInt64()) + choice)));
    }

    /// <summary>Tokens of the prompt, once, before the first draw; in any number of parts.</summary>
    public void Prompt(ReadOnlySpan<int> tokens) => _adjustment?.AddPrompt(tokens);

    /// <summary>Chooses the next token, which from then on counts as part of the answer.</summary>
    /// <param name="logits">[vocabulary], left as they are.</param>
    /// <exception cref="InvalidLogitsException">A logit is not finite.</exception>
    public SampledToken Draw(ReadOnlySpan<float> logits)
    {
        SamplerScratch scratch = SamplerScratch.Own;
        ReadOnlySpan<float> adjusted = Adjusted(logits, scratch, out float highest);
        int id = _settings.Temperature < LeastTemperature
            ? Likeliest(adjusted, highest)
            : Truncated.Of(adjusted, highest, _settings, _topK, scratch).At(Uniform());
        TokenLogProbability? logProbability = _settings.TopLogProbs is int top ? LogProbabilities.Of(adjusted, highest, id, top, scratch) : null;
        _adjustment?.AddAnswer(id);
        return new SampledToken(id, logProbability);
    }

    /// <summary>Probability that the next draw chooses each token, by the same code that draws. Draws nothing.</summary>
    /// <param name="logits">[vocabulary].</param>
    public double[] Probabilities(ReadOnlySpan<float> logits)
    {
        SamplerScratch scratch = SamplerScratch.Own;
        ReadOnlySpan<float> adjusted = Adjusted(logits, scratch, out float highest);
        var probabilities = new double[_vocabularySize];
        if (_settings.Temperature < LeastTemperature)
        {
            probabilities[Likeliest(adjusted, highest)] = 1;
            return probabilities;
        }

        Truncated kept = Truncated.Of(adjusted, highest, _settings, _topK, scratch);
        for (int id = 0; id < probabilities.Length; id++)
        {
            probabilities[id] = kept.Probability(id);
        }

        return probabilities;
    }

    private ReadOnlySpan<float> Adjusted(ReadOnlySpan<float> logits, SamplerScratch scratch, out float highest)
    {
        if (logits.Length != _vocabularySize)
        {
            throw new ArgumentException($"There are {logits.Length} logits for a vocabulary of {_vocabularySize}.", nameof(logits));
        }

        ReadOnlySpan<float> adjusted = logits;
        if (_adjustment is not null)
        {
            Span<float> copy = scratch.Logits(logits.Length);
            logits.CopyTo(copy);
            _adjustment.Apply(copy);
            adjusted = copy;
        }

        // NaN is passed on by both.
        highest = TensorPrimitives.Max(adjusted);
        return float.IsFinite(highest) && float.IsFinite(TensorPrimitives.Min(adjusted)) ? adjusted : throw Invalid(adjusted);
    }

    /// <summary>Lowest id of the highest logit.</summary>
    private static int Likeliest(ReadOnlySpan<float> logits, float highest)
    {
        int i = 0;
        ref float first = ref MemoryMarshal.GetReference(logits);
        var wanted = new Vector<float>(highest);
        while (i <= logits.Length - Vector<float>.Count && !Vector.EqualsAny(Vector.LoadUnsafe(ref first, (nuint)i), wanted))
        {
            i += Vector<float>.Count;
        }

        while (logits[i] != highest)
        {
            i++;
        }

        return i;
    }

    private static InvalidLogitsException Invalid(ReadOnlySpan<float> logits)
    {
        int i = 0;
        while (float.IsFinite(logits[i]))
        {
            i++;
        }

        return new InvalidLogitsException(i, logits[i]);
    }

    /// <summary>From 0 up to and without 1, in steps of 2^-53.</summary>
    private double Uniform() => (_random.Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>What is left after min-p, top-k and top-p, in whichever of three forms is quickest to draw from.</summary>
    private ref struct Truncated
    {
        private ReadOnlySpan<float> _weights;

        /// <summary>Few candidates, likeliest first; empty when there are many.</summary>
        private ReadOnlySpan<ulong> _few;
        private double _temperature;
        private Nucleus _nucleus;
        private bool _hasNucleus;
        private double _mass;

        public static Truncated Of(ReadOnlySpan<float> logits, float highest, SamplingSettings settings, int topK, SamplerScratch scratch)
        {
            if (topK <= SortedTopK && topK < logits.Length)
            {
                return Few(logits, highest, settings, topK, scratch);
            }

            Span<float> weights = scratch.Weights(logits.Length);
            if (topK < logits.Length)
            {
                WeighTop(logits, highest, (float)settings.Temperature, topK, weights, scratch);
            }
            else
            {
                SamplerMath.Weigh(logits, highest, (float)settings.Temperature, weights);
            }

            if (settings.MinP > 0)
            {
                SamplerMath.KeepAtLeast(weights, (float)settings.MinP);
            }

            var kept = new Truncated { _weights = weights, _mass = SamplerMath.Sum(weights) };
            if (settings.TopP < 1)
            {
                kept._nucleus = Nucleus.Of(weights, kept._mass, settings.TopP, scratch);
                kept._hasNucleus = true;
            }

            return kept;
        }

        /// <param name="share">From 0 up to and without 1: how far into the kept mass.</param>
        public readonly int At(double share)
        {
            if (_hasNucleus)
            {
                return _nucleus.At(share * _nucleus.Mass);
            }

            return _few.IsEmpty ? AtAny(share * _mass) : AtFew(share * _mass);
        }

        public readonly double Probability(int id)
        {
            if (_hasNucleus)
            {
                return _nucleus.Probability(id);
            }

            if (_few.IsEmpty)
            {
                return _weights[id] / _mass;
            }

            foreach (ulong ranked in _few)
            {
                if (RankedToken.Id(ranked) == id)
                {
                    return Weight(ranked) / _mass;
                }
            }

            return 0;
        }

        private static Truncated Few(ReadOnlySpan<float> logits, float highest, SamplingSettings settings, int topK, SamplerScratch scratch)
        {
            Span<ulong> ranked = TopTokens.Select(logits, topK, scratch.Ranked(TopTokens.BufferLength(topK, logits.Length)));
            var kept = new Truncated { _few = ranked, _temperature = settings.Temperature };
            double total = 0;
            int count = 0;
            while (count < ranked.Length && kept.Weight(ranked[count]) is var weight && weight >= settings.MinP)
            {
                total += weight;
                count++;
            }

            if (settings.TopP == 1)
            {
                kept._few = ranked[..count];
                kept._mass = total;
                return kept;
            }

            double goal = settings.TopP * total;
            int last = 0;
            while (last < count && (last == 0 || kept._mass < goal))
            {
                kept._mass += kept.Weight(ranked[last++]);
            }

            kept._few = ranked[..last];
            return kept;
        }

        /// <summary>Relative to the likeliest, which weighs 1.</summary>
        private readonly double Weight(ulong ranked) => Math.Exp(((double)RankedToken.Value(ranked) - RankedToken.Value(_few[0])) / _temperature);

        private readonly int AtFew(double point)
        {
            foreach (ulong ranked in _few)
            {
                point -= Weight(ranked);
                if (point < 0)
                {
                    return RankedToken.Id(ranked);
                }
            }

            return RankedToken.Id(_few[^1]);
        }

        private readonly int AtAny(double point)
        {
            int last = 0;
            for (int start = 0; start < _weights.Length; start += SamplerMath.Block)
            {
                ReadOnlySpan<float> block = _weights[start..Math.Min(start + SamplerMath.Block, _weights.Length)];
                double mass = TensorPrimitives.Sum(block);
                if (point >= mass)
                {
                    point -= mass;
                    continue;
                }

                for (int i = 0; i < block.Length; i++)
                {
                    last = block[i] > 0 ? start + i : last;
                    point -= block[i];
                    if (point < 0)
                    {
                        return start + i;
                    }
                }
            }

            return last;
        }

        /// <summary>Weights of the top k; 0 for the others.</summary>
        private static void WeighTop(ReadOnlySpan<float> logits, float highest, float temperature, int topK, Span<float> weights, SamplerScratch scratch)
        {
            weights.Clear();
            foreach (ulong kept in TopTokens.SelectUnordered(logits, topK, scratch.Ranked(TopTokens.BufferLength(topK, logits.Length))))
            {
                weights[RankedToken.Id(kept)] = MathF.Exp((RankedToken.Value(kept) - highest) / temperature);
            }
        }
    }
}
