using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Models;

/// <summary>A job's state, written by its runner and read by anyone.</summary>
internal sealed class RunningJob : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _cancel;
    private ModelJob _state;
    private long _version;

    /// <param name="kind">What it does.</param>
    /// <param name="name">The model or configuration.</param>
    /// <param name="now">When it was asked for.</param>
    /// <param name="work">Does it; told where to report.</param>
    /// <param name="stopping">The service stops.</param>
    public RunningJob(ModelJobKind kind, string name, DateTimeOffset now, Func<RunningJob, CancellationToken, Task> work, CancellationToken stopping)
    {
        Work = work;
        _cancel = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _state = new ModelJob { Id = Guid.CreateVersion7(now), Kind = kind, Name = name, State = ModelJobState.Waiting, CreatedAt = now, Stage = "waiting for the job before it" };
    }

    public Func<RunningJob, CancellationToken, Task> Work { get; }

    public CancellationToken Cancellation => _cancel.Token;

    public ModelJob State
    {
        get
        {
            lock (_gate)
            {
                return _state;
            }
        }
    }

    /// <summary>Changes with the state.</summary>
    public long Version => Interlocked.Read(ref _version);

    public bool HasEnded => State.State is ModelJobState.Completed or ModelJobState.Cancelled or ModelJobState.Failed;

    public void Update(Func<ModelJob, ModelJob> change)
    {
        lock (_gate)
        {
            _state = change(_state);
            _version++;
        }
    }

    public void Cancel() => _cancel.Cancel();

    public void Dispose() => _cancel.Dispose();
}
