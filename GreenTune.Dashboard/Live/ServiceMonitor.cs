using GreenTune.Dashboard.Services;

namespace GreenTune.Dashboard.Live;

/// <summary>Whether a service answers.</summary>
/// <param name="Service">Its name in discovery.</param>
/// <param name="Up">Null until the first answer or failure.</param>
/// <param name="Since">When that began.</param>
public sealed record ServiceState(string Service, bool? Up, DateTimeOffset Since);

/// <summary>
/// Knows which services answer: told by the feeds and by failed calls, and found out by probing while somebody watches (every 2 s while a
/// service is down, every 10 s otherwise). With nobody watching it makes no traffic.
/// </summary>
internal sealed partial class ServiceMonitor(IServiceScopeFactory scopes, TimeProvider time, ILogger<ServiceMonitor> logger) : BackgroundService
{
    private static readonly TimeSpan WhileDown = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan WhileUp = TimeSpan.FromSeconds(10);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ServiceState> _states = ServiceNames.All.ToDictionary(s => s, s => new ServiceState(s, null, time.GetUtcNow()));
    private readonly SemaphoreSlim _knock = new(0, 1);

    /// <summary>Every change of a service's state.</summary>
    public Broadcaster<ServiceState> Changes { get; } = new(16);

    public ServiceState StateOf(string service)
    {
        lock (_gate)
        {
            return _states[service];
        }
    }

    public IReadOnlyList<ServiceState> Down()
    {
        lock (_gate)
        {
            return [.. _states.Values.Where(s => s.Up == false)];
        }
    }

    public void Report(string service, bool up)
    {
        ServiceState state;
        lock (_gate)
        {
            if (_states[service].Up == up)
            {
                return;
            }

            state = _states[service] = new ServiceState(service, up, time.GetUtcNow());
        }

        if (up)
        {
            LogUp(logger, service);
        }
        else
        {
            LogDown(logger, service);
        }

        Changes.Publish(state);
    }

    /// <summary>Probes now: the reader asked to try again, or a call just failed.</summary>
    public void Knock()
    {
        try
        {
            _knock.Release();
        }
        catch (SemaphoreFullException)
        {
            // A probe is already due.
        }
    }

    public override void Dispose()
    {
        _knock.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await Changes.WaitForSubscriberAsync(stoppingToken);
                await Task.WhenAll(ServiceNames.All.Select(service => ProbeAsync(service, stoppingToken)));
                using var wait = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                await Task.WhenAny(Task.Delay(Down().Count > 0 ? WhileDown : WhileUp, time, wait.Token), _knock.WaitAsync(wait.Token));
                await wait.CancelAsync();
                stoppingToken.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task ProbeAsync(string service, CancellationToken cancellationToken)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            await (service == ServiceNames.Accounting
                ? scope.ServiceProvider.GetRequiredService<AccountingClient>().ProbeAsync(cancellationToken)
                : scope.ServiceProvider.GetRequiredService<InferenceClient>().ProbeAsync(cancellationToken));
            Report(service, up: true);
        }
        catch (ServiceException e)
        {
            // An answer of any kind means that somebody is there.
            Report(service, up: e.Failure != ServiceFailure.Unreachable);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "{Service} answers")]
    private static partial void LogUp(ILogger logger, string service);

    [LoggerMessage(2, LogLevel.Warning, "{Service} does not answer")]
    private static partial void LogDown(ILogger logger, string service);
}
