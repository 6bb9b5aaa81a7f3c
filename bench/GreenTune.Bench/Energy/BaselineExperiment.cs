using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering;

namespace GreenTune.Bench.Energy;

/// <summary>Both baselines with their sigmas, and what the counter, the samples and the power fields say of the same quiet seconds.</summary>
internal static class BaselineExperiment
{
    public static async Task RunAsync(EnergySetting setting)
    {
        Console.WriteLine("| state | baseline W | sigma W | over s | counter W | integral of samples W | counter / integral - 1 | field 185 W | field 186 W | power usage W |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
        DeviceMeter meter = EnergyRig.OpenMeter(setting);
        await WriteAsync("empty, no context", setting, meter, () => meter.View().EmptyBaseline);
        await using EnergyRig rig = await EnergyRig.OpenAsync(setting, meter);
        await WriteAsync("resident, first half minute", setting, meter, () => meter.View().ResidentBaseline);
        await WriteAsync("resident, second half minute", setting, meter, () => meter.View().ResidentBaseline);
        CuttingStatistics cutting = meter.Cutting;
        Statistic.Line($"");
        Statistic.Line($"Spans rescaled {cutting.Spans}, not believed {cutting.UnscaledSpans}, gaps {cutting.Gaps}, resets {cutting.Resets}, readings left out {cutting.Dropped}; counter / integral - 1 over all {cutting.OverallDisagreement:P2}, largest of a span {cutting.LargestDisagreement:P1}.");
    }

    private static async Task WriteAsync(string state, EnergySetting setting, DeviceMeter meter, Func<BaselineView?> baseline)
    {
        await Task.Delay(setting.Seconds(4));
        DeviceProbe? probe = DeviceProbe.Open();
        MonotonicTime from = meter.Now, to;
        double first = 0, last = 0;
        if (probe is not null)
        {
            (from, first) = probe.NextChange();
        }

        var average = new List<double>();
        var instant = new List<double>();
        var usage = new List<double>();
        long until = Environment.TickCount64 + (long)setting.Seconds(25).TotalMilliseconds;
        while (Environment.TickCount64 < until)
        {
            await Task.Delay(250);
            if (probe is not null)
            {
                average.Add(probe.Field(DeviceProbe.PowerAverage));
                instant.Add(probe.Field(DeviceProbe.PowerInstant));
                usage.Add(probe.Usage());
            }
        }

        to = meter.Now;
        if (probe is not null)
        {
            (to, last) = probe.NextChange();
        }

        await Task.Delay(500);
        double seconds = (to - from).TotalSeconds;
        double integral = TraceOf(meter, from, to).Integrate(from, to).Energy.Value / seconds;
        double counter = probe is null ? double.NaN : (last - first) / seconds;
        BaselineView? view = baseline();
        Statistic.Line($"| {state} | {view?.Mean.Value:0.00} | {view?.Sigma.Value:0.00} | {view?.OverSeconds:0} | {counter:0.00} | {integral:0.00} | {counter / integral - 1:P2} | {Mean(average):0.00} | {Mean(instant):0.00} | {Mean(usage):0.00} |");
    }

    /// <summary>The meter's samples around a window.</summary>
    internal static PowerTrace TraceOf(DeviceMeter meter, MonotonicTime from, MonotonicTime to)
    {
        var margin = TimeSpan.FromMilliseconds(200);
        var trace = new PowerTrace(65_536, TimeSpan.FromSeconds(meter.View().SamplePeriodSeconds));
        foreach (TracePoint point in meter.Trace(from - margin, to + margin, from, int.MaxValue))
        {
            trace.Add(new(from + TimeSpan.FromSeconds(point.OffsetSeconds), new(point.Watts)));
        }

        return trace;
    }

    private static double Mean(List<double> values) => values.Count == 0 ? double.NaN : values.Average();
}
