using System.Net;
using System.Text.Json;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Accounting.Tests.Summaries;

public sealed class UsageApiTests
{
    private const double GramsPerJoule = 1.2 * 342 / 3.6e6;

    [Theory]
    [OnEveryStore]
    public async Task A_span_is_split_by_tenant_configuration_model_device_and_quality(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await host.StoreAsync(
            Samples.Record("chatcmpl-0001", 10, tenant: "a", seconds: 1),
            Samples.Record("chatcmpl-0002", 20, tenant: "b", configuration: "greentune-tiny-fp16", seconds: 2),
            Samples.Record("chatcmpl-0003", tenant: "b") with { Energy = Samples.Energy(5, device: "gpu-0", quality: EnergyQuality.Measured), DegradedFrom = "greentune-tiny-fp32" },
            Samples.Record("chatcmpl-0004", joules: null, tenant: "c"));

        UsageBreakdown tenants = await host.GetAsync<UsageBreakdown>("/api/usage?by=tenant");
        Assert.Equal(("tenant", 4L, 35.0), (tenants.By, tenants.Total.Requests, Math.Round(tenants.Total.Joules!.Value, 9)));
        Assert.Equal(["b", "a", "c"], tenants.Groups.Select(group => group.Name));
        UsageFigures b = tenants.Groups[0].Figures;
        Assert.Equal((2, 1, 120, 0), (b.Requests, b.Degraded, b.OutputTokens, b.Unmetered));
        Assert.Equal(25, b.Joules!.Value, 9);
        Assert.Equal(12.5, b.JoulesPerRequest!.Value, 9);
        Assert.Equal(25.0 / 120, b.JoulesPerOutputToken!.Value, 9);
        Assert.Equal(25 * GramsPerJoule, b.CO2eGrams!.Value, 12);
        Assert.Equal(25 * GramsPerJoule / 2, b.CO2eGramsPerRequest!.Value, 12);
        Assert.Equal(15, b.ActiveJoules!.Value, 9);
        Assert.Equal((5, 10), (Math.Round(b.PrefillJoules!.Value.Value, 9), Math.Round(b.DecodeJoules!.Value.Value, 9)));
        Assert.Equal(25, b.Components.Cpu!.Value.Value, 9);
        Assert.Null(b.Components.Gpu);
        Assert.Equal("No metered request has it.", b.Reasons["components.gpu"]);
        Assert.Equal(EnergyQuality.Estimated, b.Quality);
        Assert.Equal(2, b.DurationP95Seconds!.Value, 0.02);
        UsageFigures c = tenants.Groups[2].Figures;
        Assert.Null(c.Joules);
        Assert.Equal(EnergyQuality.None, c.Quality);
        Assert.Equal("No request of the span was metered.", c.Reasons["joules"]);

        Assert.Equal(["greentune-tiny-fp16", "greentune-tiny-int4"], (await host.GetAsync<UsageBreakdown>("/api/usage")).Groups.Select(group => group.Name));
        Assert.Equal([("greentune-tiny", 4L)], (await host.GetAsync<UsageBreakdown>("/api/usage?by=model")).Groups.Select(group => (group.Name, group.Figures.Requests)));
        Assert.Equal(["cpu-0", "gpu-0", ""], (await host.GetAsync<UsageBreakdown>("/api/usage?by=device")).Groups.Select(group => group.Name));
        UsageBreakdown qualities = await host.GetAsync<UsageBreakdown>("/api/usage?by=quality&tenant=b");
        Assert.Equal([("estimated", 20.0), ("measured", 5.0)], qualities.Groups.Select(group => (group.Name, Math.Round(group.Figures.Joules!.Value, 9))));
        Assert.Contains("durationP95Seconds", qualities.Total.Reasons.Keys);
    }

    [Theory]
    [OnEveryStore]
    public async Task A_series_has_every_step_of_the_zones_calendar_and_empty_ones_are_nought(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        // Berlin's 18th begins at 23:00 UTC on the 17th; summer time ended on 25 October.
        DateTimeOffset midnight = new(2026, 11, 17, 23, 0, 0, TimeSpan.Zero);
        await host.StoreAsync(
            Samples.Record("chatcmpl-0001", 1, startedAt: midnight.AddTicks(-1)),
            Samples.Record("chatcmpl-0002", 2, startedAt: midnight),
            Samples.Record("chatcmpl-0003", 4, startedAt: midnight.AddHours(23).AddMinutes(59)),
            Samples.Record("chatcmpl-0004", 8, startedAt: AccountingHost.Noon.AddMinutes(-1)),
            Samples.Record("chatcmpl-0005", 16, startedAt: new(2026, 10, 24, 22, 30, 0, TimeSpan.Zero)));

        Series days = await host.GetAsync<Series>("/api/series?by=day&from=2026-11-16T23:00:00Z&to=2026-11-19T11:00:00Z");
        Assert.Equal(("day", "Europe/Berlin"), (days.By, days.TimeZone));
        Assert.Equal([1, 6, 8], days.Points.Select(point => Math.Round(point.Figures.Joules!.Value, 9)));
        Assert.Equal(new DateTimeOffset(2026, 11, 18, 0, 0, 0, TimeSpan.FromHours(1)), days.Points[1].From);
        Assert.Equal(TimeSpan.FromHours(1), days.Points[1].From.Offset);

        Series hours = await host.GetAsync<Series>("/api/series?by=hour&from=2026-11-17T22:30:00Z&to=2026-11-18T01:30:00Z");
        Assert.Equal([(1L, 0.5), (1L, 1.0), (0L, 1.0), (0L, 0.5)], hours.Points.Select(point => (point.Figures.Requests, (point.To - point.From).TotalHours)));
        Assert.Null(hours.Points[2].Figures.Joules);

        Series months = await host.GetAsync<Series>("/api/series?by=month&from=2026-09-30T22:00:00Z&to=2026-11-19T11:00:00Z&tenant=team-support");
        Assert.Equal([16, 15], months.Points.Select(point => Math.Round(point.Figures.Joules!.Value, 9)));
        Assert.Equal(new DateTimeOffset(2026, 10, 31, 23, 0, 0, TimeSpan.Zero), months.Points[1].From.ToUniversalTime());

        Series longDay = await host.GetAsync<Series>("/api/series?by=day&from=2026-10-24T22:00:00Z&to=2026-10-26T23:00:00Z");
        Assert.Equal([25, 24], longDay.Points.Select(point => (point.To - point.From).TotalHours));
        Assert.Equal(0.5, (await host.GetAsync<Series>("/api/series?by=hour&period=today")).Points[^1].Figures.DurationP95Seconds!.Value, 0.005);
    }

