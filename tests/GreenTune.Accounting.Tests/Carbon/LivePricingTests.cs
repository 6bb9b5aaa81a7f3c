using System.Net;
using System.Text.Json;
using GreenTune.Accounting.Carbon.Intensities;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Tests.Carbon;

/// <summary>From a source's answer to the grams of a record, through the whole service.</summary>
public sealed class LivePricingTests : IAsyncLifetime
{
    private const string Latest = "/v3/carbon-intensity/latest";
    private const string History = "/v3/carbon-intensity/history";

    private FakeCarbonServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await FakeCarbonServer.StartAsync();
        _server.Status("/v3/carbon-intensity/forecast", 403);
        _server.Status(History, 403);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_record_is_priced_with_the_live_value_of_its_hour_and_says_where_it_is_from()
    {
        _server.Json(Latest, Value(231, 11));
        await using AccountingHost host = await LiveAsync();
        await host.StoreAsync(Samples.Record("chatcmpl-live-0001", joules: 3.6e6 / 1000, startedAt: AccountingHost.Noon));
        RecordView view = await host.GetAsync<RecordView>("/api/records/chatcmpl-live-0001");
        Assert.Equal(3600 * 1.2 * 231 / 3.6e6, view.CO2e!.Value.Value, 9);
        Assert.Equal(("Electricity Maps", "DE", CarbonSteps.Live, 231.0), (view.Factor.Source, view.Factor.Zone, view.Factor.Step!, view.Factor.Intensity.Value));
        Assert.False(view.Factor.Estimated);
        Assert.Equal(AccountingHost.Noon, view.Factor.ValidFrom);
        Assert.Equal(231, (await host.GetAsync<CarbonFactor>("/api/carbon")).Intensity.Value);
    }

    [Fact]
    public async Task There_is_one_call_for_a_zone_and_hour_also_over_a_restart()
    {
        _server.Json(Latest, Value(231, 11));
        await using AccountingHost host = await LiveAsync();
        var refresher = host.Get<IntensityRefresher>();
        await refresher.RefreshDueAsync(default);
        await refresher.RefreshDueAsync(default);
        await host.RestartAsync();
        await host.Get<IntensityRefresher>().RefreshDueAsync(default);
        Assert.Equal(1, _server.Count(Latest));
        Assert.Equal(231, (await host.GetAsync<CarbonFactor>("/api/carbon")).Intensity.Value);

        host.Clock.Advance(TimeSpan.FromMinutes(63));
        await host.Get<IntensityRefresher>().RefreshDueAsync(default);
        Assert.Equal(2, _server.Count(Latest));
    }

