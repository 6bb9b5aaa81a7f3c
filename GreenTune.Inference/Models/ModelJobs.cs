using System.Threading.Channels;
using GreenTune.Core.Contracts;
using GreenTune.Models;
using GreenTune.Models.Download;

namespace GreenTune.Inference.Models;

/// <summary>
/// Pulls and builds in the background, one at a time, whether or not anyone watches. The last ones that ended are remembered; a stop of the service ends
/// the one that runs, and what a pull had fetched is gone on from by the next.
/// </summary>
internal sealed partial class ModelJobs(TimeProvider clock, ILogger<ModelJobs> logger) : BackgroundService
{
    /// <summary>Jobs that may wait.</summary>
    public const int MaxWaiting = 32;

    private const int Remembered = 50;

    private readonly Lock _gate = new();
    private readonly List<RunningJob> _jobs = [];
    private readonly CancellationTokenSource _stopping = new();
    private volatile bool _disposed;
    private readonly Channel<RunningJob> _queue = Channel.CreateUnbounded<RunningJob>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>The newest first.</summary>
    public IReadOnlyList<ModelJob> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _jobs.Select(job => job.State).Reverse()];
            }
        }
    }

    public RunningJob? Find(Guid id)
    {
        lock (_gate)
        {
            return _jobs.Find(job => job.State.Id == id);
        }
    }

    /// <summary>The job that works on a model or configuration now, or will; null for none.</summary>
    public ModelJob? ActiveOf(ModelJobKind kind, string name)
    {
        lock (_gate)
        {
            return _jobs.Find(job => !job.HasEnded && job.State.Kind == kind && string.Equals(job.State.Name, name, StringComparison.OrdinalIgnoreCase))?.State;
        }
    }

    /// <summary>Queues a job.</summary>
    /// <returns>The job, or why there is none: the one that does the same, or null where too many wait.</returns>
    public (RunningJob? Started, ModelJob? Same) Start(ModelJobKind kind, string name, Func<RunningJob, CancellationToken, Task> work)
    {
        lock (_gate)
        {
            if (ActiveOf(kind, name) is { } same)
            {
                return (null, same);
            }

            if (_jobs.Count(job => !job.HasEnded) > MaxWaiting)
            {
                return (null, null);
            }

            var job = new RunningJob(kind, name, clock.GetUtcNow(), work, _stopping.Token);
            _jobs.Add(job);
            foreach (RunningJob old in _jobs.Where(known => known.HasEnded).SkipLast(Remembered).ToArray())
            {
                _jobs.Remove(old);
                old.Dispose();
            }

            _queue.Writer.TryWrite(job);
            return (job, null);
        }
    }

    /// <summary>Cancels a job; one that has ended stays as it is.</summary>
    public void Cancel(RunningJob job)
    {
        lock (_gate)
        {
            if (job.HasEnded)
            {
                return;
            }

            job.Cancel();
            if (job.State.State == ModelJobState.Waiting)
            {
                End(job, ModelJobState.Cancelled, "cancelled");
            }
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // A host that is told to stop while it is being disposed stops its services once more.
        if (!_disposed)
        {
            await _stopping.CancelAsync();
        }

        await base.StopAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _disposed = true;
        base.Dispose();
        foreach (RunningJob job in _jobs)
        {
            job.Dispose();
        }

        _stopping.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (RunningJob job in _queue.Reader.ReadAllAsync(stoppingToken))
        {
            lock (_gate)
            {
                if (job.HasEnded)
                {
                    continue;
                }

                job.Update(state => state with { State = ModelJobState.Running, StartedAt = clock.GetUtcNow(), Stage = "starting" });
            }

            await RunAsync(job);
        }
    }

    private async Task RunAsync(RunningJob job)
    {
        ModelJob start = job.State;
        try
        {
            await job.Work(job, job.Cancellation);
            End(job, ModelJobState.Completed, "done");
            LogDone(start.Kind, start.Name, (clock.GetUtcNow() - start.StartedAt!.Value).TotalSeconds);
        }
        catch (OperationCanceledException) when (job.Cancellation.IsCancellationRequested)
        {
            End(job, ModelJobState.Cancelled, "cancelled");
        }
        catch (Exception e) when (e is HubException or ModelFolderException)
        {
            End(job, ModelJobState.Failed, "failed", e.Message);
            LogRefused(start.Kind, start.Name, e.Message);
        }
#pragma warning disable CA1031 // The job's state carries the failure to whoever started it, and the next one runs.
        catch (Exception e)
#pragma warning restore CA1031
        {
            End(job, ModelJobState.Failed, "failed", e.Message);
            LogFailed(e, start.Kind, start.Name);
        }
    }

    private void End(RunningJob job, ModelJobState state, string stage, string? error = null) => job.Update(now => now with
    {
        State = state,
        Stage = stage,
        Error = error,
        EndedAt = clock.GetUtcNow(),
        Fraction = state == ModelJobState.Completed ? 1 : now.Fraction,
        BytesPerSecond = null,
        RemainingSeconds = null,
    });

    [LoggerMessage(1, LogLevel.Information, "{Kind} of {Name} done in {Seconds:0.0} s")]
    private partial void LogDone(ModelJobKind kind, string name, double seconds);

    [LoggerMessage(2, LogLevel.Warning, "{Kind} of {Name} failed: {Reason}")]
    private partial void LogRefused(ModelJobKind kind, string name, string reason);

    [LoggerMessage(3, LogLevel.Error, "{Kind} of {Name} failed")]
    private partial void LogFailed(Exception exception, ModelJobKind kind, string name);
}
