using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace GreenTune.ServiceDefaults.Telemetry;

/// <summary>
/// Exports what is left when everything else has stopped, for <see cref="TelemetryOptions.LastExport"/> at most. Left to the disposal of the host, a collector that does
/// not answer holds up the end of the process for five seconds a signal, longer than the AppHost waits.
/// </summary>
internal sealed class LastExport(IServiceProvider services, IOptions<TelemetryOptions> options) : IHostedLifecycleService
{
    private readonly int _milliseconds = (int)options.Value.LastExport.TotalMilliseconds;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        // Found before the first wait: a host that has no time left to stop is disposed while these still run.
        var (traces, metrics, logs) = (services.GetService<TracerProvider>(), services.GetService<MeterProvider>(), services.GetService<LoggerProvider>());
        return Task.WhenAll(
            Task.Run(() => traces?.Shutdown(_milliseconds), CancellationToken.None),
            Task.Run(() => metrics?.Shutdown(_milliseconds), CancellationToken.None),
            Task.Run(() => logs?.Shutdown(_milliseconds), CancellationToken.None));
    }
}
