using GreenTune.Accounting.Carbon.Sources;
using GreenTune.Core.Carbon;

namespace GreenTune.Accounting.Tests.Carbon;

/// <summary>Each source against a server that answers in the form of its documentation, and in the forms that go wrong.</summary>
public sealed class SourceTests : IAsyncLifetime
{
    private const string EmLatest = """
        {"zone":"AT","carbonIntensity":245,"datetime":"2025-10-17T11:00:00.000Z","updatedAt":"2025-10-17T10:39:53.914Z","createdAt":"2025-10-14T23:26:15.840Z",
         "emissionFactorType":"lifecycle","isEstimated":true,"estimationMethod":"TIME_SLICER_AVERAGE","temporalGranularity":"hourly"}
        """;

    private static readonly DateTimeOffset Now = new(2025, 10, 17, 11, 20, 0, TimeSpan.Zero);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly HttpClient _http = new(new HttpClientHandler { AllowAutoRedirect = false });
    private FakeCarbonServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await FakeCarbonServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Electricity_maps_latest_value_keeps_all_of_its_provenance()
    {
        _server.Json("/v3/carbon-intensity/latest", EmLatest);
        IntensityReading<AverageSignal> reading = Assert.Single((await Maps().FetchAsync(SourceCallKind.Latest, Now, default)).Readings);
        Assert.Equal(245, reading.Intensity.Value);
        Assert.Equal(new DateTimeOffset(2025, 10, 17, 11, 0, 0, TimeSpan.Zero), reading.From);
        Assert.Equal(TimeSpan.FromHours(1), reading.To - reading.From);
        Assert.True(reading.IsEstimated);
        Assert.False(reading.IsForecast);
        Assert.Equal("TIME_SLICER_AVERAGE", reading.Method);
        Assert.Equal(("life-cycle", "CO2e", "AT", "Electricity Maps"), (reading.FactorType, reading.GasBasis, reading.Zone, reading.Source));
        Assert.Equal(new DateTimeOffset(2025, 10, 17, 10, 39, 53, 914, TimeSpan.Zero), reading.UpdatedAt);
        Assert.Equal(Now, reading.FetchedAt);
        (string path, string? token, _) = Assert.Single(_server.Calls);
        Assert.Equal("em-key", token);
        Assert.Contains("zone=AT", path, StringComparison.Ordinal);
        Assert.Contains("shouldUseFallbackCallerLookup=false", path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Electricity_maps_history_is_put_in_order_without_nulls_doubles_and_absurd_values()
    {
        _server.Json("/v3/carbon-intensity/history", """
            {"zone":"AT","history":[
              {"zone":"AT","carbonIntensity":250,"datetime":"2025-10-17T09:00:00.000Z","isEstimated":true},
              {"zone":"AT","carbonIntensity":240,"datetime":"2025-10-17T08:00:00.000Z","isEstimated":false},
              {"zone":"AT","carbonIntensity":null,"datetime":"2025-10-17T07:00:00.000Z","isEstimated":false},
              {"zone":"AT","carbonIntensity":-5,"datetime":"2025-10-17T06:00:00.000Z","isEstimated":false},
              {"zone":"AT","carbonIntensity":99999,"datetime":"2025-10-17T05:00:00.000Z","isEstimated":false},
              {"zone":"AT","carbonIntensity":0,"datetime":"2025-10-17T04:00:00.000Z","isEstimated":false},
              {"zone":"AT","carbonIntensity":230,"datetime":"yesterday","isEstimated":false},
              {"zone":"AT","carbonIntensity":255,"datetime":"2025-10-17T09:00:00.000Z","isEstimated":false}]}
            """);
        SourceAnswer<AverageSignal> answer = await Maps().FetchAsync(SourceCallKind.History, Now, default);
        Assert.Equal([240, 255], answer.Readings.Select(reading => reading.Intensity.Value));
        Assert.False(answer.Readings[1].IsEstimated);
        Assert.Equal(6, answer.Skipped.Count);
        Assert.Contains(answer.Skipped, why => why.Contains("99999", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Electricity_maps_forecast_is_marked_as_one()
    {
        _server.Json("/v3/carbon-intensity/forecast", """
            {"zone":"AT","forecast":[{"carbonIntensity":120,"datetime":"2025-10-17T12:00:00.000Z"},{"carbonIntensity":110,"datetime":"2025-10-17T13:00:00.000Z"}],"updatedAt":"2025-10-17T10:00:00.000Z"}
            """);
        SourceAnswer<AverageSignal> answer = await Maps().FetchAsync(SourceCallKind.Forecast, Now, default);
        Assert.Equal(2, answer.Readings.Count);
        Assert.All(answer.Readings, reading => Assert.True(reading.IsForecast));
    }

    [Theory]
    [InlineData("""{"zone":"DE","carbonIntensity":245,"datetime":"2025-10-17T11:00:00.000Z"}""", "DE")]
    [InlineData("""{"carbonIntensity":245,"datetime":"2025-10-17T11:00:00.000Z"}""", "AT was asked")]
    [InlineData("""{"zone":"AT","carbonIntensity":null,"datetime":"2025-10-17T11:00:00.000Z"}""", "null")]
    [InlineData("""{"zone":"AT","carbonIntensity":"much","datetime":"2025-10-17T11:00:00.000Z"}""", "null")]
    [InlineData("""{"zone":"AT","carbonIntensity":245,"datetime":"2025-10-19T11:00:00.000Z"}""", "future")]
    [InlineData("""{"zone":"AT","carbonIntensity":245,"datetime":"2025-10-17T11:00:00.000Z","emissionFactorType":"direct"}""", "direct")]
    [InlineData("""{"zone":"AT","carbonIntensity":245,"datetime":"2025-10-17T11:00:00.000Z","temporalGranularity":"yearly"}""", "temporalGranularity")]
    [InlineData("[]", "AT was asked")]
    [InlineData("null", "AT was asked")]
    [InlineData("<html>busy</html>", "JSON")]
    [InlineData("", "JSON")]
    public async Task Electricity_maps_answers_that_make_no_sense_are_refused_in_words(string body, string part)
    {
        _server.Json("/v3/carbon-intensity/latest", body);
        var refused = await Assert.ThrowsAsync<IntensitySourceException>(() => Maps().FetchAsync(SourceCallKind.Latest, Now, default));
        Assert.Equal(SourceFailure.Nonsense, refused.Failure);
        Assert.Contains(part, refused.Message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("em-key", refused.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401, null, "Refused", null)]
    [InlineData(403, null, "Refused", null)]
    [InlineData(429, "120", "Passing", 120.0)]
    [InlineData(429, "Fri, 17 Oct 2025 11:25:00 GMT", "Passing", 300.0)]
    [InlineData(500, null, "Passing", null)]
    [InlineData(503, "7", "Passing", 7.0)]
    [InlineData(302, null, "Refused", null)]
    public async Task Statuses_are_told_apart_and_retry_after_is_kept(int status, string? retryAfter, string failure, double? seconds)
    {
        _server.Status("/v3/carbon-intensity/latest", status, retryAfter);
        var refused = await Assert.ThrowsAsync<IntensitySourceException>(() => Maps().FetchAsync(SourceCallKind.Latest, Now, default));
        Assert.Equal(failure, refused.Failure.ToString());
        Assert.Equal(seconds, refused.RetryAfter?.TotalSeconds);
        Assert.Contains(status.ToString(System.Globalization.CultureInfo.InvariantCulture), refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_that_does_not_answer_is_given_up()
    {
        _server.Silent("/v3/");
        var source = new ElectricityMapsSource(_http, "em-key", "AT", "lifecycle", new Uri(_server.Address + "v3/"), TimeSpan.FromSeconds(0.2));
        var refused = await Assert.ThrowsAsync<IntensitySourceException>(() => source.FetchAsync(SourceCallKind.Latest, Now, default));
        Assert.Equal(SourceFailure.Passing, refused.Failure);
        Assert.Contains("0.2 s", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_that_is_not_there_is_a_passing_failure()
    {
        var source = new ElectricityMapsSource(_http, "em-key", "AT", "lifecycle", new Uri("http://127.0.0.1:1/v3/"), Patience);
        Assert.Equal(SourceFailure.Passing, (await Assert.ThrowsAsync<IntensitySourceException>(() => source.FetchAsync(SourceCallKind.Latest, Now, default))).Failure);
    }

    [Fact]
    public async Task Uk_times_without_seconds_are_read_and_a_null_actual_is_a_forecast()
    {
        _server.Json("/intensity", """
            {"data":[{"from":"2018-01-20T12:30Z","to":"2018-01-20T13:00Z","intensity":{"forecast":270,"actual":null,"index":"moderate"}},
                     {"from":"2018-01-20T12:00Z","to":"2018-01-20T12:30Z","intensity":{"forecast":266,"actual":263,"index":"moderate"}}]}
            """);
        SourceAnswer<AverageSignal> answer = await Uk().FetchAsync(SourceCallKind.Latest, new DateTimeOffset(2018, 1, 20, 12, 40, 0, TimeSpan.Zero), default);
        Assert.Equal([263, 270], answer.Readings.Select(reading => reading.Intensity.Value));
        Assert.Equal([false, true], answer.Readings.Select(reading => reading.IsForecast));
        Assert.Equal(new DateTimeOffset(2018, 1, 20, 12, 0, 0, TimeSpan.Zero), answer.Readings[0].From);
        Assert.All(answer.Readings, reading => Assert.Equal(("CO2", "direct", "CC BY 4.0", "GB"), (reading.GasBasis, reading.FactorType, reading.Licence, reading.Zone)));
    }

    [Fact]
    public async Task Uk_history_and_forecast_ask_for_a_day_back_and_two_ahead()
    {
        _server.Json("/intensity", """{"data":[{"from":"2018-01-20T12:00Z","to":"2018-01-20T12:30Z","intensity":{"forecast":266,"actual":263}}]}""");
        var now = new DateTimeOffset(2018, 1, 20, 12, 40, 0, TimeSpan.Zero);
        await Uk().FetchAsync(SourceCallKind.History, now, default);
        SourceAnswer<AverageSignal> ahead = await Uk().FetchAsync(SourceCallKind.Forecast, now, default);
        Assert.Equal(["/intensity/2018-01-20T12:40Z/pt24h", "/intensity/2018-01-20T12:40Z/fw48h"], _server.Calls.Select(call => call.Path));
        Assert.True(Assert.Single(ahead.Readings).IsForecast);
        Assert.Equal(266, ahead.Readings[0].Intensity.Value);
    }

    [Fact]
    public async Task Uk_regions_are_read_and_another_region_is_refused()
    {
        const string Region = """
            {"data":[{"regionid":3,"dnoregion":"Electricity North West","shortname":"North West England","postcode":"RG10","data":[
              {"from":"2018-01-20T12:00Z","to":"2018-01-20T12:30Z","intensity":{"forecast":266,"index":"moderate"},"generationmix":[{"fuel":"gas","perc":43.6}]}]}]}
            """;
        _server.Json("/regional/regionid/3", Region);
        _server.Json("/regional/regionid/4", Region);
        IntensityReading<AverageSignal> reading = Assert.Single((await Uk(3).FetchAsync(SourceCallKind.Latest, Now, default)).Readings);
        Assert.True(reading.IsForecast);
        Assert.Equal("GB-REGION-3", reading.Zone);
        var refused = await Assert.ThrowsAsync<IntensitySourceException>(() => Uk(4).FetchAsync(SourceCallKind.Latest, Now, default));
        Assert.Contains("region 3, 4 was asked", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watttime_logs_in_once_converts_pounds_and_stays_marginal()
    {
        Login();
        _server.Json("/v3/forecast", WattTime(870));
        WattTimeSource source = Watt();
        await source.FetchAsync(SourceCallKind.Forecast, Now, default);
        IntensityReading<MarginalSignal> reading = Assert.Single((await source.FetchAsync(SourceCallKind.Forecast, Now, default)).Readings);
        Assert.Equal(870 * 0.453592, reading.Intensity.Value, 9);
        Assert.Equal(TimeSpan.FromMinutes(5), reading.To - reading.From);
        Assert.True(reading.IsForecast);
        Assert.Equal("MOER model 2023-03-01", reading.Method);
        Assert.Equal(1, _server.Count("/login"));
        Assert.StartsWith("Basic ", _server.Calls[0].Authorization, StringComparison.Ordinal);
        Assert.Equal("Bearer token-1", _server.Calls[1].Authorization);
    }

    [Fact]
    public async Task Watttime_asks_for_a_new_token_when_the_old_one_has_expired()
    {
        Login();
        _server.Json("/v3/forecast", WattTime(870));
        WattTimeSource source = Watt();
        await source.FetchAsync(SourceCallKind.Forecast, Now, default);
        _server.Answers["/v3/forecast"] = context =>
        {
            bool old = context.Request.Headers.Authorization == "Bearer token-1";
            context.Response.StatusCode = old ? 401 : 200;
            return old ? Task.CompletedTask : Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, WattTime(900));
        };
        Assert.Single((await source.FetchAsync(SourceCallKind.Forecast, Now, default)).Readings);
        Assert.Equal(2, _server.Count("/login"));
    }

    [Fact]
    public async Task Watttime_with_a_wrong_password_says_so_without_naming_it()
    {
        _server.Status("/login", 401);
        var refused = await Assert.ThrowsAsync<IntensitySourceException>(() => Watt().FetchAsync(SourceCallKind.Forecast, Now, default));
        Assert.Equal(SourceFailure.Refused, refused.Failure);
        Assert.Contains("log-in", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CAISO_SOUTH", "co2_moer", "lbs_co2_per_mwh")]
    [InlineData("CAISO_NORTH", "co2_aoer", "lbs_co2_per_mwh")]
    [InlineData("CAISO_NORTH", "co2_moer", "kg")]
    public async Task Watttime_answers_of_another_region_signal_or_unit_are_refused(string region, string signal, string unit)
    {
        Login();
        _server.Json("/v3/forecast", WattTime(870, region, signal, unit));
        Assert.Equal(SourceFailure.Nonsense, (await Assert.ThrowsAsync<IntensitySourceException>(() => Watt().FetchAsync(SourceCallKind.Forecast, Now, default))).Failure);
    }

    [Theory]
    [InlineData("2018-01-20T12:00Z", true)]
    [InlineData("2018-01-20T12:00:00Z", true)]
    [InlineData("2025-10-17T10:39:53.914Z", true)]
    [InlineData("2022-07-15T00:00:00+00:00", true)]
    [InlineData("2022-07-15T02:00:00+02:00", true)]
    [InlineData("2022-07-15T00:00:00", false)]
    [InlineData("2022-07-15", false)]
    [InlineData("15/07/2022", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Times_need_an_offset_and_may_lack_seconds(string? text, bool read)
    {
        Assert.Equal(read, JsonReading.Time(text) is not null);
    }

    private void Login()
    {
        int logins = 0;
        _server.Answers["/login"] = context => Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, $$"""{"token":"token-{{++logins}}"}""");
    }

    private static string WattTime(double value, string region = "CAISO_NORTH", string signal = "co2_moer", string unit = "lbs_co2_per_mwh") => FormattableString.Invariant($$"""
        {"data":[{"point_time":"2025-10-17T11:20:00+00:00","value":{{value}}}],
         "meta":{"region":"{{region}}","signal_type":"{{signal}}","units":"{{unit}}","data_point_period_seconds":300,"model":{"date":"2023-03-01"} } }
        """);

    private ElectricityMapsSource Maps() => new(_http, "em-key", "AT", "lifecycle", new Uri(_server.Address + "v3/"), Patience);

    private UkCarbonIntensitySource Uk(int? region = null) => new(_http, region, new Uri(_server.Address), Patience);

    private WattTimeSource Watt() => new(_http, "user", "secret", "CAISO_NORTH", new Uri(_server.Address), Patience);
}
