namespace GreenTune.Dashboard.Pages.Playground;

/// <summary>
/// About how many tokens a text has, for predictions before anything is sent. The dashboard has no tokenizer: it begins with four characters a token, as English has
/// with most vocabularies, and then takes what the answers' usage says.
/// </summary>
public sealed class TokenEstimate
{
    private const double FirstGuess = 4;

    /// <summary>Tokens that a chat template puts around one message.</summary>
    private const int PerMessage = 6;

    private double _charactersPerToken = FirstGuess;

    public int Of(IReadOnlyList<int> messageLengths) =>
        Math.Max(1, (int)Math.Ceiling(messageLengths.Sum() / _charactersPerToken) + (PerMessage * messageLengths.Count));

    /// <summary>Learns from a prompt whose tokens were counted.</summary>
    public void Learn(IReadOnlyList<int> messageLengths, int tokens)
    {
        var text = tokens - (PerMessage * messageLengths.Count);
        var characters = messageLengths.Sum();
        if (text > 0 && characters > 0)
        {
            // Within what vocabularies do, so that one odd prompt does not spoil the next estimate.
            _charactersPerToken = Math.Clamp((double)characters / text, 1, 8);
        }
    }
}
