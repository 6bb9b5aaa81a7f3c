namespace GreenTune.Bench.Energy;

/// <summary>One plan ten times: how far its J/token scatters.</summary>
internal static class RepeatExperiment
{
    public static async Task RunAsync(EnergySetting setting)
    {
        await using EnergyRig rig = await EnergyRig.OpenAsync(setting);
        await Task.Delay(setting.Seconds(15));
        await rig.ClosedLoopAsync(setting.Rows, setting.Seconds(3), 1, SteadyExperiment.Mixed);
        Console.WriteLine("| repeat | requests | output tokens | J/token | active J/token | tokens/s |");
        Console.WriteLine("|---|---|---|---|---|---|");
        var whole = new List<double>();
        var active = new List<double>();
        for (int repeat = 1; repeat <= 10; repeat++)
        {
            // The same requests each time, one after the other per client: a plan is its workload, not its luck.
            List<Answered> answered = await PlanAsync(setting, rig);
            double seconds = (answered.Max(one => one.Result.EndedAt) - answered.Min(one => one.Result.SubmittedAt)).TotalSeconds;
            double tokens = answered.Sum(one => one.OutputTokens);
            whole.Add(answered.Sum(one => one.Settled.Energy.Joules?.Value ?? double.NaN) / tokens);
            active.Add(answered.Sum(one => one.Settled.Energy.ActiveJoules?.Value ?? double.NaN) / tokens);
            Statistic.Line($"| {repeat} | {answered.Count} | {tokens:0} | {whole[^1]:0.000000} | {active[^1]:0.000000} | {tokens / seconds:0} |");
            await Task.Delay(setting.Seconds(2));
        }

        Statistic.Line($"");
        Statistic.Line($"Coefficient of variation over 10 repeats: {Statistic.Deviation(whole) / whole.Average():P2} of J/token, {Statistic.Deviation(active) / active.Average():P2} of active J/token.");
    }

    private static Task<List<Answered>> PlanAsync(EnergySetting setting, EnergyRig rig)
    {
        int perClient = setting.Times(setting.Cuda ? 25 : 4);
        return rig.ClosedLoopAsync(setting.Rows, 4001, (random, sent) => sent < perClient ? SteadyExperiment.Mixed(random) : null);
    }
}
