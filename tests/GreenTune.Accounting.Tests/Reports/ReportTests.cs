using System.Net;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Tests.Reports;

public sealed class ReportTests
{
    private const string Span = "from=2026-11-19T09:00:00Z&to=2026-11-19T11:00:00Z";
    private static readonly DateTimeOffset Nine = new(2026, 11, 19, 9, 0, 0, TimeSpan.Zero);
    private static readonly string[] H100 = ["--Carbon:Embodied:0:Device", "*", "--Carbon:Embodied:0:Hardware", "nvidia-h100"];

    [Fact]
    public async Task Sci_is_all_energy_of_the_devices_times_pue_and_intensity_and_the_embodied_share_over_the_units()
    {
        await using AccountingHost host = await AccountingHost.StartAsync(H100);
        await FillAsync(host);
        SciReport report = await host.GetAsync<SciReport>($"/api/reports/sci?{Span}&per=requests");
        double intensity = (await host.GetAsync<CarbonFactor>("/api/carbon")).Intensity.Value;
        const double Joules = 2 * (10 + 5 + 60 + 0.5);
        Assert.Equal(Joules, report.Joules!.Value, 9);
        Assert.Equal(Joules * 1.2 / 3.6e6, report.KilowattHours!.Value, 15);
        double operational = Joules * 1.2 * intensity / 3.6e6;
        Assert.Equal(operational, report.OperationalGrams!.Value, 12);
        double embodied = 164_000.0 * (120 / (4 * 8760 * 3600.0));
        Assert.Equal(embodied, report.EmbodiedGrams!.Value.Value, 12);
        Assert.Equal(2, report.Units);
        Assert.Equal((operational + embodied) / 2, report.GramsPerUnit!.Value, 12);
        Assert.Equal(120 / 7200.0, report.Coverage["cpu-0"], 12);
        Assert.Equal(("nvidia-h100", false), ("nvidia-h100", Assert.Single(report.Embodied).IsEstimate));
        Assert.NotEmpty(report.Sources);
    }

