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
    private int Milliseconds => (int)options.Value.LastExport.TotalMilliseconds;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.WhenAll(
        Task.Run(() => services.GetService<TracerProvider>()?.Shutdown(Milliseconds), CancellationToken.None),
        Task.Run(() => services.GetService<MeterProvider>()?.Shutdown(Milliseconds), CancellationToken.None),
        Task.Run(() => services.GetService<LoggerProvider>()?.Shutdown(Milliseconds), CancellationToken.None));
}
