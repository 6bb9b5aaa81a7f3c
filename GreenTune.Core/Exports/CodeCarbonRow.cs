using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Exports;

/// <summary>
/// One row of the emissions.csv that CodeCarbon writes and its readers read (mlco2/codecarbon, EmissionsData), in its units: kWh, kg, W, s, GB, litres.
/// As there, energies have the PUE in them (its tracker multiplies each reading by it) and powers have not, so that emissions are energy_consumed times the
/// grid's intensity. What is not known is null and becomes an empty cell, which its readers take for a missing value.
/// </summary>
public sealed record CodeCarbonRow
{
    /// <summary>End of what was measured.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    public string? ProjectName { get; init; }

    public string? RunId { get; init; }

    public string? ExperimentId { get; init; }

    public required double DurationSeconds { get; init; }

    /// <summary>CO2e in grams; written in kg.</summary>
    public GramsCO2e? Emissions { get; init; }

    /// <summary>Energy at the machine, without PUE; null where nothing was metered.</summary>
    public Joules? Energy { get; init; }

    public ComponentJoules Components { get; init; } = new();

    /// <summary>Facility energy over IT energy, at least 1.</summary>
    public double Pue { get; init; } = OperationalCarbon.DefaultPue;

    public string? CountryName { get; init; }

    /// <summary>ISO 3166-1 alpha-3.</summary>
    public string? CountryIsoCode { get; init; }

    /// <summary>Grid zone inside the country.</summary>
    public string? Region { get; init; }

    public string? OperatingSystem { get; init; }

    public int? CpuCount { get; init; }

    public string? CpuModel { get; init; }

    public int? GpuCount { get; init; }

    public string? GpuModel { get; init; }

    /// <summary>In gigabytes.</summary>
    public double? RamGigabytes { get; init; }

    /// <summary>"machine" or "process", as CodeCarbon's option of that name.</summary>
    public required string TrackingMode { get; init; }

    /// <summary>A record as a row: the tenant is the project, the session the experiment, the request the run.</summary>
    public static CodeCarbonRow Of(RecordView view)
    {
        RequestRecord record = view.Record;
        return new CodeCarbonRow
        {
            Timestamp = record.EndedAt,
            ProjectName = record.Tenant,
            RunId = record.Id,
            ExperimentId = record.Session,
            DurationSeconds = record.DurationSeconds,
            Emissions = view.CO2e,
            Energy = record.Energy.Joules,
            Components = record.Energy.Components,
            TrackingMode = "process",
        }.At(view.Factor);
    }

    /// <summary>The same row at the place and with the PUE of a factor.</summary>
    public CodeCarbonRow At(CarbonFactor factor)
    {
        int dash = factor.Zone.IndexOf('-', StringComparison.Ordinal);
        string country = dash > 0 ? factor.Zone[..dash] : factor.Zone;
        // The European Union and the world are no countries.
        bool isCountry = CarbonTable.Default.TryResolve(country, out string? code) && code.Length == 3 && code.All(char.IsAsciiLetterUpper);
        return this with
        {
            Pue = factor.Pue,
            CountryIsoCode = isCountry ? code : null,
            CountryName = dash > 0 ? CountryOf(factor.ZoneName) : factor.ZoneName,
            Region = dash > 0 ? factor.Zone : null,
        };
    }

    /// <summary>A zone inside a country is named "California, United States".</summary>
    private static string CountryOf(string zoneName)
    {
        int comma = zoneName.LastIndexOf(", ", StringComparison.Ordinal);
        return comma < 0 ? zoneName : zoneName[(comma + 2)..];
    }
}
