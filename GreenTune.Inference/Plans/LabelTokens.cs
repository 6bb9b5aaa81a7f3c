using GreenTune.Inference.Configurations;

namespace GreenTune.Inference.Plans;

/// <summary>First tokens of the three labels, by which an answer is scored without generating it.</summary>
internal sealed class LabelTokens
{
    private static readonly Sentiment[] Labels = Enum.GetValues<Sentiment>();

    private LabelTokens(int[] tokens) => Tokens = tokens;

    /// <summary>In the order of <see cref="Sentiment"/>.</summary>
    public int[] Tokens { get; }

    /// <summary>Null when two labels begin with the same token: then a first token does not tell them apart.</summary>
    public static LabelTokens? Of(LoadedConfiguration configuration)
    {
        int[] tokens = [.. Labels.Select(label => configuration.Tokenizer.Encode(label.ToString())[0])];
        return tokens.Distinct().Count() == tokens.Length ? new LabelTokens(tokens) : null;
    }

    /// <summary>The label of the highest logit.</summary>
    public static Sentiment Best(IReadOnlyList<float> scores)
    {
        int best = 0;
        for (int i = 1; i < scores.Count; i++)
        {
            if (scores[i] > scores[best])
            {
                best = i;
            }
        }

        return Labels[best];
    }
}