    [Fact]
    public async Task A_zone_off_by_half_an_hour_moves_its_bounds_to_whole_hours()
    {
        await using AccountingHost host = await AccountingHost.StartAsync(["--Accounting:TimeZone", "Asia/Kolkata"]);
        await host.StoreAsync(Samples.Record("chatcmpl-0001", 1, startedAt: new(2026, 11, 18, 18, 15, 0, TimeSpan.Zero)));
        Series days = await host.GetAsync<Series>("/api/series?by=day&from=2026-11-17T18:30:00Z&to=2026-11-19T10:00:00Z");
        Assert.Equal([(0L, "2026-11-17T18:30:00Z"), (1L, "2026-11-18T18:00:00Z")], days.Points.Select(point => (point.Figures.Requests, point.From.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture))));
    }

    [Theory]
    [OnEveryStore]
    public async Task The_fleet_shows_each_device_with_its_idle_energy_and_its_requests(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        Assert.Empty((await host.GetAsync<Fleet>("/api/fleet")).Devices);
        EnergyPeriod[] periods =
        [
            Samples.Period("one-1") with { Instance = "node-a" },
            Samples.Period("one-2", from: AccountingHost.Noon.AddMinutes(-90)) with { Instance = "node-b" },
            Samples.Period("two-1", idle: 600) with { Device = "gpu-0", Instance = "node-a", Quality = EnergyQuality.Measured },
            Samples.Period("old-1", from: AccountingHost.Noon.AddDays(-2)),
        ];
        foreach (int _ in (int[])[1, 2])
        {
            await host.SendAsync<IngestResult>(HttpMethod.Post, "/api/periods", new PeriodBatch(periods));
        }

        await host.StoreAsync(Samples.Record("chatcmpl-0001", 10), Samples.Record("chatcmpl-0002", 5));
        Fleet fleet = await host.GetAsync<Fleet>("/api/fleet");
        Assert.Equal(["gpu-0", "cpu-0"], fleet.Devices.Select(device => device.Device));
        FleetDevice cpu = fleet.Devices[1];
        Assert.Equal(["node-a", "node-b"], cpu.Instances);
        Assert.Equal(new EnergyBuckets(new(151), new(20), new(10), new(120), new(1), new(0), EnergyQuality.Estimated), cpu.Energy);
        Assert.Equal(120, cpu.MeteredSeconds, 9);
        Assert.Equal(151 / 120.0, cpu.MeanWatts!.Value.Value, 9);
        Assert.Equal((2, 15.0), (cpu.Figures.Requests, cpu.Figures.Joules!.Value));
        Assert.Equal(75.5, cpu.ProvisionedJoulesPerRequest!.Value.Value, 9);
        Assert.Equal((0, (Joules?)null), (fleet.Devices[0].Figures.Requests, fleet.Devices[0].ProvisionedJoulesPerRequest));
        Assert.Equal(151 + 615.5, fleet.Total!.Total.Value, 9);
        Assert.Equal(fleet.Total, (await host.GetAsync<Summary>("/api/summary")).Devices);
    }

    [Theory]
    [InlineData("usage?by=colour", "by")]
    [InlineData("usage?tenat=a", "tenat")]
    [InlineData("series?by=minute", "by")]
    [InlineData("series?by=hour&from=2026-01-01T00:00:00Z", "by")]
    [InlineData("series?from=now", "from")]
    [InlineData("fleet?tenant=a", "tenant")]
    [InlineData("sessions?limit=0", "limit")]
    [InlineData("sessions?cursor=x", "cursor")]
    [InlineData("sessions?from=2026-11-19T00:00:00Z&to=2026-11-18T00:00:00Z", "to")]
    public async Task A_malformed_query_is_refused_by_parameter(string path, string field)
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        JsonElement problem = await host.RefusedAsync(HttpMethod.Get, $"/api/{path}", null, HttpStatusCode.BadRequest);
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }
}
