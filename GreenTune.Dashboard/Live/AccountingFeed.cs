using System.Text.Json;
using GreenTune.Dashboard.Services;

namespace GreenTune.Dashboard.Live;

/// <summary>
/// The one subscription of this process to Accounting's events, fanned out to the pages. It is open while somebody watches and a while after,
/// so that a page change does not close it.
/// </summary>
internal sealed partial class AccountingFeed(IServiceScopeFactory scopes, ServiceMonitor monitor, TimeProvider time, ILogger<AccountingFeed> logger)
    : StreamFeed(time)
{
    public Broadcaster<AccountingEvent> Events { get; } = new(256);

    protected override int Watchers => Events.Subscribers;

    protected override Task WaitForWatcherAsync(CancellationToken cancellationToken) => Events.WaitForSubscriberAsync(cancellationToken);

    protected override async Task ReadAsync(bool again, Action connected, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var client = scope.ServiceProvider.GetRequiredService<AccountingClient>();
        void OnConnected()
        {
            connected();
            monitor.Report(ServiceNames.Accounting, up: true);
            if (again)
            {
                Events.Publish(new StreamResumed());
            }
        }

        await foreach (var item in client.StreamEventsAsync(OnConnected, cancellationToken))
        {
            try
            {
                if (AccountingEvent.Read(item.EventType, item.Data) is { } arrived)
                {
                    Events.Publish(arrived);
                }
            }
            catch (JsonException e)
            {
                LogUnreadable(logger, item.EventType, e);
            }
        }
    }

    protected override void OnBroken(Exception? exception)
    {
        LogBroken(logger, exception?.Message ?? "the service closed it");
        monitor.Knock();
    }

    [LoggerMessage(1, LogLevel.Information, "The event stream of accounting ended: {Reason}; connecting again")]
    private static partial void LogBroken(ILogger logger, string reason);

    [LoggerMessage(2, LogLevel.Warning, "An event '{Name}' of accounting could not be read")]
    private static partial void LogUnreadable(ILogger logger, string name, Exception exception);
}
