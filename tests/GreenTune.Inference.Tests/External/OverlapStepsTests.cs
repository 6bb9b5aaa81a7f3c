using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Inference.External;
using GreenTune.Metering;

namespace GreenTune.Inference.Tests.External;

public sealed class OverlapStepsTests
{
    [Fact]
    public async Task Time_is_shared_by_tokens_without_gap_or_overlap()
    {
        var meter = new ManualMeter();
        await using var overlap = new OverlapSteps(meter, TimeProvider.System);
        meter.At(0);
        OverlapSteps.Request a = overlap.Begin("x");
        meter.At(100);
        OverlapSteps.Request b = overlap.Begin("x");
        for (int i = 0; i < 3; i++)
        {
            a.Token();
        }

        b.Token();
        meter.At(500);
        await overlap.End(a, meter.Now);
        meter.At(600);
        await overlap.End(b, meter.Now);

        // 0 to 100 is a's alone; 100 to 500 is shared 3 to 1; 500 to 600 is b's alone.
        Assert.Equal(
            [(a.Key, 0, 100, StepPhase.Prefill), (a.Key, 100, 400, StepPhase.Prefill), (b.Key, 400, 500, StepPhase.Prefill), (b.Key, 500, 600, StepPhase.Decode)],
            meter.Steps.Select(step => (step.Rows[0].Request, Milliseconds(step.Start), Milliseconds(step.End), step.Phase)));
        Assert.Equal([(a.Key, 500), (b.Key, 600)], meter.Finished.Select(end => (end.Request, Milliseconds(end.At))));
    }

    private static int Milliseconds(MonotonicTime time) => (int)(time.Ticks / TimeSpan.TicksPerMillisecond);

    /// <summary>A meter whose clock a test sets. The timer of the class under test runs by another clock, and then finds that no time has passed.</summary>
    private sealed class ManualMeter : IDeviceMeter
    {
        private long _next;
        private MonotonicTime _now;

        public List<StepRecord> Steps { get; } = [];

        public List<(long Request, MonotonicTime At)> Finished { get; } = [];

        public string DeviceId => "manual";

        public MonotonicTime Now => _now;

        public void At(int milliseconds) => _now = new MonotonicTime(milliseconds * TimeSpan.TicksPerMillisecond);

        public long Admit(MonotonicTime at) => ++_next;

        public void Step(StepRecord step) => Steps.Add(step);

        public Task<SettledRequest> Finish(long request, MonotonicTime at)
        {
            Finished.Add((request, at));
            return Task.FromResult(new SettledRequest(EnergyFigures.None("a test", MethodVersions.Attribution), 1, null));
        }

        public void SetResident(IReadOnlyCollection<string> configurations) => throw new NotSupportedException();

        public IDisposable Busy() => throw new NotSupportedException();

        public DeviceView View() => throw new NotSupportedException();

        public IReadOnlyList<TracePoint> Trace(MonotonicTime from, MonotonicTime to, MonotonicTime origin, int maxPoints) => throw new NotSupportedException();

        public PowerFrame Frame(TimeSpan last, int maxPoints) => throw new NotSupportedException();

        public EnergyPeriod? CutPeriod() => null;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
