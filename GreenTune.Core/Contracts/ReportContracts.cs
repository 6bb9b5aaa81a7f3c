using System.Text.Json.Serialization;
using GreenTune.Core.Units;

namespace GreenTune.Core.Contracts;

/// <summary>What an SCI is per (GET /api/reports/sci).</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<SciUnit>))]
public enum SciUnit
{
    /// <summary>Requests that completed.</summary>
    Requests,

    /// <summary>Input and output tokens of all requests.</summary>
    Tokens,

    /// <summary>Output tokens of all requests.</summary>
    OutputTokens,

    /// <summary>Sessions that were open: the first request before the span's end, the last not before its beginning.</summary>
    Sessions,
}

/// <summary>Which factors a figure is made with.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<CarbonView>))]
public enum CarbonView
{
    /// <summary>As it was priced when it arrived.</summary>
    Original,

    /// <summary>With the latest restatement of its hour, where there is one.</summary>
    Restated,
}

/// <summary>
/// Software Carbon Intensity of a span by ISO/IEC 21031:2024: (E x I + M) / R. Energy is all energy of the reserved devices, idle time included.
/// </summary>
public sealed record SciReport
{
    public required DateTimeOffset From { get; init; }

    public required DateTimeOffset To { get; init; }

    public required SciUnit Per { get; init; }

    /// <summary>R.</summary>
    public required long Units { get; init; }

    public required CarbonView As { get; init; }

    public required CarbonSignal Signal { get; init; }

    /// <summary>IT energy of the reserved devices, with its 95 % interval; null when no period has arrived.</summary>
    public Interval? Joules { get; init; }

    /// <summary>The same with PUE, in kWh: E.</summary>
    public double? KilowattHours { get; init; }

    /// <summary>Mean of the hours' PUE, weighted by energy.</summary>
    public double? Pue { get; init; }

    public bool PueAssumed { get; init; }

    /// <summary>I: mean of the hours' intensities, weighted by energy.</summary>
    public GramsPerKilowattHour? Intensity { get; init; }

    /// <summary>E x I, hour by hour.</summary>
    public Interval? OperationalGrams { get; init; }

    /// <summary>M; null when a device has no embodied figure.</summary>
    public GramsCO2e? EmbodiedGrams { get; init; }

    public required IReadOnlyList<EmbodiedPart> Embodied { get; init; }

    /// <summary>E x I / R: what is left of the SCI when M is not known.</summary>
    public Interval? OperationalGramsPerUnit { get; init; }

    /// <summary>The SCI in gCO2e per unit; null when a part is, and <see cref="Reasons"/> says which.</summary>
    public Interval? GramsPerUnit { get; init; }

    /// <summary>Part of the span that the devices' periods cover, 0 to 1, by device.</summary>
    public required IReadOnlyDictionary<string, double> Coverage { get; init; }

    /// <summary>Joules in hours whose factor is an estimate or a stand-in, over all.</summary>
    public double? EstimatedShare { get; init; }

    public required EnergyQuality Quality { get; init; }

    /// <summary>Sources of the intensities, with their years and licences.</summary>
    public required IReadOnlyList<FactorSource> Sources { get; init; }

    /// <summary>Why a figure is null or limited, by its name.</summary>
    public required IReadOnlyDictionary<string, string> Reasons { get; init; }

    public required string MethodVersion { get; init; }
}

/// <summary>One device's embodied share.</summary>
/// <param name="Device">The device.</param>
/// <param name="Hardware">What is counted, in words.</param>
/// <param name="TotalGrams">TE.</param>
/// <param name="ReservedSeconds">TiR.</param>
/// <param name="LifetimeSeconds">EL.</param>
/// <param name="ResourceShare">RR / ToR.</param>
/// <param name="Grams">M of this part.</param>
/// <param name="Source">Where TE is from.</param>
/// <param name="Year">Its year.</param>
/// <param name="IsEstimate">TE was inferred.</param>
public sealed record EmbodiedPart(
    string Device, string Hardware, GramsCO2e TotalGrams, double ReservedSeconds, double LifetimeSeconds, double ResourceShare, GramsCO2e Grams, string Source, int? Year, bool IsEstimate);

/// <summary>A source of intensities that a figure used.</summary>
public sealed record FactorSource(string Source, string Licence, string Zone, int? Year, string FactorType, string GasBasis, string? Step, bool Estimated, double KilowattHours);

/// <summary>What a market-based factor is of.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<MarketBasis>))]
public enum MarketBasis
{
    /// <summary>A contractual instrument covers it.</summary>
    Instrument,

