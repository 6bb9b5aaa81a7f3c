using System.Numerics.Tensors;
using GreenTune.Models.Reference;

namespace GreenTune.Models.Verification;

/// <summary>How near one model's logits are to another's over all positions of some texts, teacher-forced.</summary>
/// <param name="Against">What the folder was compared with: "checkpoint" or "stored weights".</param>
/// <param name="Positions">Positions compared.</param>
/// <param name="LargestLogit">Largest magnitude of a reference logit.</param>
/// <param name="MaximumDifference">Largest difference of a logit.</param>
/// <param name="MeanDifference">Mean magnitude of the differences.</param>
/// <param name="Top1Agreement">Share of positions at which both find the same token most likely, 0 to 1.</param>
/// <param name="Top1Differences">Positions at which they do not.</param>
/// <param name="UnexplainedDifferences">Of those, positions at which the reference's margin exceeds <see cref="NoiseMultiple"/> times the noise.</param>
/// <param name="Noise">Standard deviation of the differences, which says what margins may be lost to arithmetic.</param>
/// <param name="MeanDivergence">Mean Kullback-Leibler divergence of the folder's distribution from the reference's, in nats.</param>
/// <param name="ReferencePerplexity">exp of the reference's mean negative log likelihood of the text; null where the tokens are no text.</param>
/// <param name="Perplexity">The folder's; null where the tokens are no text.</param>
public sealed record LogitComparison(
    string Against,
    int Positions,
    double LargestLogit,
    double MaximumDifference,
    double MeanDifference,
    double Top1Agreement,
    int Top1Differences,
    int UnexplainedDifferences,
    double Noise,
    double MeanDivergence,
    double? ReferencePerplexity,
    double? Perplexity)
{
    /// <summary>Margins above so many standard deviations of the noise are not lost by chance: the difference of two logits has 1.4 of them.</summary>
    public const double NoiseMultiple = 10;

    /// <summary>Stands for differences and perplexities that no number expresses.</summary>
    private const double Overflow = 1e30;

    /// <summary>Largest difference as a share of the largest logit.</summary>
    public double RelativeDifference => LargestLogit == 0 ? 0 : MaximumDifference / LargestLogit;

    /// <summary>Gathers a comparison position by position.</summary>
    internal sealed class Builder(string against, bool isText)
    {
        private readonly List<double> _lostMargins = [];
        private double _largest, _maximum, _sum, _squares, _divergence, _referenceLikelihood, _likelihood;
        private long _elements;
        private int _positions, _predicted;

        /// <param name="reference">Logits of the reference.</param>
        /// <param name="logits">Logits of the folder.</param>
        /// <param name="next">The token that follows in the text; null at its end.</param>
        public void Add(ReadOnlySpan<float> reference, ReadOnlySpan<float> logits, int? next)
        {
            for (int i = 0; i < reference.Length; i++)
            {
                double difference = Math.Abs((double)reference[i] - logits[i]);
                // A comparison with NaN is false: say it instead of passing over it.
                if (!double.IsFinite(difference))
                    difference = Overflow;
                _sum += difference;
                _squares += difference * difference;
                _maximum = Math.Max(_maximum, difference);
                _largest = Math.Max(_largest, Math.Abs(reference[i]));
            }
            _elements += reference.Length;
            _positions++;
            int first = TensorPrimitives.IndexOfMax(reference);
            int other = TensorPrimitives.IndexOfMax(logits);
            if (first != other)
                _lostMargins.Add(reference[first] - reference[other]);
            double referenceSum = LogProbability.LogSum(reference), sum = LogProbability.LogSum(logits);
            double divergence = 0;
            for (int i = 0; i < reference.Length; i++)
            {
                double log = reference[i] - referenceSum;
                divergence += Math.Exp(log) * (log - (logits[i] - sum));
            }
            _divergence += divergence;
            if (next is not { } token)
                return;
            _predicted++;
            _referenceLikelihood += reference[token] - referenceSum;
            _likelihood += logits[token] - sum;
        }

        public LogitComparison Build()
        {
            double noise = _elements == 0 ? 0 : Math.Sqrt(_squares / _elements);
            bool perplexity = isText && _predicted > 0;
            // JSON has no infinity: what overflows is written as a number that nobody takes for a measurement.
            return new LogitComparison(
                against, _positions, Finite(_largest), Finite(_maximum), Finite(_elements == 0 ? 0 : _sum / _elements), _positions == 0 ? 0 : 1 - ((double)_lostMargins.Count / _positions), _lostMargins.Count,
                _lostMargins.Count(m => m > NoiseMultiple * noise), Finite(noise), Finite(_positions == 0 ? 0 : _divergence / _positions),
                perplexity ? Finite(Math.Exp(-_referenceLikelihood / _predicted)) : null, perplexity ? Finite(Math.Exp(-_likelihood / _predicted)) : null);

            static double Finite(double value) => double.IsFinite(value) ? Math.Clamp(value, -Overflow, Overflow) : Overflow;
        }
    }
}
