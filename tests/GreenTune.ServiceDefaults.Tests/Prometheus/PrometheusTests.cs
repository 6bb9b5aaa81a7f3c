using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using GreenTune.ServiceDefaults.Prometheus;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Tests.Prometheus;

public sealed partial class PrometheusTests
{
    [Fact]
    public async Task Counters_gauges_and_histograms_are_written_in_the_text_format()
    {
        await using TestService service = await StartAsync();
        Meter meter = service.App.Services.GetRequiredService<IMeterFactory>().Create("GreenTune.Sample");
        Counter<double> grams = meter.CreateCounter<double>("greentune.carbon.emissions", "g{CO2e}", "Emissions.");
        grams.Add(1.5, new KeyValuePair<string, object?>("greentune.configuration", "tiny"));
        grams.Add(2, new KeyValuePair<string, object?>("greentune.configuration", "tiny"));
        meter.CreateObservableGauge("hw.power", () => new Measurement<double>(125.5, new KeyValuePair<string, object?>("hw.id", "gpu\"0\\\n")), "W");
        Histogram<double> energy = meter.CreateHistogram("greentune.request.energy", "J", "Energy.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 1] });
        energy.Record(0.5);
        energy.Record(0.7);
        energy.Record(3);

        using HttpResponseMessage response = await service.Client.GetAsync("/metrics");
        string text = await response.Content.ReadAsStringAsync();
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Contains("# HELP greentune_carbon_emissions_grams_total Emissions.\n# TYPE greentune_carbon_emissions_grams_total counter\n", text, StringComparison.Ordinal);
        Assert.Contains("greentune_carbon_emissions_grams_total{greentune_configuration=\"tiny\",otel_scope_name=\"GreenTune.Sample\"} 3.5\n", text, StringComparison.Ordinal);
        Assert.Contains("hw_power_watts{hw_id=\"gpu\\\"0\\\\\\n\",otel_scope_name=\"GreenTune.Sample\"} 125.5\n", text, StringComparison.Ordinal);
        Assert.Contains("greentune_request_energy_joules_bucket{otel_scope_name=\"GreenTune.Sample\",le=\"0.5\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("greentune_request_energy_joules_bucket{otel_scope_name=\"GreenTune.Sample\",le=\"1\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains("greentune_request_energy_joules_bucket{otel_scope_name=\"GreenTune.Sample\",le=\"+Inf\"} 3\n", text, StringComparison.Ordinal);
        Assert.Contains("greentune_request_energy_joules_sum{otel_scope_name=\"GreenTune.Sample\"} 4.2\n", text, StringComparison.Ordinal);
        Assert.Contains("greentune_request_energy_joules_count{otel_scope_name=\"GreenTune.Sample\"} 3\n", text, StringComparison.Ordinal);
        Assert.Contains("target_info{service_name=\"GreenTune.Sample\"} 1\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_accepts_openmetrics_gets_it()
    {
        await using TestService service = await StartAsync();
        Meter meter = service.App.Services.GetRequiredService<IMeterFactory>().Create("GreenTune.Sample");
        meter.CreateCounter<long>("greentune.requests", "{request}", "Say \"hi\".").Add(2);
        meter.CreateHistogram<int>("greentune.batch").Record(3);
        service.Client.DefaultRequestHeaders.Accept.ParseAdd("application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
        using HttpResponseMessage response = await service.Client.GetAsync("/metrics");
        string text = await response.Content.ReadAsStringAsync();
        Assert.Equal("application/openmetrics-text; version=1.0.0; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Contains("# HELP greentune_requests Say \\\"hi\\\".\n# TYPE greentune_requests counter\ngreentune_requests_total{otel_scope_name=\"GreenTune.Sample\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains("le=\"5.0\"", text, StringComparison.Ordinal);
        Assert.EndsWith("# EOF\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_line_is_of_the_format_and_no_series_comes_twice()
    {
        await using TestService service = await StartAsync();
        using (await service.Client.GetAsync("/health"))
        {
        }

        string text = await service.Client.GetStringAsync("/metrics");
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, line => Assert.True(line.StartsWith("# ", StringComparison.Ordinal) || Sample().IsMatch(line), line));
        string[] series = [.. lines.Where(line => line[0] != '#').Select(line => line[..line.LastIndexOf(' ')])];
        Assert.Equal(series.Distinct().Count(), series.Length);
        Assert.Contains(lines, line => line.StartsWith("dotnet_", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_observable_series_that_is_not_given_any_more_is_gone()
    {
        await using TestService service = await StartAsync();
        string[] devices = ["gpu-0", "gpu-1"];
        Meter meter = service.App.Services.GetRequiredService<IMeterFactory>().Create("GreenTune.Sample");
        meter.CreateObservableCounter("hw.energy", () => devices.Select(device => new Measurement<double>(10, new KeyValuePair<string, object?>("hw.id", device))), "J");
        Assert.Contains("gpu-1", await service.Client.GetStringAsync("/metrics"), StringComparison.Ordinal);
        devices = ["gpu-0"];
        string text = await service.Client.GetStringAsync("/metrics");
        Assert.DoesNotContain("gpu-1", text, StringComparison.Ordinal);
        Assert.Contains("hw_energy_joules_total{hw_id=\"gpu-0\",otel_scope_name=\"GreenTune.Sample\"} 10\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_instrument_that_fails_leaves_the_others_their_values()
    {
        await using TestService service = await StartAsync();
        Meter meter = service.App.Services.GetRequiredService<IMeterFactory>().Create("GreenTune.Sample");
        meter.CreateObservableGauge("greentune.broken", new Func<double>(() => throw new InvalidOperationException("no sensor")));
        meter.CreateObservableGauge("greentune.sound", () => 1.0);
        string text = await service.Client.GetStringAsync("/metrics");
        Assert.Contains("greentune_sound{", text, StringComparison.Ordinal);
        Assert.DoesNotContain("greentune_broken", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_without_end_fall_into_one_series_and_the_sum_stays()
    {
        using var meter = new Meter("GreenTune.Sample");
        var family = new MetricFamily(meter.CreateCounter<long>("greentune.requests"), maxSeries: 10);
        for (int i = 0; i < 5000; i++)
        {
            family.Record(1, [new("request.id", i)]);
        }

        IReadOnlyList<MetricSeries> series = family.Snapshot();
        Assert.Equal(11, series.Count);
        Assert.Equal(5000, series.Sum(one => one.Value));
        Assert.Equal(4990, series.Single(one => one.Labels.Contains("otel_metric_overflow=\"true\"", StringComparison.Ordinal)).Value);
    }

    [Fact]
    public void Tags_in_another_order_and_names_that_become_one_are_one_series()
    {
        using var meter = new Meter("GreenTune.Sample");
        var family = new MetricFamily(meter.CreateUpDownCounter<long>("greentune.active"), maxSeries: 10);
        family.Record(1, [new("a", 1), new("b", true)]);
        family.Record(2, [new("b", true), new("a", 1)]);
        MetricSeries one = Assert.Single(family.Snapshot());
        Assert.Equal(("a=\"1\",b=\"true\",otel_scope_name=\"GreenTune.Sample\"", 3.0), (one.Labels, one.Value));
        family.Record(1, [new("x.y", "1"), new("x_y", "2")]);
        Assert.Contains(family.Snapshot(), series => series.Labels.Contains("x_y=\"1;2\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("http.server.request.duration", "s", false, "http_server_request_duration_seconds")]
    [InlineData("greentune.carbon.intensity", "g{CO2e}/kWh", true, "greentune_carbon_intensity_grams_per_kilowatt_hour")]
    [InlineData("gen_ai.client.token.usage", "{token}", false, "gen_ai_client_token_usage")]
    [InlineData("system.cpu.utilization", "1", true, "system_cpu_utilization_ratio")]
    [InlineData("dotnet.gc.collections", "{collection}", false, "dotnet_gc_collections")]
    [InlineData("network.bytes", "By", false, "network_bytes")]
    [InlineData("disk.rate", "By/s", false, "disk_rate_bytes_per_second")]
    [InlineData("2nd..name-total", null, false, "_2nd_name")]
    [InlineData("odd", "furlong/fortnight", false, "odd_furlong_per_fortnight")]
    public void Names_carry_their_unit_in_words(string instrument, string? unit, bool gauge, string expected)
    {
        Assert.Equal(expected, PrometheusNames.Family(instrument, unit, gauge));
    }

    [Fact]
    public void Any_text_as_a_label_value_stays_on_its_line_and_comes_back()
    {
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
        {
            string escaped = PrometheusNames.Escape(text ?? "");
            string back = Escape().Replace(escaped, match => match.Value switch { "\\\\" => "\\", "\\n" => "\n", _ => "\"" });
            return !escaped.Contains('\n') && back == (text ?? "");
        }));
    }

    [Fact]
    public void Histogram_buckets_add_up_whatever_is_observed()
    {
        Gen<double[]> values = ArbMap.Default.GeneratorFor<NormalFloat>().Select(value => value.Get).ArrayOf();
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(values.ToArbitrary(), drawn =>
        {
            double[] bounds = [-1, 0, 1, 10];
            var series = new MetricSeries("", bounds);
            foreach (double value in drawn)
            {
                series.Observe(value);
            }

            return series.Count == drawn.Length && bounds.Index().All(bound => series.Buckets[..(bound.Index + 1)].Sum() == drawn.Count(value => value <= bound.Item));
        }));
    }

    [Theory]
    [InlineData(double.PositiveInfinity, "+Inf")]
    [InlineData(double.NegativeInfinity, "-Inf")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(0.1, "0.1")]
    [InlineData(1e300, "1E+300")]
    public void Numbers_are_written_so_that_they_come_back(double value, string text)
    {
        Assert.Equal(text, PrometheusNames.Number(value));
    }

    [Fact]
    public async Task It_can_be_switched_off_and_its_bound_is_checked()
    {
        await using TestService service = await StartAsync([new("Telemetry:Prometheus:Enabled", "false")]);
        using HttpResponseMessage response = await service.Client.GetAsync("/metrics");
        Assert.Equal(System.Net.HttpStatusCode.NotFound, response.StatusCode);
        ValidateOptionsResult refused = new PrometheusOptionsRules().Validate(null, new PrometheusOptions { MaxSeries = 0 });
        Assert.Contains("Telemetry:Prometheus:MaxSeries is 0", string.Join(' ', refused.Failures!), StringComparison.Ordinal);
    }

    private static Task<TestService> StartAsync(IEnumerable<KeyValuePair<string, string?>>? settings = null) =>
        TestService.StartAsync(app => app.MapPrometheus(), builder => builder.AddPrometheus(), settings);

    [GeneratedRegex("""^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\.)*",?)+\})? (NaN|[+-]Inf|-?[0-9.]+([eE][+-]?[0-9]+)?)$""")]
    private static partial Regex Sample();

    [GeneratedRegex("""\\(\\|n|")""")]
    private static partial Regex Escape();
}
