using System.Globalization;
using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using GreenTune.Core.Exports;
using GreenTune.Core.Units;

namespace GreenTune.Core.Tests.Exports;

public sealed class CodeCarbonWriterTests
{
    private static readonly DateTimeOffset End = new(2026, 11, 21, 10, 0, 5, TimeSpan.FromHours(1));

    [Fact]
    public void The_columns_are_CodeCarbons_in_its_order()
    {
        Assert.Equal(
            "timestamp,project_name,run_id,experiment_id,duration,emissions,emissions_rate,cpu_power,gpu_power,ram_power,cpu_energy,gpu_energy,ram_energy,energy_consumed,water_consumed,"
            + "country_name,country_iso_code,region,cloud_provider,cloud_region,os,cpu_count,cpu_model,gpu_count,gpu_model,longitude,latitude,ram_total_size,tracking_mode,on_cloud,pue,wue",
            CodeCarbonWriter.Header);
    }

    [Fact]
    public void Energies_are_in_kWh_with_PUE_emissions_in_kg_and_powers_in_watts_without_PUE()
    {
        CarbonFactor factor = CarbonTable.Default.FactorFor("DEU", 1.5);
        var energy = new Joules(7.2e6);
        Dictionary<string, string> row = Row(new CodeCarbonRow
        {
            Timestamp = End,
            DurationSeconds = 3600,
            Emissions = OperationalCarbon.Of(energy, factor),
            Energy = energy,
            Components = new() { Cpu = new Joules(1.8e6), Gpu = new Joules(5.4e6) },
            TrackingMode = "machine",
        }.At(factor));
        Assert.Equal("2026-11-21T09:00:05", row["timestamp"]);
        Assert.Equal(3.0, Number(row["energy_consumed"]), 12);
        Assert.Equal(0.75, Number(row["cpu_energy"]), 12);
        Assert.Equal(2.25, Number(row["gpu_energy"]), 12);
        Assert.Equal("", row["ram_energy"]);
        Assert.Equal((500.0, 1500.0), (Number(row["cpu_power"]), Number(row["gpu_power"])));
        // What a reader recomputes from the file: consumed energy by the zone's intensity.
        Assert.Equal(3.0 * factor.Intensity.Value / 1000, Number(row["emissions"]), 12);
        Assert.Equal(Number(row["emissions"]) / 3600, Number(row["emissions_rate"]), 15);
        Assert.Equal(("Germany", "DEU", "", "1.5"), (row["country_name"], row["country_iso_code"], row["region"], row["pue"]));
    }

    [Fact]
    public void What_is_not_known_is_an_empty_cell_and_never_0()
    {
        Dictionary<string, string> row = Row(new CodeCarbonRow { Timestamp = End, DurationSeconds = 0, TrackingMode = "process" });
        Assert.Equal(["timestamp", "duration", "tracking_mode", "pue"], row.Where(cell => cell.Value.Length > 0).Select(cell => cell.Key));
    }

    [Theory]
    [InlineData("US-CAL-CISO", "USA", "US-CAL-CISO")]
    [InlineData("FRA", "FRA", "")]
    [InlineData("WORLD", "", "")]
    [InlineData("EU", "", "")]
    public void A_grid_zone_is_a_region_of_its_country(string zone, string country, string region)
    {
        Dictionary<string, string> row = Row(new CodeCarbonRow { Timestamp = End, DurationSeconds = 1, TrackingMode = "machine" }.At(CarbonTable.Default.FactorFor(zone, null)));
        Assert.Equal((country, region), (row["country_iso_code"], row["region"]));
        Assert.NotEqual("", row["country_name"]);
    }

    [Theory]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+1", "'+1")]
    [InlineData("-1", "'-1")]
    [InlineData("@x", "'@x")]
    [InlineData("\tx", "'\tx")]
    [InlineData("\n=1", "\"'\n=1\"")]
    [InlineData("a,\"b\"", "\"a,\"\"b\"\"\"")]
    [InlineData("plain", "plain")]
    [InlineData(null, "")]
    public void A_text_is_no_formula_in_a_spreadsheet(string? text, string cell) => Assert.Equal(cell, CsvText.Cell(text));

    [Fact]
    public void A_number_that_is_none_is_empty()
    {
        Assert.Equal(["", "", "", "-0.5", "1E-12"], [CsvText.Cell((double?)null), CsvText.Cell(double.NaN), CsvText.Cell(double.PositiveInfinity), CsvText.Cell(-0.5), CsvText.Cell(1e-12)]);
    }

    private static double Number(string cell) => double.Parse(cell, CultureInfo.InvariantCulture);

    private static Dictionary<string, string> Row(CodeCarbonRow row)
    {
        using var text = new StringWriter();
        var writer = new CodeCarbonWriter(text);
        writer.WriteHeader();
        writer.Write(row);
        string[] lines = text.ToString().Split(CsvText.LineEnd);
        Assert.Equal(3, lines.Length);
        Assert.Equal("", lines[2]);
        return lines[0].Split(',').Zip(lines[1].Split(',')).ToDictionary(pair => pair.First, pair => pair.Second);
    }
}
