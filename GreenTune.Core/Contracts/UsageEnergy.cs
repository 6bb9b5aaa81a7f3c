using System.Text.Json.Serialization;
using GreenTune.Core.Units;

namespace GreenTune.Core.Contracts;

/// <summary>The `usage.energy` block of a response (design section 3), in the API's snake_case.</summary>
public sealed record UsageEnergy
{
    [JsonPropertyName("joules")]
    public Joules? Joules { get; init; }

    [JsonPropertyName("active_joules")]
    public Joules? ActiveJoules { get; init; }

    [JsonPropertyName("prefill_joules")]
    public Joules? PrefillJoules { get; init; }

    [JsonPropertyName("decode_joules")]
    public Joules? DecodeJoules { get; init; }

    [JsonPropertyName("idle_joules")]
    public Joules? IdleJoules { get; init; }

    [JsonPropertyName("joules_per_output_token")]
    public double? JoulesPerOutputToken { get; init; }

    /// <summary>Provisional: Accounting prices the record with the intensity of its hour.</summary>
    [JsonPropertyName("co2e_grams")]
    public GramsCO2e? CO2eGrams { get; init; }

    /// <summary>One standard deviation over the figure.</summary>
    [JsonPropertyName("relative_uncertainty")]
    public double? RelativeUncertainty { get; init; }

    [JsonPropertyName("quality")]
    public required EnergyQuality Quality { get; init; }

    [JsonPropertyName("components")]
    public required ComponentJoules Components { get; init; }

    [JsonPropertyName("boundary")]
    public string? Boundary { get; init; }

    [JsonPropertyName("meter")]
    public string? Meter { get; init; }

    [JsonPropertyName("settled")]
    public required bool Settled { get; init; }

    /// <summary>Why a figure is null, by its name here.</summary>
    [JsonPropertyName("reasons")]
    public IReadOnlyDictionary<string, string> Reasons { get; init; } = new Dictionary<string, string>();

    /// <summary>Where the settled record will be.</summary>
    [JsonPropertyName("record")]
    public string? Record { get; init; }
}
