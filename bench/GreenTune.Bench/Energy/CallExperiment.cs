using System.Diagnostics;
using GreenTune.Metering.Nvml;

namespace GreenTune.Bench.Energy;

/// <summary>How long NVML's calls take, idle and under load: what a sampler's readings cost, and why none is made on a request's path.</summary>
internal static class CallExperiment
{
    public static async Task RunAsync(EnergySetting setting)
    {
        if (DeviceProbe.Open() is not { } probe)
        {
            Console.WriteLine("There is no GPU that NVML knows of.");
            return;
        }

        await using EnergyRig rig = await EnergyRig.OpenAsync(setting);
        Console.WriteLine("| state | call | median ms | 99th percentile ms | processor ms a call |");
        Console.WriteLine("|---|---|---|---|---|");
        await Task.Delay(setting.Seconds(1));
        await Task.Run(() => Write(setting, "idle", probe));
        Task load = rig.ClosedLoopAsync(setting.Rows, setting.Seconds(20), 1, SteadyExperiment.Mixed);
        await Task.Delay(setting.Seconds(1));
        await Task.Run(() => Write(setting, $"{setting.Rows} rows", probe));
        await load;
    }

    private static void Write(EnergySetting setting, string state, DeviceProbe probe)
    {
        var buffer = new NvmlSample[256];
        (string Name, Action Call)[] calls =
        [
            ("energy counter", () => probe.Counter()),
            ("power usage", () => probe.Usage()),
            ("field 186, instant power", () => probe.Field(DeviceProbe.PowerInstant)),
            ("sample buffer", () => probe.Samples(buffer)),
        ];
        foreach ((string name, Action call) in calls)
        {
            var each = new List<double>();
            TimeSpan processor = ThreadTime();
            for (int i = 0; i < setting.Times(60); i++)
            {
                long start = Stopwatch.GetTimestamp();
                call();
                each.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                Thread.Sleep(20);
            }

            double busy = (ThreadTime() - processor).TotalMilliseconds / each.Count;
            each.Sort();
            Statistic.Line($"| {state} | {name} | {Statistic.Median(each):0.000} | {each[each.Count * 99 / 100]:0.000} | {busy:0.000} |");
        }
    }

    /// <summary>Processor time of this thread, from Linux's own account of it.</summary>
    private static TimeSpan ThreadTime()
    {
        if (!OperatingSystem.IsLinux())
        {
            return TimeSpan.Zero;
        }

        // "run time, wait time, slices" in nanoseconds.
        string[] fields = File.ReadAllText("/proc/thread-self/schedstat").Split(' ');
        return TimeSpan.FromTicks(long.Parse(fields[0], System.Globalization.CultureInfo.InvariantCulture) / 100);
    }
}
