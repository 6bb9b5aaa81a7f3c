using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace GreenTune.ServiceDefaults.Tests.Telemetry;

/// <summary>Listeners are the process's, so other tests' requests are seen here too: each test has paths of its own.</summary>
public sealed partial class TelemetryTests
{
    private static readonly ActivitySource Own = new("GreenTune.Sample");

    private static async Task<(TestService Service, Spans Spans)> TracedAsync(Action<WebApplication> map, Action<WebApplicationBuilder>? configure = null, IEnumerable<KeyValuePair<string, string?>>? settings = null, string environment = "Production")
    {
        var spans = new Spans();
        var service = await TestService.StartAsync(
            map,
            builder =>
            {
                builder.Services.ConfigureOpenTelemetryTracerProvider(tracing => tracing.AddProcessor(new SimpleActivityExportProcessor(spans)));
                configure?.Invoke(builder);
            },
            settings,
            environment: environment);
        return (service, spans);
    }

    [Fact]
    public async Task A_server_span_has_its_route_status_and_name()
    {
        var (service, spans) = await TracedAsync(app => app.MapGet("/spans/{id}", (int id) => id));
        await using var _ = service;
        await service.Client.GetStringAsync("/spans/7");
        var span = await spans.ServerSpanAsync("/spans/7");
        Assert.Equal("GET /spans/{id}", span.DisplayName);
        Assert.Equal("/spans/{id}", span.GetTagItem("http.route"));
        Assert.Equal(200, span.GetTagItem("http.response.status_code"));
        Assert.Equal("GET", span.GetTagItem("http.request.method"));
        Assert.Equal(ActivityStatusCode.Unset, span.Status);
    }

    [Fact]
    public async Task A_path_without_a_route_is_no_name_of_a_span()
    {
        var (service, spans) = await TracedAsync(_ => { });
        await using var __ = service;
        using var response = await service.Client.GetAsync("/spans-of-nothing/123");
        var span = await spans.ServerSpanAsync("/spans-of-nothing/123");
        Assert.Equal("GET", span.DisplayName);
        Assert.Equal(404, span.GetTagItem("http.response.status_code"));
        Assert.Equal(ActivityStatusCode.Unset, span.Status);
    }

    [Theory]
    [InlineData("Production")]
    [InlineData("Development")]
    public async Task An_exception_is_on_the_span_with_its_type_and_the_route_is_kept(string environment)
    {
        var path = "/spans-that-fail/" + environment;
        var (service, spans) = await TracedAsync(app => app.MapGet("/spans-that-fail/{id}", string (string id) => throw new TimeZoneNotFoundException(id)), environment: environment);
        await using var _ = service;
        using var response = await service.Client.GetAsync(path);
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        var span = await spans.ServerSpanAsync(path);
        Assert.Equal("GET /spans-that-fail/{id}", span.DisplayName);
        Assert.Equal(ActivityStatusCode.Error, span.Status);
        Assert.Equal("System.TimeZoneNotFoundException", span.GetTagItem("error.type"));
        Assert.Contains(span.Events, e => e.Name == "exception");
    }

    [Fact]
    public async Task A_500_without_an_exception_is_an_error_too()
    {
        var (service, spans) = await TracedAsync(app => app.MapGet("/spans-500", () => Results.StatusCode(503)));
        await using var _ = service;
        using var response = await service.Client.GetAsync("/spans-500");
        var span = await spans.ServerSpanAsync("/spans-500");
        Assert.Equal(ActivityStatusCode.Error, span.Status);
        Assert.Equal("503", span.GetTagItem("error.type"));
    }

