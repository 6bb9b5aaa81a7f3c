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
}

/// <summary>A zone that the country table knows.</summary>
public sealed record CarbonZone(string Zone, string Name, GramsPerKilowattHour Intensity, int? Year, string Source);
