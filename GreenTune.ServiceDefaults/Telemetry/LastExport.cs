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
    private TracerProvider? _traces;
    private MeterProvider? _metrics;
    private LoggerProvider? _logs;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        // Now, since a host that is stopped twice, or has no time left to stop, is disposed by the time they are needed.
        (_traces, _metrics, _logs) = (services.GetService<TracerProvider>(), services.GetService<MeterProvider>(), services.GetService<LoggerProvider>());
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.WhenAll(
        Task.Run(() => _traces?.Shutdown(_milliseconds), CancellationToken.None),
        Task.Run(() => _metrics?.Shutdown(_milliseconds), CancellationToken.None),
        Task.Run(() => _logs?.Shutdown(_milliseconds), CancellationToken.None));
}
