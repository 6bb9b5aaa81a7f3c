using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace OpenTelemetry;

/// <summary>
/// Makes the providers when the host starts, since they listen from then on. The container disposes them with the host, which exports
/// what is left; flushing when all services have stopped gets it out even where the process is not given the time to dispose.
/// </summary>
internal sealed class TelemetryHostedService(IServiceProvider services) : IHostedLifecycleService
{
    private const int FlushMilliseconds = 1000;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        // Asking for a provider makes it; a signal that was not configured has none.
        _ = services.GetService<MeterProvider>();
        _ = services.GetService<TracerProvider>();
        _ = services.GetService<LoggerProvider>();
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.WhenAll(
        Task.Run(() => services.GetService<TracerProvider>()?.ForceFlush(FlushMilliseconds), CancellationToken.None),
        Task.Run(() => services.GetService<MeterProvider>()?.ForceFlush(FlushMilliseconds), CancellationToken.None),
        Task.Run(() => services.GetService<LoggerProvider>()?.ForceFlush(FlushMilliseconds), CancellationToken.None));
}
