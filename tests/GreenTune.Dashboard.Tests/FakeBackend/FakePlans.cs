using GreenTune.Core.Contracts;

namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>"Measure configurations" that a test moves forward by hand.</summary>
internal sealed class FakePlans(SampleWorld world)
{
    private readonly Lock _gate = new();

    public event Action<PlanSummary>? Finished;

    public PlanStatus? Current { get; private set; }

    public PlanRequest? Asked { get; private set; }

    public PlanStatus? Start(PlanRequest request)
    {
        lock (_gate)
        {
            if (Current?.State == PlanState.Running)
            {
                return null;
            }

            Asked = request;
            return Current = new PlanStatus { Id = Guid.NewGuid(), State = PlanState.Running, StartedAt = world.Now, Progress = 0, Step = "Warming up greentune-tiny-fp32", RemainingSeconds = 180 };
        }
    }

    public void Progress(double progress, string step, double? remainingSeconds)
    {
        lock (_gate)
        {
            Current = Current! with { Progress = progress, Step = step, RemainingSeconds = remainingSeconds };
        }
    }

    public void Cancel()
    {
        lock (_gate)
        {
            Current = Current is { State: PlanState.Running } running ? running with { State = PlanState.Cancelled } : Current;
        }
    }

    /// <summary>The plan is done and its results have arrived at Accounting.</summary>
    public void Finish()
    {
        PlanSummary plan;
        lock (_gate)
        {
            Current = Current! with { State = PlanState.Completed, Progress = 1, Step = "Done", RemainingSeconds = 0 };
            plan = SampleWorld.SamplePlan(world.Now.AddHours(18), (world.Plan?.Number ?? 0) + 1);
            world.Plan = plan;
        }

        Finished?.Invoke(plan);
    }
}
