namespace GreenTune.Inference.Engine.Sampling;

/// <summary>Natural logarithms of the probabilities that logits give (log-softmax).</summary>
internal static class LogProbabilities
{
    /// <param name="logits">[vocabulary], finite.</param>
    /// <param name="highest">The highest of them.</param>
    /// <param name="id">The token that was chosen.</param>
    /// <param name="top">How many of the likeliest are reported with it, from 0.</param>
    /// <param name="scratch">Its weights and ranked tokens are written over.</param>
    public static TokenLogProbability Of(ReadOnlySpan<float> logits, float highest, int id, int top, SamplerScratch scratch)
    {
        Span<float> weights = scratch.Weights(logits.Length);
        SamplerMath.Weigh(logits, highest, 1, weights);
        double log = highest + Math.Log(SamplerMath.Sum(weights));
        if (top <= 0)
        {
            return new TokenLogProbability(logits[id] - log, []);
        }

        top = Math.Min(top, logits.Length);
        Span<ulong> ranked = TopTokens.Select(logits, top, scratch.Ranked(TopTokens.BufferLength(top, logits.Length)));
        var likeliest = new (int Id, double Value)[ranked.Length];
        for (int i = 0; i < likeliest.Length; i++)
        {
            int token = RankedToken.Id(ranked[i]);
            likeliest[i] = (token, logits[token] - log);
        }

        return new TokenLogProbability(logits[id] - log, likeliest);
    }
}