    /// <summary>No instrument does; the market's residual mix.</summary>
    ResidualMix,

    /// <summary>No residual mix is stated, so the location-based factor stands in.</summary>
    LocationFactor,
}

/// <summary>Kinds of contractual instruments of the GHG Protocol Scope 2 Guidance.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<InstrumentType>))]
public enum InstrumentType
{
    /// <summary>Energy attribute certificate: GO, REC, I-REC.</summary>
    Certificate,

    /// <summary>Power purchase agreement.</summary>
    PowerPurchaseAgreement,

    /// <summary>The supplier's own rate.</summary>
    Supplier,
}

/// <summary>A contractual instrument, with what an auditor asks of it (GHG Protocol Scope 2 Guidance, table 7.1).</summary>
public sealed record ContractualInstrument
{
    public required InstrumentType Type { get; init; }

    public required GramsPerKilowattHour Factor { get; init; }

    /// <summary>How much consumption it covers over its period.</summary>
    public required double CoveredKilowattHours { get; init; }

    public required DateTimeOffset GenerationFrom { get; init; }

    /// <summary>Exclusive.</summary>
    public required DateTimeOffset GenerationTo { get; init; }

    public string? Serial { get; init; }

    public string? Registry { get; init; }

    public string? Generator { get; init; }

    public string? Fuel { get; init; }

    /// <summary>The market that it may be claimed in.</summary>
    public string? Market { get; init; }

    public DateOnly? RetiredOn { get; init; }
}

/// <summary>Scope 2 of a span by both methods (GET /api/reports/scope2).</summary>
public sealed record Scope2Report
{
    public required DateTimeOffset From { get; init; }

    public required DateTimeOffset To { get; init; }

    public required CarbonView As { get; init; }

    public required string? Site { get; init; }

    /// <summary>Sum of the location-based rows in grams; null when nothing was metered.</summary>
    public Interval? LocationBasedGrams { get; init; }

    /// <summary>Sum of the market-based rows in grams.</summary>
    public Interval? MarketBasedGrams { get; init; }

    /// <summary>IT energy in kWh.</summary>
    public double? ItKilowattHours { get; init; }

    /// <summary>With the building's overhead.</summary>
    public double? TotalKilowattHours { get; init; }

    public required IReadOnlyList<Scope2Row> LocationBased { get; init; }

    public required IReadOnlyList<Scope2Row> MarketBased { get; init; }

    /// <summary>Global warming potentials behind CO2e.</summary>
    public required string GwpSet { get; init; }

    public required string MethodVersion { get; init; }

    /// <summary>Restatements that the figures use, or that have superseded them.</summary>
    public required IReadOnlyList<Guid> Restatements { get; init; }

    public required IReadOnlyDictionary<string, string> Reasons { get; init; }
}

/// <summary>One row of a scope 2 report: consumption of a period at one factor.</summary>
public sealed record Scope2Row
{
    /// <summary>"location-based" or "market-based".</summary>
    public required string Method { get; init; }

    public required DateTimeOffset PeriodStart { get; init; }

    public required DateTimeOffset PeriodEnd { get; init; }

    public required string? Site { get; init; }

    public required string GridZone { get; init; }

    /// <summary>"measured" or "estimated", the weakest of the meters.</summary>
    public required string MeterType { get; init; }

    public required double ItKilowattHours { get; init; }

    public required double Pue { get; init; }

    /// <summary>"stated" or "assumed".</summary>
    public required string PueSource { get; init; }

    public required double TotalKilowattHours { get; init; }

    /// <summary>g/kWh, weighted by energy.</summary>
    public required GramsPerKilowattHour Factor { get; init; }

    public required string FactorUnit { get; init; }

    /// <summary>CO2 or CO2e.</summary>
    public required string GasCoverage { get; init; }

    /// <summary>"life-cycle" or "direct".</summary>
    public required string FactorType { get; init; }

    /// <summary>"average": scope 2 takes no marginal factors.</summary>
    public required string Signal { get; init; }

    public required string FactorSource { get; init; }

    public int? DatasetYear { get; init; }

    /// <summary>What of transmission losses and upstream fuel the factor holds.</summary>
    public required string LossScope { get; init; }

    /// <summary>"measured", "estimated", "forecast" or "stand-in".</summary>
    public required string DataQuality { get; init; }

    public required double Grams { get; init; }

    /// <summary>95 % interval of the energy; the factor's own error is not published.</summary>
    public required Interval GramsInterval { get; init; }

    /// <summary>"none" where no instrument covers it; null in a location-based row.</summary>
    public string? InstrumentType { get; init; }

    public string? CertificateSerial { get; init; }

