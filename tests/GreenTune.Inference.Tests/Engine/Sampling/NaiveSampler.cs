using GreenTune.Inference.Engine;

namespace GreenTune.Inference.Tests.Engine.Sampling;

/// <summary>What the settings mean, written down as plainly as can be: whole sorts, doubles, no shortcuts.</summary>
internal static class NaiveSampler
{
    /// <summary>Logits after bias and penalties.</summary>
    public static double[] Adjust(float[] logits, SamplingSettings settings, int[] prompt, IReadOnlyList<int> answer)
    {
        double[] adjusted = [.. logits.Select(logit => (double)logit)];
        foreach ((int id, double bias) in settings.LogitBias ?? new Dictionary<int, double>())
        {
            adjusted[id] += bias;
        }

        foreach (int id in prompt.Concat(answer).Distinct())
        {
            adjusted[id] = adjusted[id] > 0 ? adjusted[id] / settings.RepetitionPenalty : adjusted[id] * settings.RepetitionPenalty;
        }

        foreach (IGrouping<int, int> group in answer.GroupBy(id => id))
        {
            adjusted[group.Key] -= settings.FrequencyPenalty * group.Count() + settings.PresencePenalty;
        }

        return adjusted;
    }

    /// <summary>
    /// Probability of each token after temperature, min-p, top-k and top-p; null where a border lies so near to a token that rounding decides.
    /// </summary>
    public static double[]? Probabilities(double[] logits, SamplingSettings settings)
    {
        const double Near = 2e-5;
        // The sampler's weights are floats: of two tokens nearer than this it cannot tell the likelier.
        const double Same = 1e-6;
        int[] order = [.. Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id]).ThenBy(id => id)];
        double[] weights = [.. logits.Select(logit => Math.Exp((logit - logits[order[0]]) / settings.Temperature))];
        if (weights.Any(weight => settings.MinP > 0 && settings.MinP < 1 && Math.Abs(weight / settings.MinP - 1) < Near))
        {
            return null;
        }

        int[] kept = [.. order.Where(id => weights[id] >= settings.MinP)];
        kept = settings.TopK > 0 ? [.. kept.Take(settings.TopK)] : kept;
        double total = kept.Sum(id => weights[id]), sum = 0;
        int count = 0;
        while (count < kept.Length && (settings.TopP == 1 || count == 0 || sum < settings.TopP * total))
        {
            sum += weights[kept[count++]];
            if (settings.TopP < 1 && Math.Abs(sum / (settings.TopP * total) - 1) < Near)
            {
                return null;
            }
        }

        if (settings.TopP < 1 && count < kept.Length && logits[kept[count - 1]] != logits[kept[count]] && weights[kept[count - 1]] / weights[kept[count]] - 1 < Same)
        {
            return null;
        }

        var probabilities = new double[logits.Length];
        foreach (int id in kept.Take(count))
        {
            probabilities[id] = weights[id] / sum;
        }

        return probabilities;
    }
}
