using System.Diagnostics;
using GreenTune.Core.Power;
using GreenTune.Core.Units;

namespace GreenTune.Bench.Energy;

/// <summary>
/// Windows far shorter than the counter's step inside a load whose power all but stands still (one wave of long answers, whose growing context raises it slowly), so that the
/// truth of a window is its length times the mean power of the second around it: by the meter's trace, and by readings of NVML at both ends as other tools take them. What the
/// readings themselves take is counted too.
/// </summary>
internal static class WindowExperiment
{
    private static readonly TimeSpan Around = TimeSpan.FromSeconds(0.5);

    public static async Task RunAsync(EnergySetting setting)
    {
        await using EnergyRig rig = await EnergyRig.OpenAsync(setting, contextTokens: 8192);
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
        // About 9 s of an H200 at 32 rows of 1.1 B parameters. The prompt is beyond the smaller capacities of the cache: rows that move to a larger one leave the device idle for a while.
        int tokens = Math.Max(64, (int)(5700 * Math.Min(1, setting.Scale)));
        Task wave = rig.WaveAsync(setting.Rows, setting.Cuda ? 2304 : 256, tokens);
        await Task.Delay(setting.Seconds(1.5));
        MonotonicTime begin = rig.Meter.Now;
        // Other tools' windows and ours lie in the same seconds; theirs are read on a thread of their own, ours cut out of the trace afterwards.
        List<(MonotonicTime At, double Joules, double Seconds)> read = DeviceProbe.Open() is { } probe
            ? await Task.Run(() => Read(setting, wave, probe, milliseconds, calls))
            : [];
        await Task.Delay(read.Count == 0 ? setting.Seconds(6) : TimeSpan.Zero);
        MonotonicTime end = rig.Meter.Now - TimeSpan.FromMilliseconds(100);
        if (wave.IsCompleted)
        {
            Console.WriteLine($"The wave ended before its windows of {milliseconds} ms did.");
        }

        await wave;
        await Task.Delay(300);
        PowerTrace trace = BaselineExperiment.TraceOf(rig.Meter, begin, end);
        setting.Keep($"window-{milliseconds}", trace);
        double Truth(MonotonicTime middle, double seconds) =>
            trace.Integrate(middle - Around, middle + Around) is var around ? around.Energy.Value / around.Covered.TotalSeconds * seconds : 0;
        var random = new Random(milliseconds);
        var length = TimeSpan.FromMilliseconds(milliseconds);
        var ours = new List<(double, double)>();
        for (int i = 0; i < 2000; i++)
        {
            MonotonicTime at = begin + TimeSpan.FromTicks((long)(random.NextDouble() * (end - begin - length).Ticks));
            ours.Add((trace.Integrate(at, at + length).Energy.Value, Truth(at + length / 2, length.TotalSeconds)));
        }

        Write(milliseconds, "the meter's trace", ours);
        if (read.Count > 0)
        {
            Write(milliseconds, "counter read at both ends", [.. read.Where(window => window.At < end).Select(window => (window.Joules, Truth(window.At + TimeSpan.FromSeconds(window.Seconds / 2), window.Seconds)))]);
        }

        Statistic.Line($"| {milliseconds} | (mean power {trace.Integrate(begin, end).Energy.Value / (end - begin).TotalSeconds:0.0} W) | | | | | |");
    }

    /// <summary>Windows as other tools take them: the counter at their beginning and at their end.</summary>
    private static List<(MonotonicTime At, double Joules, double Seconds)> Read(EnergySetting setting, Task wave, DeviceProbe probe, int milliseconds, List<double> calls)
    {
        var windows = new List<(MonotonicTime, double, double)>();
        var watch = Stopwatch.StartNew();
        while (!wave.IsCompleted && watch.Elapsed < setting.Seconds(5))
        {
            long start = Stopwatch.GetTimestamp();
            double first = probe.Counter();
            calls.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            MonotonicTime at = MonotonicTime.Now(TimeProvider.System);
            var window = Stopwatch.StartNew();
            Thread.Sleep(Math.Max(0, milliseconds - 2));
            while (window.Elapsed.TotalMilliseconds < milliseconds)
            {
                Thread.SpinWait(50);
            }

            double seconds = window.Elapsed.TotalSeconds;
            windows.Add((at, probe.Counter() - first, seconds));
        }

        return windows;
    }

    private static void Write(int milliseconds, string method, List<(double Joules, double Truth)> windows)
    {
        List<double> errors = [.. windows.Select(window => window.Joules / window.Truth - 1)];
        Statistic.Line($"| {milliseconds} | {method} | {windows.Count} | {windows.Count(window => window.Joules == 0) / (double)windows.Count:P0} | {windows.Count(window => window.Joules < 0)} | {errors.Average():P2} | {Statistic.Deviation(errors):P1} |");
    }
}
