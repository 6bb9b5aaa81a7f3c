using System.Globalization;
using System.Text;
using GreenTune.Core.Contracts;
using GreenTune.Core.Exports;

namespace GreenTune.Accounting.Reports;

/// <summary>Reports as comma-separated values: the columns carry the unit in their names, texts cannot be taken for formulas.</summary>
internal static class ReportCsv
{
    private static readonly (string Name, Func<Scope2Row, string> Cell)[] Scope2Columns =
    [
        ("method", row => CsvText.Cell(row.Method)),
        ("period_start", row => Time(row.PeriodStart)),
        ("period_end", row => Time(row.PeriodEnd)),
        ("site", row => CsvText.Cell(row.Site)),
        ("grid_zone", row => CsvText.Cell(row.GridZone)),
        ("meter_type", row => CsvText.Cell(row.MeterType)),
        ("kwh_it", row => CsvText.Cell(row.ItKilowattHours)),
        ("pue", row => CsvText.Cell(row.Pue)),
        ("pue_source", row => CsvText.Cell(row.PueSource)),
        ("kwh_total", row => CsvText.Cell(row.TotalKilowattHours)),
        ("factor", row => CsvText.Cell(row.Factor.Value)),
        ("factor_unit", row => CsvText.Cell(row.FactorUnit)),
        ("gas_coverage", row => CsvText.Cell(row.GasCoverage)),
        ("factor_type", row => CsvText.Cell(row.FactorType)),
        ("signal", row => CsvText.Cell(row.Signal)),
        ("factor_source", row => CsvText.Cell(row.FactorSource)),
        ("dataset_year", row => CsvText.Cell(row.DatasetYear)),
        ("loss_scope", row => CsvText.Cell(row.LossScope)),
        ("data_quality", row => CsvText.Cell(row.DataQuality)),
        ("emissions_g", row => CsvText.Cell(row.Grams)),
        ("emissions_g_low_95", row => CsvText.Cell(row.GramsInterval.Low)),
        ("emissions_g_high_95", row => CsvText.Cell(row.GramsInterval.High)),
        ("instrument_type", row => CsvText.Cell(row.InstrumentType)),
        ("certificate_serial", row => CsvText.Cell(row.CertificateSerial)),
        ("registry", row => CsvText.Cell(row.Registry)),
        ("generator", row => CsvText.Cell(row.Generator)),
        ("fuel", row => CsvText.Cell(row.Fuel)),
        ("generation_from", row => Time(row.GenerationFrom)),
        ("generation_to", row => Time(row.GenerationTo)),
        ("market_boundary", row => CsvText.Cell(row.MarketBoundary)),
        ("retired_on", row => row.RetiredOn?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? ""),
        ("covered_kwh", row => CsvText.Cell(row.CoveredKilowattHours)),
        ("residual_mix_factor", row => CsvText.Cell(row.ResidualMixFactor?.Value)),
        ("note", row => CsvText.Cell(row.Note)),
        ("gwp_set", row => CsvText.Cell(row.GwpSet)),
        ("method_version", row => CsvText.Cell(row.MethodVersion)),
        ("superseded_by", row => CsvText.Cell(row.SupersededBy?.ToString())),
        ("restatement", row => CsvText.Cell(row.Restatement?.ToString())),
    ];

    private static readonly (string Name, Func<SciReport, string> Cell)[] SciColumns =
    [
        ("period_start", report => Time(report.From)),
        ("period_end", report => Time(report.To)),
        ("functional_unit", report => CsvText.Cell(Camel(report.Per.ToString()))),
        ("units", report => report.Units.ToString(CultureInfo.InvariantCulture)),
        ("factors", report => CsvText.Cell(Camel(report.As.ToString()))),
        ("signal", report => CsvText.Cell(Camel(report.Signal.ToString()))),
        ("energy_it_j", report => CsvText.Cell(report.Joules?.Value)),
        ("energy_it_j_low_95", report => CsvText.Cell(report.Joules?.Low)),
        ("energy_it_j_high_95", report => CsvText.Cell(report.Joules?.High)),
        ("energy_kwh", report => CsvText.Cell(report.KilowattHours)),
        ("pue", report => CsvText.Cell(report.Pue)),
        ("pue_source", report => report.PueAssumed ? "assumed" : "stated"),
        ("intensity_g_per_kwh", report => CsvText.Cell(report.Intensity?.Value)),
        ("operational_g", report => CsvText.Cell(report.OperationalGrams?.Value)),
        ("embodied_g", report => CsvText.Cell(report.EmbodiedGrams?.Value)),
        ("operational_g_per_unit", report => CsvText.Cell(report.OperationalGramsPerUnit?.Value)),
        ("sci_g_per_unit", report => CsvText.Cell(report.GramsPerUnit?.Value)),
        ("sci_g_per_unit_low_95", report => CsvText.Cell(report.GramsPerUnit?.Low)),
        ("sci_g_per_unit_high_95", report => CsvText.Cell(report.GramsPerUnit?.High)),
        ("energy_quality", report => CsvText.Cell(Camel(report.Quality.ToString()))),
        ("estimated_share", report => CsvText.Cell(report.EstimatedShare)),
        ("sources", report => CsvText.Cell(string.Join(" | ", report.Sources.Select(source => $"{source.Source} ({source.Zone}{(source.Year is { } year ? FormattableString.Invariant($", {year}") : "")})").Distinct()))),
        ("reasons", report => CsvText.Cell(string.Join(" ", report.Reasons.Values))),
        ("method_version", report => CsvText.Cell(report.MethodVersion)),
    ];

    public static string Scope2(Scope2Report report) => Text(Scope2Columns, report.LocationBased.Concat(report.MarketBased));

    public static string Sci(SciReport report) => Text(SciColumns, [report]);

    /// <summary>UTC with its offset, so that no spreadsheet takes it for a local time.</summary>
    public static string Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture) ?? "";

    private static string Text<T>((string Name, Func<T, string> Cell)[] columns, IEnumerable<T> rows)
    {
        var text = new StringBuilder();
        text.AppendJoin(',', columns.Select(column => column.Name)).Append(CsvText.LineEnd);
        foreach (T row in rows)
        {
            text.AppendJoin(',', columns.Select(column => column.Cell(row))).Append(CsvText.LineEnd);
        }

        return text.ToString();
    }

    private static string Camel(string word) => char.ToLowerInvariant(word[0]) + word[1..];
}
