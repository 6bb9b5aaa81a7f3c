using System.Collections.Concurrent;
using System.Diagnostics;
using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Metering;

namespace GreenTune.Inference.Tests.Engine;

/// <summary>A meter that remembers what it was told and settles every request at once with a joule per step.</summary>
internal sealed class FakeMeter : IDeviceMeter
{
    private readonly ConcurrentDictionary<long, int> _steps = [];
    private long _next;

    public ConcurrentQueue<StepRecord> Steps { get; } = [];

    public ConcurrentQueue<long> Finished { get; } = [];

    /// <summary>Completed with what <see cref="Finish"/> answers; null settles at once.</summary>
    public Task? HoldSettling { get; set; }

    public string DeviceId => "fake-0";

    public MonotonicTime Now => new(Stopwatch.GetTimestamp() / (Stopwatch.Frequency / TimeSpan.TicksPerSecond));

    public long Admit(MonotonicTime at) => Interlocked.Increment(ref _next);

    public void Step(StepRecord step)
    {
        Steps.Enqueue(step);
        foreach (StepRow row in step.Rows)
        {
            _steps.AddOrUpdate(row.Request, 1, (_, count) => count + 1);
        }
    }

    public async Task<SettledRequest> Finish(long request, MonotonicTime at)
    {
        Finished.Enqueue(request);
        if (HoldSettling is { } hold)
        {
            await hold;
        }

        double joules = _steps.GetValueOrDefault(request);
        return new SettledRequest(
            new EnergyFigures
            {
                Joules = new Joules(joules),
                ActiveJoules = new Joules(joules),
                PrefillJoules = new Joules(Math.Min(1, joules)),
                DecodeJoules = new Joules(Math.Max(0, joules - 1)),
                IdleJoules = Joules.Zero,
                RelativeUncertainty = 0.1,
                Quality = EnergyQuality.Measured,
                PhaseQuality = EnergyQuality.Measured,
                Boundary = "device",
                Meter = "fake",
                Device = DeviceId,
                Settled = true,
                MethodVersion = MethodVersions.Attribution,
            },
            1,
            new Watts(10));
    }

    public void SetResident(IReadOnlyCollection<string> configurations)
    {
    }

    public IDisposable Busy() => new Nothing();

    public DeviceView View() => new()
    {
        Id = DeviceId,
        Name = "Fake",
        Kind = "cpu",
        Meter = "fake",
        Boundary = "device",
        Quality = EnergyQuality.Measured,
        Explanation = "A fake.",
        SamplePeriodSeconds = 0.05,
        ResidentConfigurations = [],
    };

    public IReadOnlyList<TracePoint> Trace(MonotonicTime from, MonotonicTime to, MonotonicTime origin, int maxPoints) => [new(0, 10), new(0.1, 12)];

    public PowerFrame Frame(TimeSpan last, int maxPoints) => new(DeviceId, new Watts(10), [new PowerPoint(DateTimeOffset.UtcNow, 12)]);

    /// <summary>What the next cut gives; null when nothing was metered.</summary>
    public Func<EnergyPeriod?>? Cut { get; set; }

    public EnergyPeriod? CutPeriod() => Cut?.Invoke();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class Nothing : IDisposable
    {
        public void Dispose()
        {
        }
    }
}