    public string? Registry { get; init; }

    public string? Generator { get; init; }

    public string? Fuel { get; init; }

    public DateTimeOffset? GenerationFrom { get; init; }

    public DateTimeOffset? GenerationTo { get; init; }

    public string? MarketBoundary { get; init; }

    public DateOnly? RetiredOn { get; init; }

    public double? CoveredKilowattHours { get; init; }

    /// <summary>Factor of the rest, where a residual mix is stated.</summary>
    public GramsPerKilowattHour? ResidualMixFactor { get; init; }

    public string? Note { get; init; }

    public required string GwpSet { get; init; }

    public required string MethodVersion { get; init; }

    /// <summary>The restatement that replaces this row; null in restated rows and where there is none.</summary>
    public Guid? SupersededBy { get; init; }

    /// <summary>The restatement that made this row; null in original rows.</summary>
    public Guid? Restatement { get; init; }
}

/// <summary>Asks for a restatement (POST /api/carbon/restatements).</summary>
public sealed record RestatementInput
{
    /// <summary>A whole hour, UTC.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>A whole hour, UTC, exclusive.</summary>
    public required DateTimeOffset To { get; init; }

    /// <summary>Who asks for it.</summary>
    public required string By { get; init; }

    /// <summary>Why, for the auditor.</summary>
    public required string Why { get; init; }

    /// <summary>"latest" takes the sources' values as they are known now, "table" the yearly averages, "stated" the intensity given here, "keep" each hour's own.</summary>
    public string Factors { get; init; } = "latest";

    /// <summary>g/kWh, with "stated".</summary>
    public double? IntensityGramsPerKwh { get; init; }

    /// <summary>Where a stated intensity is from, with "stated".</summary>
    public string? Source { get; init; }

    /// <summary>PUE, 1 to 5; null keeps each hour's own.</summary>
    public double? Pue { get; init; }
}

/// <summary>A restatement: what a span's CO2e is by new factors, beside what it was.</summary>
public sealed record Restatement
{
    public required Guid Id { get; init; }

    /// <summary>Counts up; the highest of an hour is the one in force.</summary>
    public required long Number { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string By { get; init; }

    public required string Why { get; init; }

    public required DateTimeOffset From { get; init; }

    public required DateTimeOffset To { get; init; }

    public required string Factors { get; init; }

    public double? Pue { get; init; }

    public required string MethodVersion { get; init; }

    /// <summary>Joules of the records that it covers.</summary>
    public required Joules Joules { get; init; }

    public required long Records { get; init; }

    public required GramsCO2e OriginalGrams { get; init; }

    public required GramsCO2e RestatedGrams { get; init; }

    /// <summary>Hours whose factor did not change.</summary>
    public required int UnchangedHours { get; init; }

    public required int ChangedHours { get; init; }

    /// <summary>A later restatement that covers all of its hours; null while it is in force.</summary>
    public Guid? SupersededBy { get; init; }
}

/// <summary>A restated figure beside the original.</summary>
public sealed record RestatedCarbon(
    Guid Restatement,
    [property: JsonPropertyName("co2e")] GramsCO2e? CO2e,
    CarbonFactor Factor);

/// <summary>Intensities to come (GET /api/carbon/forecast).</summary>
public sealed record CarbonForecast
{
    public required string Zone { get; init; }

    public required CarbonSignal Signal { get; init; }

    /// <summary>Null when there is no forecast, with the reason.</summary>
    public string? Source { get; init; }

    public string? Licence { get; init; }

    public DateTimeOffset? FetchedAt { get; init; }

    public double? AgeSeconds { get; init; }

    public string? Reason { get; init; }

    /// <summary>Hours to come, in order.</summary>
    public required IReadOnlyList<ForecastHour> Hours { get; init; }

    /// <summary>The greenest of them, lowest first.</summary>
    public required IReadOnlyList<ForecastHour> Greenest { get; init; }
}

/// <summary>One hour of a forecast.</summary>
public sealed record ForecastHour(DateTimeOffset From, DateTimeOffset To, GramsPerKilowattHour Intensity);

/// <summary>State of one intensity source (GET /api/carbon/sources).</summary>
public sealed record CarbonSourceState
{
    public required string Source { get; init; }

    public required CarbonSignal Signal { get; init; }

    public required string Zone { get; init; }

    public required string Kind { get; init; }

    public DateTimeOffset? LastSuccess { get; init; }

    public required DateTimeOffset NextCall { get; init; }

    public required int Failures { get; init; }

    /// <summary>What went wrong last; null when nothing did.</summary>
    public string? Problem { get; init; }
}
