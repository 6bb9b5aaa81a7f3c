using GreenTune.Core.Contracts;
using GreenTune.Metering.Simulated;
using GreenTune.Metering.Tests.Support;

namespace GreenTune.Metering.Tests.Truth;

/// <summary>How the meter's figures compare with the truth over repeated runs, the sensor's gain drawn anew in each.</summary>
internal sealed record TruthResult(
    int Requests,
    double MeanAbsoluteError,
    double IndependentError,
    double Bias,
    double MeanSigma,
    double WithinOneSigma,
    double WithinTwoSigma,
    double UnattributedOfActive,
    double NaiveFactor);

internal static class TruthRun
{
    private const double Quiet = 5;

    /// <summary>Runs and compares.</summary>
    /// <param name="sensor">The sensor; its seed and gain are set here.</param>
    /// <param name="clients">Concurrent clients.</param>
    /// <param name="runs">Runs.</param>
    /// <param name="seconds">Seconds of requests in each.</param>
    public static async Task<TruthResult> Compare(SimulatedSensor sensor, int clients, int runs, double seconds)
    {
        var errors = new List<double>();
        var independent = new List<double>();
        var sigmas = new List<double>();
        int one = 0, two = 0;
        double active = 0, unattributed = 0, naive = 0, truth = 0;
        for (int run = 0; run < runs; run++)
        {
            double gain = 1 + 0.05 * NormalQuantile((run + 0.5) / runs);
            TruthWorkload workload = TruthWorkload.Create(17 * clients + run, clients, seconds, clients == 1 ? 0.3 : 0.1);
            (Dictionary<int, SettledRequest> settled, EnergyBuckets buckets) = await Meter(workload, sensor with { Seed = run + 1, Gain = gain });
            active += buckets.Active.Value;
            unattributed += Math.Max(0, buckets.Unattributed.Value);
            foreach (TrueRequest request in workload.Requests)
            {
                EnergyFigures figures = settled[request.Id].Energy;
                double error = figures.Joules!.Value.Value - request.Joules;
                double sigma = figures.RelativeUncertainty!.Value * figures.Joules.Value.Value;
                errors.Add(error / request.Joules);
                independent.Add((figures.Joules.Value.Value / gain - request.Joules) / request.Joules);
                sigmas.Add(sigma / request.Joules);
                one += Math.Abs(error) <= sigma ? 1 : 0;
                two += Math.Abs(error) <= 2 * sigma ? 1 : 0;
                naive += workload.DeviceEnergy(request.Admitted, request.Finished);
                truth += request.Joules;
            }
        }
        return new(
            errors.Count,
            errors.Average(Math.Abs),
            independent.Average(Math.Abs),
            independent.Average(),
            sigmas.Average(),
            (double)one / errors.Count,
            (double)two / errors.Count,
            unattributed / active,
            naive / truth);
    }

    private static async Task<(Dictionary<int, SettledRequest> Settled, EnergyBuckets Buckets)> Meter(TruthWorkload workload, SimulatedSensor sensor)
    {
        await using var bench = new Bench(sensor, TruthWorkload.IdleWatts);
        bench.Run(Quiet, TruthWorkload.IdleWatts);
        for (int i = 0; i < workload.Watts.Length; i++)
            bench.Curve.Append(Quiet + (i + 1) * 0.001, TruthWorkload.IdleWatts + workload.Watts[i]);

        var keys = new Dictionary<int, long>();
        var tasks = new Dictionary<int, Task<SettledRequest>>();
        var events = new List<(double At, int Order, Action Tell)>();
        foreach (TrueRequest request in workload.Requests)
        {
            events.Add((request.Admitted, 0, () => keys[request.Id] = bench.Meter.Admit(bench.At(Quiet + request.Admitted))));
            events.Add((request.Finished, 2, () => tasks[request.Id] = bench.Meter.Finish(keys[request.Id], bench.At(Quiet + request.Finished))));
        }
        foreach (TrueStep step in workload.Steps)
        {
            // Rows are looked up when the step is told: their requests have been admitted by then.
            events.Add((step.End, 1, () => bench.Meter.Step(new(
                bench.At(Quiet + step.Start), bench.At(Quiet + step.End), step.Phase, Bench.Work, [.. step.Rows.Select(row => row with { Request = keys[(int)row.Request] })]))));
        }
        var queue = new Queue<(double At, int Order, Action Tell)>(events.OrderBy(e => e.At).ThenBy(e => e.Order));
        double end = workload.Watts.Length * 0.001 + 5;
        for (double at = 0; at < end; at += 0.05)
        {
            while (queue.TryPeek(out var next) && next.At <= at)
                queue.Dequeue().Tell();
            bench.Clock.AdvanceTo(bench.At(Quiet + at));
            bench.Meter.Tick();
        }
        var settled = new Dictionary<int, SettledRequest>();
        foreach ((int request, Task<SettledRequest> task) in tasks)
        {
            Assert.True(task.IsCompleted);
            settled[request] = await task;
        }
        return (settled, bench.Meter.View().Totals!);
    }

    /// <summary>
    /// The runs' gains are the quantiles of their distribution instead of draws, so that few runs stand for many: Abramowitz and Stegun 26.2.23.
    /// </summary>
    private static double NormalQuantile(double probability)
    {
        if (probability > 0.5)
            return -NormalQuantile(1 - probability);
        double t = Math.Sqrt(-2 * Math.Log(probability));
        return -(t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))));
    }
}
