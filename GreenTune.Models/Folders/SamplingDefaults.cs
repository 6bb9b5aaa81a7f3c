using System.Text.Json.Nodes;
using GreenTune.Models.Checkpoints;

namespace GreenTune.Models.Folders;

/// <summary>How a model's author wants tokens to be chosen when a request does not say.</summary>
public sealed record SamplingDefaults
{
    /// <summary>False takes the most likely token.</summary>
    public bool Sample { get; init; }

    public double Temperature { get; init; } = 1;

    /// <summary>Most likely tokens that are drawn from; null for all.</summary>
    public int? TopK { get; init; }

    /// <summary>Probability mass that is drawn from, 0 to 1.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Above 1 makes tokens that were there already less likely.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Tokens of prompt and answer together; null where the folder does not say.</summary>
    public int? MaximumLength { get; init; }

    internal static SamplingDefaults Read(ConfigReader? section)
    {
        if (section is null)
            return new();
        // Some folders write "greedy" as a temperature of 0.
        double temperature = section.OptionalNumber("temperature", 0, 100) ?? 1;
        return new()
        {
            Sample = section.OptionalBoolean("do_sample", false) && temperature > 0,
            Temperature = temperature > 0 ? temperature : 1,
            TopK = section.OptionalInteger("top_k", 0) is > 0 and int k ? k : null,
            TopP = section.OptionalNumber("top_p", 0, 1) is > 0 and double p ? p : 1,
            RepetitionPenalty = section.OptionalPositive("repetition_penalty") ?? 1,
            MaximumLength = section.OptionalInteger("max_length"),
        };
    }

    internal JsonObject ToJson(int contextLength) => new()
    {
        ["diversity_penalty"] = 0.0,
        ["do_sample"] = Sample,
        ["early_stopping"] = true,
        ["length_penalty"] = 1.0,
        ["max_length"] = contextLength,
        ["min_length"] = 0,
        ["no_repeat_ngram_size"] = 0,
        ["num_beams"] = 1,
        ["num_return_sequences"] = 1,
        ["past_present_share_buffer"] = true,
        ["repetition_penalty"] = RepetitionPenalty,
        ["temperature"] = Temperature,
        ["top_k"] = TopK ?? (Sample ? 0 : 1),
        ["top_p"] = TopP,
    };
}
