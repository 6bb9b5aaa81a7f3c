using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;

namespace GreenTune.Bench.Energy;

/// <summary>A steady mixed load: integral of samples against the counter over windows of 5 s, and what no request is charged with.</summary>
internal static class SteadyExperiment
{
    public static async Task RunAsync(EnergySetting setting)
    {
        await using EnergyRig rig = await EnergyRig.OpenAsync(setting);
        await Task.Delay(setting.Seconds(15));
        Console.WriteLine("| rows | window s | mean W | counter J | integral J | integral / counter - 1 |");
        Console.WriteLine("|---|---|---|---|---|---|");
        var differences = new List<double>();
        foreach (int rows in new[] { 1, 8, setting.Rows }.Distinct())
        {
            Task<List<Answered>> load = rig.ClosedLoopAsync(rows, setting.Seconds(20), rows, Mixed);
            await Task.Delay(setting.Seconds(2));
            rig.Meter.CutPeriod();
            if (DeviceProbe.Open() is { } probe)
            {
                (MonotonicTime at, double joules) = probe.NextChange();
                for (int window = 0; window < 3; window++)
                {
                    await Task.Delay(setting.Seconds(5));
                    (MonotonicTime end, double after) = probe.NextChange();
                    await Task.Delay(300);
                    PowerTrace trace = BaselineExperiment.TraceOf(rig.Meter, at, end);
                    setting.Keep($"steady-{rows}-{window}", trace);
                    double integral = trace.Integrate(at, end).Energy.Value;
                    double difference = integral / (after - joules) - 1;
                    differences.Add(difference);
                    Statistic.Line($"| {rows} | {(end - at).TotalSeconds:0.00} | {(after - joules) / (end - at).TotalSeconds:0} | {after - joules:0.0} | {integral:0.0} | {difference:P2} |");
                    (at, joules) = (end, after);
                }
            }
            else
            {
                await Task.Delay(setting.Seconds(15));
            }

            EnergyPeriod period = rig.Meter.CutPeriod() ?? throw new InvalidOperationException("no period was metered");
            List<Answered> answered = await load;
            double parts = period.Active.Value + period.IdleShare.Value + period.Idle.Value + period.Unattributed.Value + period.Other.Value;
            Statistic.Line($"");
            Statistic.Line($"{rows} rows: {answered.Count} requests, active {period.Active.Value:0.0} J, idle share {period.IdleShare.Value:0.0} J, idle {period.Idle.Value:0.00} J, unattributed {period.Unattributed.Value:0.00} J ({period.Unattributed.Value / period.Active.Value:P3} of active), other {period.Other.Value:0.0} J, total {period.Total.Value:0.0} J; parts / total - 1 = {parts / period.Total.Value - 1:0.0e+00}; quality {period.Quality}.");
            IReadOnlyCollection<double> sigmas = [.. answered.Select(one => one.Settled.Energy.RelativeUncertainty ?? double.NaN)];
            foreach (WorkFitView fit in rig.Meter.View().WorkFits ?? [])
            {
                Statistic.Line($"Work model: {fit}.");
            }

            Statistic.Line($"Relative sigma of a request: median {Statistic.Median(sigmas):P1}; without figures {answered.Count(one => one.Settled.Energy.Joules is null)}; of quality {string.Join(", ", answered.GroupBy(one => one.Settled.Energy.Quality).Select(group => $"{group.Key} {group.Count()}"))}.");
            Statistic.Line($"");
        }

        if (differences.Count > 0)
        {
            Statistic.Line($"Largest difference of a window {differences.Max(Math.Abs):P2}, mean {differences.Average():P2}.");
        }
    }

    /// <summary>Lengths of a mixed load: prompts of 32 to 512 tokens, answers of 32 to 256, evenly in their logarithms.</summary>
    internal static (int Prompt, int Tokens) Mixed(Random random) =>
        ((int)(32 * Math.Pow(16, random.NextDouble())), (int)(32 * Math.Pow(8, random.NextDouble())));
}
