using Microsoft.Extensions.Options;

namespace GreenTune.Inference.Engine;

/// <summary>
/// Told to stop, the engine takes no more requests and those that run get a while to end; then they are cut short. The web server waits for their answers
/// meanwhile, and whoever sends another one on an open connection is told to try again elsewhere.
/// </summary>
internal sealed class EngineDrain(IEngine engine, IHostApplicationLifetime lifetime, IOptions<InferenceOptions> options, TimeProvider clock) : IHostedService, IDisposable
{
    private CancellationTokenRegistration _registration;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _registration = lifetime.ApplicationStopping.Register(() => _ = DrainAsync());
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _registration.Dispose();

    private async Task DrainAsync()
    {
        using var longest = new CancellationTokenSource(TimeSpan.FromSeconds(options.Value.DrainSeconds), clock);
        await engine.DrainAsync(longest.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await engine.DisposeAsync();
    }
}
