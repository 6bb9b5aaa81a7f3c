using GreenTune.Core.Contracts;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Records;

namespace GreenTune.Inference.Energy;

/// <summary>Once a minute, and at the end, tells Accounting where the device's energy went.</summary>
internal sealed partial class PeriodCutter(IEngine engine, Outbox outbox, TimeProvider clock, ILogger<PeriodCutter> logger) : BackgroundService
{
    private static readonly TimeSpan Length = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Length, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (engine.Meter.CutPeriod() is { } period)
            {
                await KeepAsync(period);
            }
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
