using System.Globalization;
using System.Text.Json;
using GreenTune.Inference.Engine;

namespace GreenTune.Inference.Chat.Requests;

/// <summary>How a request wants its tokens chosen. Null leaves it to the model's own defaults.</summary>
internal sealed record SamplingFields
{
    /// <summary>OpenAI's bound on every bias: this much makes a token certain or impossible.</summary>
    public const double MaxBias = 100;

    private const int MaxBiases = 1024;
    private const double MaxRepetitionPenalty = 10;

    public double? Temperature { get; init; }

    public double? TopP { get; init; }

    public int? TopK { get; init; }

    public double? MinP { get; init; }

    public double? RepetitionPenalty { get; init; }

    public double? FrequencyPenalty { get; init; }

    public double? PresencePenalty { get; init; }

    /// <summary>By token id; whether the model has them is known when the model is.</summary>
    public IReadOnlyDictionary<int, double>? LogitBias { get; init; }

    public long? Seed { get; init; }

    /// <summary>Null: no log-probabilities; 0: the chosen token's alone.</summary>
    public int? TopLogProbs { get; init; }

    /// <summary>All but the log-probabilities, which the two endpoints spell differently.</summary>
    /// <exception cref="ApiException">400, with the field.</exception>
    public static SamplingFields Read(RequestFields fields) => new()
    {
        Temperature = fields.Number("temperature", 0, 2),
        TopP = fields.Positive("top_p", 1),
        TopK = fields.Integer("top_k", 0, 1_000_000),
        MinP = fields.Number("min_p", 0, 1),
        RepetitionPenalty = fields.Positive("repetition_penalty", MaxRepetitionPenalty),
        FrequencyPenalty = fields.Number("frequency_penalty", -2, 2),
        PresencePenalty = fields.Number("presence_penalty", -2, 2),
        LogitBias = Biases(fields),
        Seed = fields.Long("seed"),
    };

    /// <summary>These over a configuration's own.</summary>
    /// <exception cref="ApiException">400: a bias is on a token that the model does not have.</exception>
    public SamplingSettings Over(SamplingSettings usual, int vocabularySize)
    {
        if (LogitBias?.Keys.Max() is int highest && highest >= vocabularySize)
        {
            throw ApiException.Bad($"logit_bias.{Name(highest)}", $"is not a token of this model; its ids go from 0 to {Name(vocabularySize - 1)}.");
        }

        return usual with
        {
            Temperature = Temperature ?? usual.Temperature,
            TopP = TopP ?? usual.TopP,
            TopK = TopK ?? usual.TopK,
            MinP = MinP ?? usual.MinP,
            RepetitionPenalty = RepetitionPenalty ?? usual.RepetitionPenalty,
            FrequencyPenalty = FrequencyPenalty ?? usual.FrequencyPenalty,
            PresencePenalty = PresencePenalty ?? usual.PresencePenalty,
            LogitBias = LogitBias ?? usual.LogitBias,
            Seed = Seed ?? usual.Seed,
            TopLogProbs = TopLogProbs,
        };
    }

    private static Dictionary<int, double>? Biases(RequestFields fields)
    {
        if (fields.Object("logit_bias", "{\"42\": -100}") is not { } given)
        {
            return null;
        }

        var biases = new Dictionary<int, double>();
        foreach (JsonProperty bias in given.Element.EnumerateObject())
        {
            string field = given.PathOf(RequestFields.Shown(bias.Name));
            if (!int.TryParse(bias.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
            {
                throw ApiException.Bad(field, "must be a token id as a string, for example \"42\".");
            }

            biases[id] = RequestFields.NumberIn(bias.Value, -MaxBias, MaxBias)
                ?? throw ApiException.Bad(field, FormattableString.Invariant($"must be a number from {-MaxBias} to {MaxBias}."));
            if (biases.Count > MaxBiases)
            {
                throw ApiException.Bad(given.Path, $"has more than {MaxBiases} tokens.");
            }
        }

        return biases.Count == 0 ? null : biases;
    }

    private static string Name(int id) => id.ToString(CultureInfo.InvariantCulture);
}
