using GreenTune.Core.Contracts;

namespace GreenTune.Core.Scoring;

/// <summary>
/// The ThreeE formula (design section 4.6). It is this project's own: the paper that coined the name does not publish one. Every axis is a ratio to a
/// reference measured in the same plan, above 1 when better, so units cancel, and no configuration's score depends on which others are in the list.
/// </summary>
public static class ThreeEFormula
{
    /// <summary>Weights may miss a sum of 1 by this much.</summary>
    public const double WeightTolerance = 1e-6;

    /// <summary>Energy axis: E = reference / own, of joules per token or per correct item.</summary>
    public static double Energy(double joulesPer, double joulesPerOfReference) => joulesPerOfReference / joulesPer;

    /// <summary>Efficiency axis: F = sqrt(throughput / throughput of the reference x p95 of the reference / p95).</summary>
    public static double Efficiency(double throughput, double throughputOfReference, double p95, double p95OfReference) =>
        Math.Sqrt(throughput / throughputOfReference * (p95OfReference / p95));

    /// <summary>Effectiveness axis: T = score / score of the reference, inverted for scores where lower is better, such as perplexity.</summary>
    public static double Effectiveness(double score, double scoreOfReference, bool lowerIsBetter = false) =>
        lowerIsBetter ? scoreOfReference / score : score / scoreOfReference;

    /// <summary>
    /// ThreeE = E^wE x F^wF x T^wT. An axis without weight does not count, whatever it is; one with weight that is null makes the score null.
    /// </summary>
    public static double? Score(ThreeEWeights weights, double? energy, double? efficiency, double? effectiveness)
    {
        double logarithm = 0;
        foreach ((double weight, double? axis) in ((double, double?)[])[(weights.Energy, energy), (weights.Efficiency, efficiency), (weights.Effectiveness, effectiveness)])
        {
            if (weight == 0)
            {
                continue;
            }

            if (axis is null)
            {
                return null;
            }

            logarithm += weight * Math.Log(axis.Value);
        }

        return Math.Exp(logarithm);
    }

    /// <summary>What is wrong with the weights, or null.</summary>
    public static string? Problem(ThreeEWeights weights)
    {
        double[] all = [weights.Energy, weights.Efficiency, weights.Effectiveness];
        if (all.Any(weight => !double.IsFinite(weight) || weight < 0))
        {
            return "Weights are not negative.";
        }

        return Math.Abs(all.Sum() - 1) <= WeightTolerance ? null : FormattableString.Invariant($"Weights sum to 1; these sum to {all.Sum():0.######}, for example 0.5, 0.3 and 0.2.");
    }
}