    [Fact]
    public async Task A_source_that_fails_leaves_a_stale_value_then_the_table_each_flagged()
    {
        _server.Json(Latest, Value(231, 11));
        await using AccountingHost host = await LiveAsync();
        _server.Status(Latest, 500);
        host.Clock.Advance(TimeSpan.FromHours(3));
        await host.Get<IntensityRefresher>().RefreshDueAsync(default);
        CarbonFactor stale = await host.GetAsync<CarbonFactor>("/api/carbon");
        Assert.Equal((CarbonSteps.StaleCache, 231.0, 2 * 3600.0), (stale.Step!, stale.Intensity.Value, stale.AgeSeconds!.Value));
        Assert.True(stale.Estimated && stale.Provisional);

        host.Clock.Advance(TimeSpan.FromHours(24));
        await host.Get<IntensityRefresher>().RefreshDueAsync(default);
        CarbonFactor table = await host.GetAsync<CarbonFactor>("/api/carbon");
        Assert.Equal((CarbonSteps.CountryTable, "DEU"), (table.Step!, table.Zone));
        Assert.True(table.Estimated && table.Provisional);
        Assert.Contains("yearly average", table.Reason!, StringComparison.Ordinal);
        CarbonSourceState latest = (await host.GetAsync<CarbonSourceState[]>("/api/carbon/sources")).Single(state => state.Kind == "latest");
        Assert.True(latest.Failures >= 2);
        Assert.Contains("500", latest.Problem!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_that_says_when_is_not_asked_before()
    {
        _server.Status(Latest, 429, "1800");
        await using AccountingHost host = await LiveAsync();
        host.Clock.Advance(TimeSpan.FromMinutes(29));
        await host.Get<IntensityRefresher>().RefreshDueAsync(default);
        Assert.Equal(1, _server.Count(Latest));
        host.Clock.Advance(TimeSpan.FromMinutes(2));
        await host.Get<IntensityRefresher>().RefreshDueAsync(default);
        Assert.Equal(2, _server.Count(Latest));
    }

    [Fact]
    public async Task A_better_value_prices_later_records_of_an_hour_that_settles_and_changes_no_earlier_one()
    {
        _server.Json(Latest, Value(300, 11, estimated: true));
        await using AccountingHost host = await LiveAsync();
        await host.StoreAsync(Samples.Record("chatcmpl-early-01", startedAt: AccountingHost.Noon));
        _server.Json(Latest, Value(200, 11));
        host.Clock.Advance(TimeSpan.FromMinutes(63));
        await host.Get<IntensityRefresher>().RefreshDueAsync(default);
        await host.StoreAsync(Samples.Record("chatcmpl-late-001", startedAt: AccountingHost.Noon.AddMinutes(1)));

        RecordView early = await host.GetAsync<RecordView>("/api/records/chatcmpl-early-01");
        Assert.Equal(300, early.Factor.Intensity.Value);
        Assert.True(early.Factor.Provisional);
        RecordView late = await host.GetAsync<RecordView>("/api/records/chatcmpl-late-001");
        Assert.Equal(200, late.Factor.Intensity.Value);
        Assert.False(late.Factor.Provisional);
    }

    [Fact]
    public async Task An_hour_that_has_settled_keeps_its_factor_for_records_that_come_late()
    {
        _server.Json(Latest, Value(300, 11, estimated: true));
        await using AccountingHost host = await LiveAsync();
        await host.StoreAsync(Samples.Record("chatcmpl-early-01", startedAt: AccountingHost.Noon));
        _server.Json(Latest, Value(200, 11));
        host.Clock.Advance(TimeSpan.FromHours(3.1));
        await host.Get<IntensityRefresher>().RefreshDueAsync(default);
        await host.StoreAsync(Samples.Record("chatcmpl-late-001", startedAt: AccountingHost.Noon.AddMinutes(1)));
        Assert.Equal(300, (await host.GetAsync<RecordView>("/api/records/chatcmpl-late-001")).Factor.Intensity.Value);
    }

    [Fact]
    public async Task History_fills_the_hours_before_the_start()
    {
        _server.Json(Latest, Value(231, 11));
        _server.Json(History, $$"""{"zone":"DE","history":[{{Value(180, 9)}},{{Value(190, 10)}}]}""");
        await using AccountingHost host = await LiveAsync();
        await host.StoreAsync(Samples.Record("chatcmpl-before-1", startedAt: AccountingHost.Noon.AddHours(-2)));
        Assert.Equal(180, (await host.GetAsync<RecordView>("/api/records/chatcmpl-before-1")).Factor.Intensity.Value);
    }

    [Fact]
    public async Task Restating_with_the_latest_values_takes_what_the_sources_say_of_each_hour_by_now()
    {
        _server.Json(Latest, Value(231, 11));
        _server.Json(History, $$"""{"zone":"DE","history":[{{Value(180, 9, estimated: true)}},{{Value(190, 10)}}]}""");
        await using AccountingHost host = await LiveAsync();
        await host.StoreAsync(
            Samples.Record("chatcmpl-nine-001", joules: 3600, startedAt: AccountingHost.Noon.AddHours(-2)),
            Samples.Record("chatcmpl-ten-0001", joules: 3600, startedAt: AccountingHost.Noon.AddHours(-1)));
        _server.Json(History, $$"""{"zone":"DE","history":[{{Value(150, 9)}},{{Value(190, 10)}}]}""");
        host.Clock.Advance(TimeSpan.FromHours(7));
        await host.Get<IntensityRefresher>().RefreshDueAsync(default);
        Assert.Equal(180, (await host.GetAsync<RecordView>("/api/records/chatcmpl-nine-001")).Factor.Intensity.Value);

        Restatement made = await host.SendAsync<Restatement>(HttpMethod.Post, "/api/carbon/restatements", new RestatementInput
        {
            From = AccountingHost.Noon.AddHours(-2),
            To = AccountingHost.Noon,
            By = "auditor",
            Why = "Measured values in place of estimates",
        }, HttpStatusCode.Created);
        Assert.Equal(0.001 * 1.2 * (180 + 190), made.OriginalGrams.Value, 9);
        Assert.Equal(0.001 * 1.2 * (150 + 190), made.RestatedGrams.Value, 9);
        Assert.Equal((1, 1), (made.ChangedHours, made.UnchangedHours));
        RecordView view = await host.GetAsync<RecordView>("/api/records/chatcmpl-nine-001");
        Assert.Equal((180.0, 150.0), (view.Factor.Intensity.Value, view.Restated!.Factor.Intensity.Value));
        Assert.False(view.Restated.Factor.Estimated);
    }

    [Fact]
    public async Task The_greenest_hours_ahead_are_known_and_a_forecast_prices_nothing()
    {
        _server.Json(Latest, Value(231, 11));
        _server.Json("/v3/carbon-intensity/forecast", """
            {"zone":"DE","updatedAt":"2026-11-19T10:00:00.000Z","forecast":[{"carbonIntensity":220,"datetime":"2026-11-19T12:00:00.000Z"},
              {"carbonIntensity":90,"datetime":"2026-11-19T14:00:00.000Z"},{"carbonIntensity":100,"datetime":"2026-11-19T13:00:00.000Z"}]}
            """);
        await using AccountingHost host = await LiveAsync();
        CarbonForecast forecast = await host.GetAsync<CarbonForecast>("/api/carbon/forecast?hours=24&greenest=2");
        Assert.Equal([220, 100, 90], forecast.Hours.Select(hour => hour.Intensity.Value));
        Assert.Equal([90, 100], forecast.Greenest.Select(hour => hour.Intensity.Value));
        Assert.Equal(("DE", "Electricity Maps", 0.0), (forecast.Zone, forecast.Source!, forecast.AgeSeconds!.Value));

        _server.Status(Latest, 500);
        _server.Status("/v3/carbon-intensity/forecast", 500);
        host.Clock.Advance(TimeSpan.FromMinutes(100));
        await host.Get<IntensityRefresher>().RefreshDueAsync(default);
        CarbonFactor factor = await host.GetAsync<CarbonFactor>("/api/carbon");
        Assert.Equal((231, CarbonSteps.StaleCache), (factor.Intensity.Value, factor.Step));
    }

    [Fact]
    public async Task Marginal_values_never_price_a_record_and_nothing_stands_in_for_them()
    {
        _server.Json("/login", """{"token":"t"}""");
        _server.Json("/v3/forecast", """
            {"data":[{"point_time":"2026-11-19T11:00:00+00:00","value":1000}],"meta":{"region":"CAISO_NORTH","signal_type":"co2_moer","units":"lbs_co2_per_mwh","data_point_period_seconds":3600}}
            """);
        await using AccountingHost host = await AccountingHost.StartAsync(
            ["--Carbon:Marginal:0", "WattTime", "--Carbon:WattTime:User", "u", "--Carbon:WattTime:Password", "p", "--Carbon:WattTime:Region", "CAISO_NORTH", "--Carbon:WattTime:BaseUrl", _server.Address]);
        await host.Get<IntensityRefresher>().RefreshDueAsync(default);
        CarbonFactor marginal = await host.GetAsync<CarbonFactor>("/api/carbon/marginal");
        Assert.Equal((CarbonSignal.Marginal, 453.592), (marginal.Signal, marginal.Intensity.Value));
        await host.StoreAsync(Samples.Record("chatcmpl-avg-0001", startedAt: AccountingHost.Noon));
        RecordView view = await host.GetAsync<RecordView>("/api/records/chatcmpl-avg-0001");
        Assert.Equal((CarbonSignal.Average, "DEU"), (view.Factor.Signal, view.Factor.Zone));

        host.Clock.Advance(TimeSpan.FromHours(30));
        JsonElement problem = await host.RefusedAsync(HttpMethod.Get, "/api/carbon/marginal", null, HttpStatusCode.NotFound);
        Assert.Contains("marginal", problem.GetProperty("detail").GetString()!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Carbon:Average:0", "Sunshine", "ElectricityMaps")]
    [InlineData("Carbon:Average:0", "ElectricityMaps", "Carbon:ElectricityMaps:Key")]
    [InlineData("Carbon:Average:0", "UkCarbonIntensity", "Great Britain alone")]
    [InlineData("Carbon:Average:0", "File", "Carbon:File:Path")]
    [InlineData("Carbon:Marginal:0", "WattTime", "Carbon:WattTime:Region")]
    [InlineData("Carbon:Marginal:0", "ElectricityMaps", "WattTime")]
    [InlineData("Carbon:Gwp", "AR9", "AR6")]
    [InlineData("Carbon:SettleHours", "99", "0 to 24")]
    [InlineData("Carbon:Embodied:0:Device", "cpu-0", "Hardware")]
    [InlineData("Carbon:Embodied:0:Hardware", "abacus", "nvidia-h100")]
    [InlineData("Carbon:Instruments:0:CoveredKwh", "10", "RetiredOn")]
    [InlineData("Carbon:ResidualMix:GramsPerKwh", "685", "Carbon:ResidualMix:Source")]
    public async Task Settings_that_cannot_work_stop_the_start_with_what_to_write(string key, string value, string part)
    {
        await using AccountingHost host = AccountingHost.Unstarted("--" + key, value);
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);
        Assert.Contains(refused.Failures, failure => failure.Contains(part, StringComparison.Ordinal));
    }

    private static string Value(double grams, int hour, bool estimated = false) => FormattableString.Invariant(
        $$"""{"zone":"DE","carbonIntensity":{{grams}},"datetime":"2026-11-19T{{hour:00}}:00:00.000Z","updatedAt":"2026-11-19T{{hour:00}}:10:00.000Z","emissionFactorType":"lifecycle","isEstimated":{{(estimated ? "true" : "false")}},"temporalGranularity":"hourly"}""");

    private async Task<AccountingHost> LiveAsync()
    {
        AccountingHost host = await AccountingHost.StartAsync(
            ["--Carbon:Average:0", "ElectricityMaps", "--Carbon:ElectricityMaps:Key", "em-key", "--Carbon:ElectricityMaps:BaseUrl", _server.Address + "v3"],
            services => services.AddSingleton(new CarbonJitter(() => 1)));
        await host.Get<IntensityRefresher>().RefreshDueAsync(default);
        return host;
    }
}
