using GreenTune.Metering;

namespace GreenTune.Inference.Energy;

/// <summary>Keeps what the meter has learned of the configurations' work over restarts: every few minutes, and when the service stops.</summary>
internal sealed class WorkFitKeeper(IDeviceMeter meter, WorkFitFile file, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan SavePeriod = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(SavePeriod, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            file.Save(meter.WorkFits());
        }
    }
}
