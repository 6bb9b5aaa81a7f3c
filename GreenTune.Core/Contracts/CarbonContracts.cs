using System.Text.Json.Serialization;
using GreenTune.Core.Units;

namespace GreenTune.Core.Contracts;

/// <summary>Average or marginal; the two never mix in one sum (design section 4.5).</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<CarbonSignal>))]
public enum CarbonSignal
{
    Average,
    Marginal,
}

/// <summary>A carbon intensity with its provenance: enough to restate every figure that was made with it.</summary>
public sealed record CarbonFactor
{
    /// <summary>gCO2e per kWh of electricity.</summary>
    public required GramsPerKilowattHour Intensity { get; init; }

    /// <summary>Power usage effectiveness of the site: facility energy over IT energy, at least 1.</summary>
    public required double Pue { get; init; }

    /// <summary>True when the site did not state its PUE and the default stands in.</summary>
    public bool PueAssumed { get; init; }

    /// <summary>ISO 3166-1 alpha-3 country code, a grid zone inside one ("US-CAL-CISO"), "EU" or "WORLD".</summary>
    public required string Zone { get; init; }

    public required string ZoneName { get; init; }

    /// <summary>Who published the intensity.</summary>
    public required string Source { get; init; }

    public required string Licence { get; init; }

    /// <summary>The year the intensity is of; null when the source does not say.</summary>
    public int? Year { get; init; }

    public CarbonSignal Signal { get; init; }

    /// <summary>"life-cycle" or "direct".</summary>
    public required string FactorType { get; init; }

    /// <summary>"CO2e" or "CO2".</summary>
    public required string GasBasis { get; init; }

    /// <summary>True when the zone was not known and a wider average stands in.</summary>
    public required bool Estimated { get; init; }

    /// <summary>Why it is estimated, in one sentence; null when it is not.</summary>
    public string? Reason { get; init; }

    public required string MethodVersion { get; init; }

    /// <summary>Which step of the chain gave it (<see cref="CarbonSteps"/>); null in records of before there was a chain.</summary>
    public string? Step { get; init; }

    /// <summary>The hour that it is of; null for a yearly average.</summary>
    public DateTimeOffset? ValidFrom { get; init; }

    /// <summary>End of the hour, exclusive.</summary>
    public DateTimeOffset? ValidTo { get; init; }

    /// <summary>How the source estimated it, in the source's own word ("TIME_SLICER_AVERAGE"); null when measured or not said.</summary>
    public string? Method { get; init; }

    /// <summary>A forecast stands in for the value.</summary>
    public bool Forecast { get; init; }

    /// <summary>When the source last changed the value; null when it does not say.</summary>
    public DateTimeOffset? UpdatedAt { get; init; }

    /// <summary>When we asked for it; null for a table.</summary>
    public DateTimeOffset? FetchedAt { get; init; }

    /// <summary>How much older than its hour the value is, in seconds: 0 for a value of the hour itself, null for a table.</summary>
    public double? AgeSeconds { get; init; }

    /// <summary>True when a better value of this hour may still arrive; what was priced with it stays until a restatement.</summary>
    public bool Provisional { get; init; }
}

/// <summary>Steps of an intensity chain (design section 4.5), best first.</summary>
public static class CarbonSteps
{
    /// <summary>The source's value of that hour, asked for within its period.</summary>
    public const string Live = "live";

    /// <summary>The source's value of that hour, kept from an earlier call.</summary>
    public const string Cache = "cache";

    /// <summary>The latest value kept, of an earlier hour.</summary>
    public const string StaleCache = "stale-cache";

    /// <summary>Yearly average of the country or grid zone.</summary>
    public const string CountryTable = "country-table";

    /// <summary>Yearly average of the world.</summary>
    public const string WorldAverage = "world-average";

    /// <summary>Stated by a person in a restatement.</summary>
    public const string Stated = "stated";
}

/// <summary>A zone that the country table knows.</summary>
public sealed record CarbonZone(string Zone, string Name, GramsPerKilowattHour Intensity, int? Year, string Source);
