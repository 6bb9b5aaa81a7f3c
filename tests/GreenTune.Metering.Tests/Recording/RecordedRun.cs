using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Metering.Recording;
using GreenTune.Metering.Simulated;
using GreenTune.Metering.Tests.Support;

namespace GreenTune.Metering.Tests.Recording;

/// <summary>A meter under a load of requests that come and go, recorded: what the live one said, and the recording.</summary>
internal sealed record RecordedRun(byte[] Recording, IReadOnlyList<SettledRequest> Settled, EnergyBuckets Buckets, DeviceView View)
{
    public static async Task<RecordedRun> Make(int seed, double seconds, SimulatedSensor sensor, Func<string, WorkCoefficients?>? coefficients = null, string? note = null)
    {
        var file = new MemoryStream();
        using var recorder = new MeterRecorder(file, note);
        var random = new Random(seed);
        var bench = new Bench(sensor, 100, new() { Coefficients = coefficients, Recorder = recorder });
        var tasks = new List<Task<SettledRequest>>();
        bench.Run(1.5, 100);
        using (bench.Meter.Busy())
            bench.Run(1, 180);
        bench.Meter.SetResident(["tiny-int4", "tiny-fp32"]);
        bench.Run(3, 120);
        var active = new List<(long Key, int Past, int Left)>();
        double tick = bench.Seconds;
        for (double now = bench.Seconds, end = now + seconds; now < end || active.Count > 0;)
        {
            if (now < end && active.Count < 12 && random.NextDouble() < 0.1)
            {
                long key = bench.Meter.Admit(bench.At(now));
                int prompt = random.Next(20, 800);
                double length = 0.002 + prompt * 2e-5;
                bench.Curve.Append(now + length, 320 + 40 * random.NextDouble());
                bench.Meter.Step(new(bench.At(now), bench.At(now + length), StepPhase.Prefill, Bench.Work, [new(key, prompt, 0)]));
                now += length;
                active.Add((key, prompt, random.Next(1, 120)));
            }
            if (active.Count > 0)
            {
                double length = 0.003 + 0.0002 * active.Count;
                bench.Curve.Append(now + length, 180 + 8 * active.Count + 10 * random.NextDouble());
                bench.Meter.Step(new(bench.At(now), bench.At(now + length), StepPhase.Decode, Bench.Work, [.. active.Select(one => new StepRow(one.Key, 1, one.Past))]));
                now += length;
                for (int i = active.Count - 1; i >= 0; i--)
                {
                    active[i] = active[i] with { Past = active[i].Past + 1, Left = active[i].Left - 1 };
                    if (active[i].Left > 0)
                        continue;
                    tasks.Add(bench.Meter.Finish(active[i].Key, bench.At(now)));
                    active.RemoveAt(i);
                }
            }
            double pause = active.Count == 0 ? 0.05 * random.NextDouble() : 0.0003;
            bench.Curve.Append(now + pause, 120);
            now += pause;
            for (; tick + 0.05 <= now; tick += 0.05)
            {
                bench.Clock.AdvanceTo(bench.At(tick + 0.05));
                bench.Meter.Tick();
            }
        }
        // One that the meter is stopped before it can settle.
        bench.Run(1, 120);
        long open = bench.Meter.Admit(bench.Clock.Now + TimeSpan.FromSeconds(1));
        Task<SettledRequest> late = bench.Meter.Finish(open, bench.Clock.Now + TimeSpan.FromSeconds(2));
        bench.Run(2, 120);
        await bench.DisposeAsync();
        tasks.Add(late);
        Assert.All(tasks, task => Assert.True(task.IsCompleted));
        return new(file.ToArray(), await Task.WhenAll(tasks), bench.Meter.View().Totals!, bench.Meter.View());
    }
}
