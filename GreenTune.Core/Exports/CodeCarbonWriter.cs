using System.Globalization;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Exports;

/// <summary>
/// Writes rows as CodeCarbon's emissions.csv: its columns' names and order. Water and place beyond the grid zone are not known here and
/// stay empty. Times are UTC, since the form has no offset.
/// </summary>
/// <param name="output">Receives the lines.</param>
/// <param name="columns">Columns of the file, for one that has others too; null for <see cref="ColumnNames"/>. Cells of unknown columns are empty.</param>
public sealed class CodeCarbonWriter(TextWriter output, IReadOnlyList<string>? columns = null)
{
    private static readonly (string Name, Func<CodeCarbonRow, string> Cell)[] Columns =
    [
        ("timestamp", r => r.Timestamp.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture)),
        ("project_name", r => CsvText.Cell(r.ProjectName)),
        ("run_id", r => CsvText.Cell(r.RunId)),
        ("experiment_id", r => CsvText.Cell(r.ExperimentId)),
        ("duration", r => CsvText.Cell(r.DurationSeconds)),
        ("emissions", r => CsvText.Cell(r.Emissions?.Value / 1000)),
        ("emissions_rate", r => CsvText.Cell(PerSecond(r, r.Emissions?.Value / 1000))),
        ("cpu_power", r => CsvText.Cell(PerSecond(r, r.Components.Cpu?.Value))),
        ("gpu_power", r => CsvText.Cell(PerSecond(r, r.Components.Gpu?.Value))),
        ("ram_power", r => CsvText.Cell(PerSecond(r, r.Components.Dram?.Value))),
        ("cpu_energy", r => KilowattHours(r, r.Components.Cpu)),
        ("gpu_energy", r => KilowattHours(r, r.Components.Gpu)),
        ("ram_energy", r => KilowattHours(r, r.Components.Dram)),
        ("energy_consumed", r => KilowattHours(r, r.Energy)),
        ("water_consumed", _ => ""),
        ("country_name", r => CsvText.Cell(r.CountryName)),
        ("country_iso_code", r => CsvText.Cell(r.CountryIsoCode)),
        ("region", r => CsvText.Cell(r.Region)),
        ("cloud_provider", _ => ""),
        ("cloud_region", _ => ""),
        ("os", r => CsvText.Cell(r.OperatingSystem)),
        ("cpu_count", r => CsvText.Cell(r.CpuCount)),
        ("cpu_model", r => CsvText.Cell(r.CpuModel)),
        ("gpu_count", r => CsvText.Cell(r.GpuCount)),
        ("gpu_model", r => CsvText.Cell(r.GpuModel)),
        ("longitude", _ => ""),
        ("latitude", _ => ""),
        ("ram_total_size", r => CsvText.Cell(r.RamGigabytes)),
        ("tracking_mode", r => CsvText.Cell(r.TrackingMode)),
        ("on_cloud", _ => ""),
        ("pue", r => CsvText.Cell(r.Pue)),
        ("wue", _ => ""),
    ];

    private static readonly Dictionary<string, Func<CodeCarbonRow, string>> Cells = Columns.ToDictionary(column => column.Name, column => column.Cell);

    /// <summary>CodeCarbon's columns in its order.</summary>
    public static IReadOnlyList<string> ColumnNames { get; } = [.. Columns.Select(column => column.Name)];

    /// <summary>The first line of a file, without its end.</summary>
    public static string Header { get; } = string.Join(',', ColumnNames);

    public void WriteHeader()
    {
        output.Write(string.Join(',', columns ?? ColumnNames));
        output.Write(CsvText.LineEnd);
    }

    public void Write(CodeCarbonRow row)
    {
        output.Write(string.Join(',', (columns ?? ColumnNames).Select(name => Cells.TryGetValue(name, out Func<CodeCarbonRow, string>? cell) ? cell(row) : "")));
        output.Write(CsvText.LineEnd);
    }

    /// <inheritdoc cref="Write(CodeCarbonRow)"/>
    public void Write(RecordView view) => Write(CodeCarbonRow.Of(view));

    private static double? PerSecond(CodeCarbonRow row, double? amount) => row.DurationSeconds > 0 ? amount / row.DurationSeconds : null;

    private static string KilowattHours(CodeCarbonRow row, Joules? energy) => CsvText.Cell(energy is { } known ? (known * row.Pue).KilowattHours : (double?)null);
}
