using GreenTune.Core.Contracts;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Records;

namespace GreenTune.Inference.Plans;

/// <summary>Runs plans one at a time, beside whatever is served.</summary>
internal sealed partial class PlanService(
    ConfigurationRegistry registry,
    SentimentSetFile set,
    IEngine engine,
    RecordPipeline records,
    Outbox outbox,
    TimeProvider clock,
    ILogger<PlanService> logger) : IHostedService, IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private CancellationTokenSource? _cancel;
    private PlanProgress? _progress;
    private Task _running = Task.CompletedTask;

    /// <summary>The plan that runs or ran last; null when there was none.</summary>
    public PlanStatus? Current
    {
        get
        {
            lock (_gate)
            {
                return _progress?.Status();
            }
        }
    }

    /// <summary>Starts a plan; null while another one runs.</summary>
    public PlanStatus? Start(PlanRequest request)
    {
        lock (_gate)
        {
            if (!_running.IsCompleted)
            {
                return null;
            }

            DateTimeOffset now = clock.GetUtcNow();
            var progress = new PlanProgress(Guid.CreateVersion7(now), now, clock);
            _cancel?.Dispose();
            _cancel = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            CancellationToken cancellation = _cancel.Token;
            _progress = progress;
            _running = Task.Run(() => RunAsync(request, progress, now, cancellation), CancellationToken.None);
            return progress.Status();
        }
    }

    /// <summary>Stops the plan that runs; without one nothing happens.</summary>
    public void Cancel()
    {
        lock (_gate)
        {
            _cancel?.Cancel();
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _running.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        _cancel?.Dispose();
        _stopping.Dispose();
    }

    private async Task RunAsync(PlanRequest request, PlanProgress progress, DateTimeOffset startedAt, CancellationToken cancellation)
    {
        var pins = new List<IDisposable>();
        try
        {
            List<LoadedConfiguration> configurations = await LoadedAsync(request, pins, cancellation);
            string reference = Reference(configurations, request.Reference);
            var run = new PlanRun(request, configurations, reference, set.Read(), engine, records, progress, clock);
            MeasurementPlan plan = await run.RunAsync(startedAt, cancellation);
            await outbox.AppendAsync(OutboxEntry.Of(plan));
            progress.End(PlanState.Completed, "done");
            LogDone(progress.Id, configurations.Count, (clock.GetUtcNow() - startedAt).TotalSeconds);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            progress.End(PlanState.Cancelled, "cancelled");
        }
#pragma warning disable CA1031 // The plan's status carries the failure to whoever started it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            progress.End(PlanState.Failed, "failed", e.Message);
            LogFailed(e, progress.Id);
        }
        finally
        {
            pins.ForEach(pin => pin.Dispose());
        }
    }

    /// <summary>Waits for what was asked for; without a choice, for all that do not fail. All of them stay in memory until the plan ends.</summary>
    private async Task<List<LoadedConfiguration>> LoadedAsync(PlanRequest request, List<IDisposable> pins, CancellationToken cancellation)
    {
        var loaded = new List<LoadedConfiguration>();
        foreach (ServedConfiguration configuration in registry.All.Where(configuration => request.Configurations?.Contains(configuration.Id) ?? true))
        {
            try
            {
                pins.Add(configuration.Pin());
                loaded.Add(await configuration.ReadyAsync(cancellation));
            }
            catch (ConfigurationFailedException) when (request.Configurations is null)
            {
                // GET /api/configurations says why; the plan measures the others.
            }
        }

        return loaded.Count > 0 ? loaded : throw new InvalidOperationException("No configuration can be served; GET /api/configurations says why.");
    }

    /// <summary>
    /// The largest model at its highest precision: what the others are meant to replace. What a precision costs cannot be told against weights that were
    /// quantised before they came here.
    /// </summary>
    internal static string Reference(IReadOnlyCollection<LoadedConfiguration> configurations, string? wanted)
    {
        if (wanted is not null && configurations.Any(configuration => configuration.Id == wanted && configuration.SourceQuantized))
        {
            throw new InvalidOperationException($"The reference {wanted} was made from weights that were quantised already, against which no precision can be compared; name another.");
        }

        return wanted
            ?? configurations.Where(configuration => !configuration.SourceQuantized).OrderByDescending(configuration => configuration.Parameters).ThenByDescending(configuration => configuration.WeightBytes).FirstOrDefault()?.Id
            ?? throw new InvalidOperationException("Every configuration was made from weights that were quantised already, against which no precision can be compared; measure one from an unquantised checkpoint with them.");
    }

    [LoggerMessage(1, LogLevel.Information, "Plan {Plan} measured {Configurations} configurations in {Seconds:0} s")]
    private partial void LogDone(Guid plan, int configurations, double seconds);

    [LoggerMessage(2, LogLevel.Error, "Plan {Plan} failed")]
    private partial void LogFailed(Exception exception, Guid plan);
}
