using System.Collections.Concurrent;
using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Services;

namespace GreenTune.Dashboard.Live;

/// <summary>The one subscription of this process to Inference's live power, with the last minute of every device.</summary>
internal sealed partial class PowerFeed(IServiceScopeFactory scopes, ServiceMonitor monitor, TimeProvider time, ILogger<PowerFeed> logger)
    : StreamFeed(time)
{
    private readonly ConcurrentDictionary<string, PowerHistory> _devices = new(StringComparer.Ordinal);

    /// <summary>A device's history each time it grew.</summary>
    public Broadcaster<PowerHistory> Histories { get; } = new(16);

    protected override int Watchers => Histories.Subscribers;

    /// <summary>What is known of a device now.</summary>
    public PowerHistory Of(string device) => _devices.GetValueOrDefault(device) ?? PowerHistory.Empty(device);

    protected override Task WaitForWatcherAsync(CancellationToken cancellationToken) => Histories.WaitForSubscriberAsync(cancellationToken);

    protected override async Task ReadAsync(bool again, Action connected, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var client = scope.ServiceProvider.GetRequiredService<InferenceClient>();
        // A restarted service begins anew, and what was before a gap is not the last minute any more.
        _devices.Clear();
        foreach (var frame in await client.GetPowerAsync((int)PowerHistory.Span.TotalSeconds, cancellationToken))
        {
            Add(frame);
        }

        await foreach (var item in client.StreamPowerAsync(connected, cancellationToken))
        {
            try
            {
                if (item.EventType == "power" && JsonSerializer.Deserialize<PowerFrame>(item.Data, ContractJson.Options) is { } frame)
                {
                    Add(frame);
                }
            }
            catch (JsonException e)
            {
                LogUnreadable(logger, e);
            }
        }
    }

    protected override void OnBroken(Exception? exception)
    {
        LogBroken(logger, exception?.Message ?? "the service closed it");
        monitor.Knock();
    }

    private void Add(PowerFrame frame)
    {
        var history = _devices.AddOrUpdate(frame.Device, id => PowerHistory.Empty(id).With(frame), (_, known) => known.With(frame));
        Histories.Publish(history);
    }

    [LoggerMessage(1, LogLevel.Information, "The power stream of inference ended: {Reason}; connecting again")]
    private static partial void LogBroken(ILogger logger, string reason);

    [LoggerMessage(2, LogLevel.Warning, "A power frame of inference could not be read")]
    private static partial void LogUnreadable(ILogger logger, Exception exception);
}
