using GreenTune.Core.Contracts;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Records;

namespace GreenTune.Inference.Energy;

/// <summary>
/// Once a minute tells Accounting where the device's energy went, and a last time when all other services have stopped: by then the last requests have ended
/// and settled, and the outbox, which is closed with the container, still takes it. The next start sends it.
/// </summary>
internal sealed partial class PeriodCutter(IEngine engine, Outbox outbox, TimeProvider clock, ILogger<PeriodCutter> logger) : BackgroundService, IHostedLifecycleService
{
    private static readonly TimeSpan Length = TimeSpan.FromMinutes(1);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Not hurried by the host: a write to the disk, and the last minute of energy hangs on it.</summary>
    public Task StoppedAsync(CancellationToken cancellationToken) => CutAsync();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(Length, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await CutAsync();
        }
    }

    private async Task CutAsync()
    {
        if (engine.Meter.CutPeriod() is { } period)
        {
            await KeepAsync(period);
        }
    }

    private async Task KeepAsync(EnergyPeriod period)
    {
        try
        {
            await outbox.AppendAsync(OutboxEntry.Of(period));
        }
        catch (IOException e)
        {
            // Requests' records wait for the disk; a minute of the device's idle energy is not worth their memory.
            LogDropped(period.From, e.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The device's energy for the period from {From} could not be kept: {Reason}")]
    private partial void LogDropped(DateTimeOffset from, string reason);
}
