namespace GreenTune.Inference.Engine;

/// <summary>How a token is chosen. The defaults change nothing: the most likely token is taken.</summary>
internal sealed record SamplingSettings
{
    public static SamplingSettings Greedy { get; } = new();

    /// <summary>0 is greedy.</summary>
    public double Temperature { get; init; }

    /// <summary>Candidates kept, most likely first; 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>Nucleus: the fewest candidates that together are at least this likely; above 0 and at most 1, which keeps all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Candidates below this share of the likeliest one's probability are left out; 0 to 1, 0 keeps all.</summary>
    public double MinP { get; init; }

    /// <summary>Logits of tokens that stand in the prompt or the answer are divided by it where positive and multiplied where negative; 1 changes nothing.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Taken from a token's logit for each time it stands in the answer; -2 to 2.</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>Taken from a token's logit once it stands in the answer; -2 to 2.</summary>
    public double PresencePenalty { get; init; }

    /// <summary>Added to logits by token id; null for none.</summary>
    public IReadOnlyDictionary<int, double>? LogitBias { get; init; }

    /// <summary>Same seed, same text; null draws one.</summary>
    public long? Seed { get; init; }

    /// <summary>How many of the likeliest tokens are reported with each token, with their log-probabilities; 0 reports the chosen one alone, null none at all.</summary>
    public int? TopLogProbs { get; init; }

    /// <summary>Whether the device's own choice of the highest logit is all that is needed: no logits come to the host.</summary>
    public bool IsDeviceChoice => Temperature == 0 && RepetitionPenalty == 1 && FrequencyPenalty == 0 && PresencePenalty == 0 && LogitBias is not { Count: > 0 } && TopLogProbs is null;
}
