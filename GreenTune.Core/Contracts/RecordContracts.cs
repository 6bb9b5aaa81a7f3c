using System.Text.Json.Serialization;
using GreenTune.Core.Units;

namespace GreenTune.Core.Contracts;

/// <summary>A stored record with its authoritative carbon.</summary>
public sealed record RecordView
{
    public required RequestRecord Record { get; init; }

    /// <summary>Operational CO2e by the record's joules, PUE and intensity; null when the energy is.</summary>
    [JsonPropertyName("co2e")]
    public GramsCO2e? CO2e { get; init; }

    public required CarbonFactor Factor { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>The figure by the latest restatement of its hour; null where there is none, and where only the original was asked for.</summary>
    public RestatedCarbon? Restated { get; init; }
}

/// <summary>One page, newest first; <see cref="Next"/> is the cursor of the following one, null at the end.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>A figure with its 95 % interval.</summary>
public sealed record Interval(double Value, double Low, double High);

/// <summary>What a period cost (GET /api/summary).</summary>
public sealed record Summary
{
    public required DateTimeOffset From { get; init; }

    public required DateTimeOffset To { get; init; }

    public required long Requests { get; init; }

    public required long Cancelled { get; init; }

    /// <summary>Failed by the service, or aborted with its process.</summary>
    public required long Failed { get; init; }

    /// <summary>Blocked by a budget before they ran.</summary>
    public required long Refused { get; init; }

    public required long InputTokens { get; init; }

    public required long OutputTokens { get; init; }

    /// <summary>Joules of all records with energy; null when there is none.</summary>
    public Interval? Joules { get; init; }

    [JsonPropertyName("co2eGrams")]
    public Interval? CO2eGrams { get; init; }

    /// <summary>Joules per output token over the period.</summary>
    public Interval? JoulesPerOutputToken { get; init; }

    /// <summary>Requests without a figure, which the sums leave out.</summary>
    public required long Unmetered { get; init; }

    /// <summary>The weakest of the parts.</summary>
    public required EnergyQuality Quality { get; init; }

    /// <summary>p95 of the duration of completed requests, in seconds.</summary>
    public double? DurationP95Seconds { get; init; }

    /// <summary>The intensity in force now.</summary>
    public required CarbonFactor Factor { get; init; }

    public required IReadOnlyList<ConfigurationSummary> Configurations { get; init; }

    /// <summary>Where the devices' energy went; null when no period has arrived, and when one tenant is asked for, since a device's energy has no tenant.</summary>
    public EnergyBuckets? Devices { get; init; }

    /// <summary>Joules of the same span one period earlier (yesterday until the same hour, say); null when there was none.</summary>
    public Joules? PreviousJoules { get; init; }

    /// <summary>Against serving the same tokens with the reference configuration of the latest plan.</summary>
    public Saving? Saving { get; init; }
}

/// <summary>One configuration's part of a period.</summary>
public sealed record ConfigurationSummary(
    string ConfigurationId,
    long Requests,
    long OutputTokens,
    Interval? Joules,
    Interval? JoulesPerOutputToken,
    EnergyQuality Quality);

/// <summary>A device's energy by bucket; the parts sum to the total.</summary>
public sealed record EnergyBuckets(
    Joules Total,
    Joules Active,
    Joules IdleShare,
    Joules Idle,
    Joules Unattributed,
    Joules Other,
    EnergyQuality Quality);

/// <summary>Energy saved against the reference: 0.64 is 64 % less.</summary>
public sealed record Saving(Interval Fraction, Joules Joules, string ReferenceConfigurationId, int PlanNumber);
