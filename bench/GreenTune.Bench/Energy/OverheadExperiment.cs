using System.Diagnostics;
using GreenTune.Inference.Engine;
using GreenTune.Metering;

namespace GreenTune.Bench.Energy;

/// <summary>
/// What metering costs: tokens/s with the meter at 20 Hz, at 100 Hz and without one in turns over the same loaded model, the time of the calls on a request's path, and the
/// sampler's share of a processor while nothing else runs.
/// </summary>
internal static class OverheadExperiment
{
    private static readonly (string Name, int Period, string Source)[] Variants = [("none", 1000, "none"), ("20 Hz", 50, "auto"), ("100 Hz", 10, "auto")];

    public static async Task RunAsync(EnergySetting setting)
    {
        await using EnergyRig rig = await EnergyRig.OpenAsync(setting);
        Console.WriteLine("| rows | tokens/s without a meter | 20 Hz | 100 Hz | 20 Hz / without - 1 | 100 Hz / without - 1 | rounds |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (int rows in new[] { 1, 8, setting.Rows }.Distinct())
        {
            var speeds = Variants.ToDictionary(variant => variant.Name, _ => new List<double>());
            int rounds = setting.Times(7);
            for (int round = -1; round < rounds; round++)
            {
                // In another order each round, so that no variant always runs on the warmer device.
                foreach (int index in Enumerable.Range(0, Variants.Length).Select(i => (i + round + 1) % Variants.Length))
                {
                    (string name, int period, string source) = Variants[index];
                    double speed = await SpeedAsync(setting, rig, rows, period, source);
                    if (round >= 0)
                    {
                        speeds[name].Add(speed);
                    }
                }
            }

            double Ratio(string name) => Statistic.Median(speeds[name].Zip(speeds["none"], (with, without) => with / without)) - 1;
            Statistic.Line($"| {rows} | {Statistic.Median(speeds["none"]):0} | {Statistic.Median(speeds["20 Hz"]):0} | {Statistic.Median(speeds["100 Hz"]):0} | {Ratio("20 Hz"):P2} | {Ratio("100 Hz"):P2} | {rounds} |");
        }

        Console.WriteLine();
        await CallsAsync(setting);
        // Once without being shown: what is compiled on the way is no variant's.
        await SamplerAsync(setting, null, 50, "auto");
        foreach ((string name, int period, string source) in Variants)
        {
            await SamplerAsync(setting, name, period, source);
        }
    }

    private static async Task<double> SpeedAsync(EnergySetting setting, EnergyRig rig, int rows, int period, string source)
    {
        await using DeviceMeter meter = EnergyRig.OpenMeter(setting, period, source);
        await using DeviceEngine engine = rig.EngineWith(setting, meter);
        int tokens = setting.Cuda ? 384 : 64;
        int prompt = setting.Cuda ? 128 : 32;
        await rig.WaveAsync(rows, prompt, 8, engine);
        GenerationResult[] ended = await rig.WaveAsync(rows, prompt, tokens, engine);
        double seconds = (ended.Max(one => one.EndedAt) - ended.Min(one => one.SubmittedAt)).TotalSeconds;
        return rows * tokens / seconds;
    }

    /// <summary>Admission and end of a request: all that its own path calls of the meter.</summary>
    private static async Task CallsAsync(EnergySetting setting)
    {
        await using DeviceMeter meter = EnergyRig.OpenMeter(setting);
        const int Requests = 2000;
        var each = new List<double>(Requests);
        for (int i = 0; i < Requests; i++)
        {
            long start = Stopwatch.GetTimestamp();
            long key = meter.Admit(meter.Now);
            Task<SettledRequest> settled = meter.Finish(key, meter.Now);
            each.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            if (i % 64 == 63)
            {
                await settled;
            }
        }

        each.Sort();
        Statistic.Line($"Calls on a request's path (admission and end): median {each[Requests / 2]:0.0} us, 99th percentile {each[Requests * 99 / 100]:0.0} us.");
    }

    private static async Task SamplerAsync(EnergySetting setting, string? name, int period, string source)
    {
        await using DeviceMeter meter = EnergyRig.OpenMeter(setting, period, source);
        await Task.Delay(setting.Seconds(1));
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        TimeSpan before = process.TotalProcessorTime;
        long allocated = GC.GetTotalAllocatedBytes();
        var watch = Stopwatch.StartNew();
        await Task.Delay(setting.Seconds(8));
        process.Refresh();
        double share = (process.TotalProcessorTime - before) / watch.Elapsed;
        if (name is not null)
        {
            Statistic.Line($"Idle process, meter {name}: {share:P3} of one processor, {(GC.GetTotalAllocatedBytes() - allocated) / watch.Elapsed.TotalSeconds:0} bytes allocated a second.");
        }
    }
}
