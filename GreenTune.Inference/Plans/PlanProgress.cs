using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Plans;

/// <summary>How far a plan is. Written by its runner, read by anyone.</summary>
internal sealed class PlanProgress(Guid id, DateTimeOffset startedAt, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private PlanState _state = PlanState.Running;
    private string _step = "waiting for the configurations to load";
    private double _done;
    private double _total = 1;
    private string? _error;

    public Guid Id { get; } = id;

    /// <summary>Work is counted in the seconds it is expected to take.</summary>
    public void Plan(double total)
    {
        lock (_gate)
        {
            _total = _done + total;
        }
    }

    public void Enter(string step)
    {
        lock (_gate)
        {
            _step = step;
        }
    }

    public void Advance(double work)
    {
        lock (_gate)
        {
            _done += work;
        }
    }

    public void End(PlanState state, string step, string? error = null)
    {
        lock (_gate)
        {
            (_state, _step, _error) = (state, step, error);
        }
    }

    public PlanStatus Status()
    {
        lock (_gate)
        {
            double share = _state == PlanState.Completed ? 1 : Math.Clamp(_done / _total, 0, 0.999);
            double elapsed = (clock.GetUtcNow() - startedAt).TotalSeconds;
            return new PlanStatus
            {
                Id = Id,
                State = _state,
                StartedAt = startedAt,
                Progress = share,
                Step = _step,
                RemainingSeconds = _state == PlanState.Running && share > 0.02 ? elapsed * (1 - share) / share : null,
                Error = _error,
            };
        }
    }
}
