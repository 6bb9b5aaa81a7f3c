using GreenTune.Core.Contracts;
using GreenTune.Core.Profiles;

namespace GreenTune.Bench.Energy;

/// <summary>
/// The length profile on a grid of prompt and answer lengths, at two loads: fitted on every other length, tested on the lengths between that it has never seen, request by
/// request and as the mean of the requests of a cell.
/// </summary>
internal static class ProfileExperiment
{
    public static async Task RunAsync(EnergySetting setting)
    {
        int[] lengths = [.. new[] { 64, 128, 256, 512, 1024, 2048, 4096 }.Where(length => length <= setting.Longest)];
        await using EnergyRig rig = await EnergyRig.OpenAsync(setting, contextTokens: 2 * lengths[^1] + 64);
        await Task.Delay(setting.Seconds(15));
        foreach (int clients in (int[])[1, 8])
        {
            List<Answered> answered = await GridAsync(setting, rig, lengths, clients);
            Report(clients, lengths, answered);
        }
    }

    private static async Task<List<Answered>> GridAsync(EnergySetting setting, EnergyRig rig, int[] lengths, int clients)
    {
        // Short cells more often: each cell about as many seconds.
        var work = new List<(int Prompt, int Tokens)>();
        foreach (int prompt in lengths)
        {
            foreach (int tokens in lengths)
            {
                int repeats = setting.Times(Math.Clamp(1024 / tokens, 1, 8)) * (clients == 1 ? 1 : 2);
                work.AddRange(Enumerable.Repeat((prompt, tokens), repeats));
            }
        }

        var random = new Random(clients);
        (int Prompt, int Tokens)[] shuffled = [.. work];
        random.Shuffle(shuffled);
        int next = -1;
        return await rig.ClosedLoopAsync(clients, clients, (_, _) => Interlocked.Increment(ref next) is var at && at < shuffled.Length ? shuffled[at] : null);
    }

    private static void Report(int clients, int[] lengths, List<Answered> answered)
    {
        var fitter = new LengthProfileFitter();
        // Every second length is for the fit, the ones between are never shown to it.
        bool Fitted(int length) => Array.IndexOf(lengths, length) % 2 == 0;
        var records = answered.Where(one => one.Settled.Energy.Joules is not null).Select(one => (one.InputTokens, one.OutputTokens, Record: RecordOf(one))).ToList();
        foreach ((_, _, LengthRecord record) in records.Where(one => Fitted(one.InputTokens) && Fitted(one.OutputTokens)))
        {
            fitter.Add(record);
        }

        if (fitter.Profile is not { } profile)
        {
            Console.WriteLine($"{clients} clients: too few lengths for a fit.");
            return;
        }

        var held = records.Where(one => !Fitted(one.InputTokens) || !Fitted(one.OutputTokens)).ToList();
        double Error(LengthRecord record) => Math.Abs(profile.Predict(record.InputTokens, record.OutputTokens).Joules.Value / record.Joules.Value - 1);
        var cells = held.GroupBy(one => (one.InputTokens, one.OutputTokens)).Select(cell =>
        {
            double mean = cell.Average(one => one.Record.Joules.Value);
            return (cell.Key, Mean: mean, Error: Math.Abs(profile.Predict(cell.Key.InputTokens, cell.Key.OutputTokens).Joules.Value / mean - 1));
        }).ToList();
        Statistic.Line($"");
        Statistic.Line($"{clients} clients: {records.Count} requests with figures of {answered.Count}; coefficients {string.Join(", ", profile.Coefficients.Select(c => FormattableString.Invariant($"{c:0.###e+00}")))}; R2 {profile.RSquared:0.0000}; mean requests in flight {answered.Average(one => one.Settled.MeanRowsInFlight):0.0}.");
        Statistic.Line($"Held-out lengths: MAPE {held.Average(one => Error(one.Record)):P1} by request ({held.Count}), {cells.Average(cell => cell.Error):P1} by cell ({cells.Count}), worst cell {cells.MaxBy(cell => cell.Error).Key} {cells.Max(cell => cell.Error):P1}.");
        Statistic.Line($"");
        Console.WriteLine("| prompt | answer | J | J/output token | predicted J | error |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var cell in cells.OrderBy(cell => cell.Key))
        {
            Statistic.Line($"| {cell.Key.InputTokens} | {cell.Key.OutputTokens} | {cell.Mean:0.000} | {cell.Mean / cell.Key.OutputTokens:0.0000} | {profile.Predict(cell.Key.InputTokens, cell.Key.OutputTokens).Joules.Value:0.000} | {cell.Error:P1} |");
        }
    }

    private static LengthRecord RecordOf(Answered one)
    {
        EnergyFigures energy = one.Settled.Energy;
        return new(one.InputTokens, one.OutputTokens, energy.Joules!.Value, energy.Uncertainty?.Independent ?? energy.Joules.Value * 0.1);
    }
}