    [Fact]
    public async Task Health_is_not_traced_and_neither_is_what_it_causes()
    {
        var (service, spans) = await TracedAsync(
            app => app.MapGet("/after-health", () => "ok"),
            builder => builder.Services.AddHealthChecks().AddCheck("database", () =>
            {
                using var query = Own.StartActivity("SELECT 1 of the health check");
                return HealthCheckResult.Healthy();
            }),
            [new("OTEL_TRACES_SAMPLER", "always_on")]);
        await using var _ = service;
        await service.Client.GetStringAsync("/health");
        await service.Client.GetStringAsync("/alive");
        await service.Client.GetStringAsync("/after-health");
        await spans.ServerSpanAsync("/after-health");
        Assert.DoesNotContain(spans.All, span => span.DisplayName.Contains("of the health check", StringComparison.Ordinal) || span.GetTagItem("url.path") is "/health" or "/alive");
    }

    [Fact]
    public async Task Own_sources_are_children_of_the_server_span()
    {
        var (service, spans) = await TracedAsync(app => app.MapGet("/spans-with-child", () =>
        {
            using var work = Own.StartActivity("own work");
            return "ok";
        }));
        await using var _ = service;
        await service.Client.GetStringAsync("/spans-with-child");
        var parent = await spans.ServerSpanAsync("/spans-with-child");
        var child = Assert.Single(spans.All, span => span.DisplayName == "own work" && span.TraceId == parent.TraceId);
        Assert.Equal(parent.SpanId, child.ParentSpanId);
    }

    [Theory]
    [InlineData(null, null, "GreenTune.Sample")]
    [InlineData("inference", null, "inference")]
    [InlineData(null, "service.name=other,service.instance.id=7", "other")]
    public async Task The_environment_names_the_service_before_the_code_does(string? name, string? attributes, string expected)
    {
        var (service, spans) = await TracedAsync(_ => { }, settings: [new("OTEL_SERVICE_NAME", name), new("OTEL_RESOURCE_ATTRIBUTES", attributes)]);
        await using var __ = service;
        var resource = spans.ParentProvider.GetResource().Attributes.ToDictionary(attribute => attribute.Key, attribute => attribute.Value);
        Assert.Equal(expected, resource["service.name"]);
        Assert.Equal(attributes is null, !resource.TryGetValue("service.instance.id", out var instance) || instance is not "7");
    }

    [Fact]
    public async Task Requests_are_measured_by_route_and_health_is_not()
    {
        using var measurements = new Measurements();
        await using var service = await TestService.StartAsync(
            app => app.MapGet("/measured/{id}", (int id) => id),
            builder => builder.Services.ConfigureOpenTelemetryMeterProvider(metrics => metrics.AddReader(new BaseExportingMetricReader(measurements))));
        await service.Client.GetStringAsync("/health");
        await service.Client.GetStringAsync("/measured/3");
        for (var i = 0; i < 100 && !measurements.Points.Contains(("http.server.request.duration", "/measured/{id}")); i++)
        {
            // The duration is recorded after the response has been sent.
            await Task.Delay(10);
            service.App.Services.GetRequiredService<MeterProvider>().ForceFlush();
        }

        Assert.Contains(("http.server.request.duration", "/measured/{id}"), measurements.Points);
        Assert.DoesNotContain(("http.server.request.duration", "/health"), measurements.Points);
        Assert.Contains(measurements.Points, point => point.Name.StartsWith("dotnet.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Logs_carry_the_trace_they_were_written_in()
    {
        using var logs = new Logs();
        var trace = default(ActivityTraceId);
        await using var service = await TestService.StartAsync(
            app => app.MapGet("/logged", (ILogger<TelemetryTests> logger) =>
            {
                trace = Activity.Current!.TraceId;
                LogServed(logger, 3);
                return "ok";
            }),
            builder => builder.Services.ConfigureOpenTelemetryLoggerProvider(logging => logging.AddProcessor(new SimpleLogRecordExportProcessor(logs))));
        await service.Client.GetStringAsync("/logged");
        Assert.Contains(("Served 3 tokens", trace), logs.Records);
    }

    [LoggerMessage(1, LogLevel.Information, "Served {Tokens} tokens")]
    private static partial void LogServed(ILogger logger, int tokens);
}
