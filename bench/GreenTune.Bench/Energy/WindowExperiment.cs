using System.Diagnostics;
using GreenTune.Core.Power;
using GreenTune.Core.Units;

namespace GreenTune.Bench.Energy;

/// <summary>
/// Windows far shorter than the counter's step inside a load whose power stands still (one wave of long answers), so that the truth of every window is its length times the
/// mean power: by the meter's trace, and by readings of NVML at both ends as other tools take them. The readings' own time is counted too.
/// </summary>
internal static class WindowExperiment
{
    public static async Task RunAsync(EnergySetting setting)
    {
        await using EnergyRig rig = await EnergyRig.OpenAsync(setting);
        await rig.WaveAsync(setting.Rows, 256, 64);
        Console.WriteLine("| window ms | method | windows | zero | below zero | mean error | sd of the error |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        var calls = new List<double>();
        foreach (int milliseconds in (int[])[20, 100, 500])
        {
            await OneAsync(setting, rig, milliseconds, calls);
        }

        if (calls.Count > 0)
        {
            Statistic.Line($"");
            Statistic.Line($"A reading of the counter under this load took {Statistic.Median(calls):0.00} ms (median), {calls.Max():0.00} ms at most, over {calls.Count} readings.");
        }
    }

    private static async Task OneAsync(EnergySetting setting, EnergyRig rig, int milliseconds, List<double> calls)
    {
        int tokens = (int)(3500 * Math.Min(1, setting.Scale));
        Task wave = rig.WaveAsync(setting.Rows, 256, tokens);
        await Task.Delay(setting.Seconds(1));
        DeviceProbe? probe = DeviceProbe.Open();
        MonotonicTime begin = rig.Meter.Now;
        var counter = new List<double>();
        // Other tools' windows and ours lie in the same seconds; theirs are read on this thread, ours cut out of the trace afterwards.
        await Task.Run(() =>
        {
            var watch = Stopwatch.StartNew();
            while (!wave.IsCompleted && watch.Elapsed < setting.Seconds(milliseconds > 100 ? 8 : 4))
            {
                if (probe is null)
                {
                    Thread.Sleep(milliseconds);
                    continue;
                }

                long start = Stopwatch.GetTimestamp();
                double first = probe.Counter();
                calls.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                var window = Stopwatch.StartNew();
                Thread.Sleep(Math.Max(0, milliseconds - 2));
                while (window.Elapsed.TotalMilliseconds < milliseconds)
                {
                    Thread.SpinWait(50);
                }

                counter.Add(probe.Counter() - first);
            }
        });
        MonotonicTime end = rig.Meter.Now - TimeSpan.FromMilliseconds(50);
        if (wave.IsCompleted)
        {
            Console.WriteLine($"The wave ended before its windows of {milliseconds} ms did.");
        }

        await wave;
        await Task.Delay(300);
        PowerTrace trace = BaselineExperiment.TraceOf(rig.Meter, begin, end);
        setting.Keep($"window-{milliseconds}", trace);
        double power = trace.Integrate(begin, end).Energy.Value / (end - begin).TotalSeconds;
        double truth = power * milliseconds / 1e3;
        var random = new Random(milliseconds);
        var ours = new List<double>();
        for (int i = 0; i < 2000; i++)
        {
            MonotonicTime at = begin + TimeSpan.FromTicks((long)(random.NextDouble() * ((end - begin).Ticks - milliseconds * TimeSpan.TicksPerMillisecond)));
            ours.Add(trace.Integrate(at, at + TimeSpan.FromMilliseconds(milliseconds)).Energy.Value);
        }

        Write(milliseconds, "the meter's trace", ours, truth);
        if (counter.Count > 0)
        {
            Write(milliseconds, "counter read at both ends", counter, truth);
        }

        Statistic.Line($"| {milliseconds} | (mean power {power:0.0} W) | | | | | |");
    }

    private static void Write(int milliseconds, string method, List<double> joules, double truth)
    {
        List<double> errors = [.. joules.Select(value => value / truth - 1)];
        Statistic.Line($"| {milliseconds} | {method} | {joules.Count} | {joules.Count(value => value == 0) / (double)joules.Count:P0} | {joules.Count(value => value < 0)} | {errors.Average():P2} | {Statistic.Deviation(errors):P1} |");
    }
}
