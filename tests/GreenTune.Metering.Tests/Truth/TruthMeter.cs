using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering.Simulated;
using GreenTune.Metering.Sources;
using GreenTune.Metering.Tests.Support;

namespace GreenTune.Metering.Tests.Truth;

/// <summary>One run of a workload through the whole meter, with what the sensor said.</summary>
/// <param name="Settled">By the workload's request ids.</param>
/// <param name="View">The meter at the end.</param>
/// <param name="Fits">What it learned.</param>
/// <param name="Blocks">The sensor's blocks, for methods other than the meter's.</param>
internal sealed record MeteredRun(Dictionary<int, SettledRequest> Settled, DeviceView View, WorkFitSnapshot Fits, List<EnergyBlock> Blocks)
{
    /// <summary>Quiet before the first request, in which the meter measures its baseline.</summary>
    public const double Quiet = 4;

    private const double Tick = 0.05;
    private const double Drain = 3;

    /// <summary>Meters a workload.</summary>
    /// <param name="workload">What runs.</param>
    /// <param name="sensor">What is seen of it.</param>
    /// <param name="remembered">What the meter knew before.</param>
    /// <param name="coefficients">Coefficients instead of fitted ones.</param>
    /// <param name="undeclared">The source does not know what its samples average.</param>
    public static async Task<MeteredRun> Of(TruthWorkload workload, SimulatedSensor sensor, WorkFitSnapshot? remembered = null, Func<string, WorkCoefficients?>? coefficients = null, bool undeclared = false)
    {
        var clock = new ManualClock();
        MonotonicTime origin = clock.Now;
        var curve = new SimulatedCurve(TruthWorkload.IdleWatts);
        curve.Append(Quiet, TruthWorkload.IdleWatts);
        for (int i = 0; i < workload.Watts.Length; i++)
            curve.Append(Quiet + (i + 1) * 0.001, TruthWorkload.IdleWatts + workload.Watts[i]);
        var source = new Tap(new SimulatedPowerSource(sensor, curve, origin, plain => undeclared ? plain with { AveragingWindow = TimeSpan.Zero } : plain));
        await using var meter = new DeviceMeter(source, new() { Remembered = remembered, Coefficients = coefficients }, clock, new ListLogger(), null, startSampler: false);

        var keys = new Dictionary<int, long>();
        var tasks = new Dictionary<int, Task<SettledRequest>>();
        Queue<(double At, int Order, int Index)> events = Events(workload);
        double end = Quiet + workload.Seconds + Drain + 2 * sensor.AveragingWindow;
        for (int tick = 1; tick * Tick < end; tick++)
        {
            double now = tick * Tick;
            while (events.TryPeek(out var next) && Quiet + next.At <= now)
            {
                events.Dequeue();
                Tell(next.Order, next.Index);
            }
            clock.AdvanceTo(At(now));
            meter.Tick();
        }
        var settled = new Dictionary<int, SettledRequest>();
        foreach ((int request, Task<SettledRequest> task) in tasks)
        {
            Assert.True(task.IsCompleted, "a request had not settled at the end of the run");
            settled[request] = await task;
        }
        return new(settled, meter.View(), meter.WorkFits()!, source.Cut());

        MonotonicTime At(double seconds) => origin + TimeSpan.FromSeconds(seconds);

        void Tell(int order, int index)
        {
            switch (order)
            {
                case 0:
                    keys[workload.Requests[index].Id] = meter.Admit(At(Quiet + workload.Requests[index].Admitted));
                    break;
                case 1:
                    TrueStep step = workload.Steps[index];
                    meter.Step(new(At(Quiet + step.Start), At(Quiet + step.End), step.Phase, TruthWorkload.Work, Array.ConvertAll(step.Rows, row => row with { Request = keys[(int)row.Request] })));
                    break;
                default:
                    TrueRequest request = workload.Requests[index];
                    tasks[request.Id] = meter.Finish(keys[request.Id], At(Quiet + request.Finished));
                    break;
            }
        }
    }

    private static Queue<(double At, int Order, int Index)> Events(TruthWorkload workload) => new(
        workload.Requests.Select((request, i) => (request.Admitted, 0, i))
            .Concat(workload.Steps.Select((step, i) => (step.End, 1, i)))
            .Concat(workload.Requests.Select((request, i) => (request.Finished, 2, i)))
            .OrderBy(told => told.Item1).ThenBy(told => told.Item2));

    /// <summary>Keeps what the sensor said.</summary>
    private sealed class Tap(IPowerSource source) : IPowerSource
    {
        private readonly List<PowerSample> _samples = [];
        private readonly List<EnergyReading> _counter = [];

        public PowerSourceDescription Description => source.Description;

        public SourceStatus Read(MonotonicTime now, PowerReadings into)
        {
            SourceStatus status = source.Read(now, into);
            _samples.AddRange(into.Samples);
            _counter.AddRange(into.Counter);
            return status;
        }

        public List<EnergyBlock> Cut()
        {
            BlockCutter cutter = BlockCutter.Create(new() { Kinds = Description.Kinds, Period = Description.NativePeriod!.Value, Quality = EnergyQuality.Measured });
            var blocks = new List<EnergyBlock>();
            int reading = 0;
            foreach (PowerSample sample in _samples)
            {
                for (; reading < _counter.Count && _counter[reading].At <= sample.At; reading++)
                    cutter.Add(_counter[reading], blocks);
                cutter.Add(sample, blocks);
            }
            for (; reading < _counter.Count; reading++)
                cutter.Add(_counter[reading], blocks);
            return blocks;
        }

        public void Dispose() => source.Dispose();
    }
}