    [Theory]
    [InlineData("tokens", 2 * 98)]
    [InlineData("outputTokens", 2 * 60)]
    [InlineData("sessions", 1)]
    public async Task Sci_is_per_token_and_session_too(string per, long units)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(H100);
        await FillAsync(host);
        SciReport report = await host.GetAsync<SciReport>($"/api/reports/sci?{Span}&per={per}");
        Assert.Equal(units, report.Units);
        Assert.Equal((report.OperationalGrams!.Value + report.EmbodiedGrams!.Value.Value) / units, report.GramsPerUnit!.Value, 12);
    }

    [Fact]
    public async Task Without_an_embodied_figure_there_is_no_sci_but_its_operational_part_and_the_reason()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        await FillAsync(host);
        SciReport report = await host.GetAsync<SciReport>($"/api/reports/sci?{Span}");
        Assert.Null(report.GramsPerUnit);
        Assert.NotNull(report.OperationalGramsPerUnit);
        Assert.Contains("Carbon:Embodied", report.Reasons["embodiedGrams"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_span_gives_nulls_with_reasons_and_never_zero()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        SciReport sci = await host.GetAsync<SciReport>($"/api/reports/sci?{Span}&per=sessions");
        Assert.Null(sci.Joules);
        Assert.Null(sci.OperationalGrams);
        Assert.Null(sci.GramsPerUnit);
        Assert.Contains("joules", sci.Reasons.Keys);
        Assert.Contains("x-greentune-session", sci.Reasons["gramsPerUnit"], StringComparison.Ordinal);
        Scope2Report scope2 = await host.GetAsync<Scope2Report>($"/api/reports/scope2?{Span}");
        Assert.Null(scope2.LocationBasedGrams);
        Assert.Null(scope2.MarketBasedGrams);
        Assert.Empty(scope2.LocationBased);
        Assert.Contains("locationBasedGrams", scope2.Reasons.Keys);
    }

    [Fact]
    public async Task The_sensors_gain_error_does_not_average_out_over_hours()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        await FillAsync(host);
        SciReport one = await host.GetAsync<SciReport>("/api/reports/sci?from=2026-11-19T09:00:00Z&to=2026-11-19T10:00:00Z");
        SciReport two = await host.GetAsync<SciReport>($"/api/reports/sci?{Span}");
        double Relative(SciReport report) => (report.Joules!.High - report.Joules.Value) / report.Joules.Value;
        Assert.Equal(1.96 * 0.05, Relative(one), 9);
        Assert.Equal(Relative(one), Relative(two), 9);
    }

    [Fact]
    public async Task Scope_2_has_both_methods_and_what_no_instrument_covers_takes_the_residual_mix()
    {
        await using AccountingHost host = await AccountingHost.StartAsync(
        [
            "--Carbon:Site", "Frankfurt 2", "--Carbon:ResidualMix:GramsPerKwh", "685", "--Carbon:ResidualMix:Source", "AIB", "--Carbon:ResidualMix:Year", "2025",
            "--Carbon:Instruments:0:Type", "Certificate", "--Carbon:Instruments:0:GramsPerKwh", "0", "--Carbon:Instruments:0:CoveredKwh", "0.00003", "--Carbon:Instruments:0:Registry", "HKNR",
            "--Carbon:Instruments:0:Serial", "=cmd()", "--Carbon:Instruments:0:RetiredOn", "2027-01-10", "--Carbon:Instruments:0:GenerationFrom", "2026-01-01T00:00:00Z", "--Carbon:Instruments:0:GenerationTo", "2027-01-01T00:00:00Z",
        ]);
        await FillAsync(host);
        Scope2Report report = await host.GetAsync<Scope2Report>($"/api/reports/scope2?{Span}");
        double intensity = (await host.GetAsync<CarbonFactor>("/api/carbon")).Intensity.Value;
        double kilowattHours = 151 * 1.2 / 3.6e6;
        Assert.Equal(kilowattHours, report.TotalKilowattHours!.Value, 15);
        Assert.Equal(kilowattHours * intensity, report.LocationBasedGrams!.Value, 12);
        Assert.Equal((kilowattHours - 0.00003) * 685, report.MarketBasedGrams!.Value, 9);

        Scope2Row location = Assert.Single(report.LocationBased);
        Assert.Equal(("location-based", "Frankfurt 2", "DEU", "estimated", "stated", "average", "AR6"), (location.Method, location.Site!, location.GridZone, location.MeterType, location.PueSource, location.Signal, location.GwpSet));
        Assert.Equal(["EAC", "residual mix"], report.MarketBased.Select(row => row.InstrumentType));
        Assert.Equal(0.00003, report.MarketBased[0].CoveredKilowattHours!.Value, 12);
        Assert.Equal("HKNR", report.MarketBased[0].Registry);
        Assert.Equal(685, report.MarketBased[1].Factor.Value, 9);
        Assert.Equal(("AIB", 2025), (report.MarketBased[1].FactorSource, report.MarketBased[1].DatasetYear!.Value));
        Assert.Equal(report.MarketBasedGrams.Value, report.MarketBased.Sum(row => row.Grams), 9);

        using HttpResponseMessage csv = await host.Http.GetAsync($"/api/reports/scope2?{Span}&format=csv&by=hour");
        string[] lines = (await csv.Content.ReadAsStringAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("text/csv", csv.Content.Headers.ContentType!.MediaType);
        Assert.EndsWith(".csv", csv.Content.Headers.ContentDisposition!.FileName!.Trim('"'), StringComparison.Ordinal);
        Assert.StartsWith("method,period_start,period_end,site,grid_zone,meter_type,kwh_it,pue,pue_source,kwh_total,factor,factor_unit,gas_coverage", lines[0], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.Contains("'=cmd()", StringComparison.Ordinal));
        Assert.All(lines, line => Assert.Equal(lines[0].Split(',').Length, Cells(line)));
    }

    [Fact]
    public async Task An_instruments_kilowatt_hours_that_were_used_before_the_span_are_gone()
    {
        await using AccountingHost host = await AccountingHost.StartAsync(
        [
            "--Carbon:Instruments:0:Type", "Supplier", "--Carbon:Instruments:0:GramsPerKwh", "10", "--Carbon:Instruments:0:CoveredKwh", "0.00002",
            "--Carbon:Instruments:0:GenerationFrom", "2026-11-19T00:00:00Z", "--Carbon:Instruments:0:GenerationTo", "2026-11-20T00:00:00Z",
        ]);
        await FillAsync(host);
        Scope2Report later = await host.GetAsync<Scope2Report>("/api/reports/scope2?from=2026-11-19T10:00:00Z&to=2026-11-19T11:00:00Z");
        Scope2Row row = Assert.Single(later.MarketBased);
        Assert.Equal("none", row.InstrumentType);
        Assert.Contains("location-based factor stands in", row.Note!, StringComparison.Ordinal);
        Assert.Equal(later.LocationBasedGrams!.Value, later.MarketBasedGrams!.Value, 12);
    }

    [Fact]
    public async Task Restated_reports_say_so_and_original_ones_name_what_supersedes_them()
    {
        await using AccountingHost host = await AccountingHost.StartAsync(H100);
        await FillAsync(host);
        SciReport before = await host.GetAsync<SciReport>($"/api/reports/sci?{Span}");
        Restatement made = await host.SendAsync<Restatement>(HttpMethod.Post, "/api/carbon/restatements", new RestatementInput
        {
            From = Nine,
            To = Nine.AddHours(2),
            By = "auditor",
            Why = "A new PUE was metered",
            Factors = "keep",
            Pue = 2.4,
        }, HttpStatusCode.Created);
        SciReport original = await host.GetAsync<SciReport>($"/api/reports/sci?{Span}&as=original");
        SciReport restated = await host.GetAsync<SciReport>($"/api/reports/sci?{Span}&as=restated");
        Assert.Equal(before.OperationalGrams, original.OperationalGrams);
        Assert.Equal(2 * before.OperationalGrams!.Value, restated.OperationalGrams!.Value, 12);
        Assert.Equal(before.EmbodiedGrams, restated.EmbodiedGrams);
        Scope2Report first = await host.GetAsync<Scope2Report>($"/api/reports/scope2?{Span}");
        Assert.Equal(made.Id, Assert.Single(first.LocationBased).SupersededBy);
        Scope2Report second = await host.GetAsync<Scope2Report>($"/api/reports/scope2?{Span}&as=restated");
        Assert.Equal((made.Id, 2.4), (Assert.Single(second.LocationBased).Restatement!.Value, second.LocationBased[0].Pue));
        Assert.Equal(made.Id, Assert.Single(second.Restatements));
    }

    private static async Task FillAsync(AccountingHost host)
    {
        await host.SendAsync<IngestResult>(HttpMethod.Post, "/api/periods", new PeriodBatch([Samples.Period("p1", from: Nine.AddMinutes(5)), Samples.Period("p2", from: Nine.AddMinutes(65))]));
        await host.StoreAsync(
            Samples.Record("chatcmpl-r-000001", startedAt: Nine.AddMinutes(5)) with { Session = "s1" },
            Samples.Record("chatcmpl-r-000002", startedAt: Nine.AddMinutes(65)) with { Session = "s1" });
    }

    private static int Cells(string line)
    {
        int cells = 1;
        bool quoted = false;
        foreach (char c in line)
        {
            quoted ^= c == '"';
            cells += c == ',' && !quoted ? 1 : 0;
        }

        return cells;
    }
}
