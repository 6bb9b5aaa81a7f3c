using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace GreenTune.ServiceDefaults.Tests.Telemetry;

/// <summary>A service that exports by OTLP to a receiver in this process.</summary>
public sealed partial class OtlpExportTests : IAsyncLifetime
{
    private readonly ConcurrentDictionary<string, string> _received = new();
    private WebApplication _receiver = null!;

    private string Address => _receiver.Urls.First();

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _receiver = builder.Build();
        _receiver.MapPost("/v1/{signal}", async (string signal, HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            _received.AddOrUpdate(signal, _ => Latin(body), (_, before) => before + Latin(body));
            return Results.Bytes([], "application/x-protobuf");

            static string Latin(MemoryStream bytes) => Encoding.Latin1.GetString(bytes.ToArray());
        });
        await _receiver.StartAsync();
    }

    public ValueTask DisposeAsync() => _receiver.DisposeAsync();

    private static async Task ServeOnceAsync(params (string Key, string Value)[] settings)
    {
        await using var service = await TestService.StartAsync(
            app =>
            {
                app.Use(AnswerBeforeTheEnd);
                app.MapGet("/exported/{id}", (int id) => id);
            },
            // However busy the machine is: what is tested is that it comes, not how fast.
            settings: settings.Append(("Telemetry:LastExport", "00:01:00")).Select(setting => KeyValuePair.Create(setting.Item1, (string?)setting.Item2)),
            // A server in memory does not wait, as Kestrel does, for a request that has been answered and is not over; until it is, its span has not ended.
            listen: true);
        await service.Client.GetStringAsync("/exported/1");
        LogExported(service.App.Logger);
    }

    /// <summary>The service is told to stop while the request still has something to do.</summary>
    private static async Task AnswerBeforeTheEnd(HttpContext context, RequestDelegate next)
    {
        await next(context);
        await context.Response.CompleteAsync();
        await Task.Delay(TimeSpan.FromMilliseconds(200));
    }

    [Fact]
    public async Task All_signals_are_exported_by_the_time_the_service_has_stopped()
    {
        await ServeOnceAsync(("OTEL_EXPORTER_OTLP_ENDPOINT", Address), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_SERVICE_NAME", "exporting-service"));
        Assert.Equal(["logs", "metrics", "traces"], _received.Keys.Order());
        Assert.All(_received.Values, body => Assert.Contains("exporting-service", body, StringComparison.Ordinal));
        Assert.Contains("GET /exported/{id}", _received["traces"], StringComparison.Ordinal);
        Assert.Contains("http.server.request.duration", _received["metrics"], StringComparison.Ordinal);
        Assert.Contains("exported log", _received["logs"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endpoint_for_one_signal_exports_that_one_alone()
    {
        await ServeOnceAsync(("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", Address + "/v1/traces"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"));
        Assert.Equal(["traces"], _received.Keys);
    }

    [Fact]
    public async Task Nothing_is_exported_when_nobody_says_where_to()
    {
        await ServeOnceAsync();
        Assert.Empty(_received);
    }

    [Fact]
    public async Task A_collector_that_does_not_answer_does_not_hold_up_the_end()
    {
        var service = await TestService.StartAsync(
            app => app.MapGet("/lost/{id}", (int id) => id),
            settings: [new("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"), new("OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY", "in_memory"), new("Telemetry:LastExport", "00:00:00.2")]);
        await service.Client.GetStringAsync("/lost/1");
        var took = Stopwatch.StartNew();
        await service.DisposeAsync();
        // Left to the disposal of the host this takes five seconds or more.
        Assert.True(took.Elapsed < TimeSpan.FromSeconds(3), $"took {took.Elapsed}");
    }

    [Fact]
    public async Task An_endpoint_that_is_no_url_is_named()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => ServeOnceAsync(("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "collector")));
        Assert.Contains("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", error.Message, StringComparison.Ordinal);
    }

    [LoggerMessage(1, LogLevel.Warning, "exported log")]
    private static partial void LogExported(ILogger logger);
}
