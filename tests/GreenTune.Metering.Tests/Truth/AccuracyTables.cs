using System.Text;
using GreenTune.Core.Power;
using GreenTune.Metering.Simulated;

namespace GreenTune.Metering.Tests.Truth;

/// <summary>Makes the tables of docs/metering-accuracy.md.</summary>
internal static class AccuracyTables
{
    public static IReadOnlyList<(string Name, SimulatedSensor Sensor)> Sensors { get; } =
    [
        .. from period in new[] { 0.01, 0.02, 0.1 }
           from window in new[] { 0, 0.025, 0.1, 1 }
           select (FormattableString.Invariant($"{period * 1000:0} ms, averages {window * 1000:0} ms"), new SimulatedSensor { Period = period, AveragingWindow = window, Noise = 1 }),
        ("counter, 100 ms", new() { Kinds = ReadingKinds.Counter, CounterPeriod = 0.1 }),
        ("20 ms and counter", new() { Kinds = ReadingKinds.SamplesAndCounter, Period = 0.02, AveragingWindow = 0.025, Noise = 1 }),
        ("20 ms and counter, faulty", Faulty(new() { Kinds = ReadingKinds.SamplesAndCounter, Period = 0.02, AveragingWindow = 0.025, Noise = 2 })),
        ("100 ms, faulty", Faulty(new() { Period = 0.1, AveragingWindow = 0.025, Noise = 2 })),
    ];

    private const string Begin = "<!-- tables -->";
    private const string End = "<!-- end of tables -->";
    private const int Runs = 20;
    private const double Seconds = 8;

    private static readonly int[] Concurrent = [1, 8, 32, 100, 128];

    public static SimulatedSensor Sensor(string name) => Sensors.Single(entry => entry.Name == name).Sensor;

    /// <summary>The page in the repository that these binaries were built from.</summary>
    public static string Page()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "GreenTune.Aspire.sln")))
                return Path.Combine(folder.FullName, "docs", "metering-accuracy.md");
        }
        throw new InvalidOperationException("The repository is not above " + AppContext.BaseDirectory);
    }

    /// <summary>Puts the tables between the page's marks.</summary>
    public static string Replace(string page, string tables)
    {
        int begin = page.IndexOf(Begin, StringComparison.Ordinal), end = page.IndexOf(End, StringComparison.Ordinal);
        return begin >= 0 && end > begin ? page[..(begin + Begin.Length)] + "\n" + tables + page[end..] : throw new InvalidOperationException($"The page has no {Begin} and {End}.");
    }

    public static async Task<string> Make(Action<string> log)
    {
        var results = new Dictionary<(string, int), TruthResult>();
        foreach ((string name, SimulatedSensor sensor) in Sensors)
        {
            foreach (int clients in Concurrent)
            {
                results[(name, clients)] = await TruthRun.Compare(sensor, clients, Runs, Seconds, warm: sensor.AveragingWindow >= 1 ? 120 : 40);
                log($"{name}, {clients}: {results[(name, clients)]}");
            }
        }
        const string Common = "20 ms and counter";
        var text = new StringBuilder();
        Line($"### Methods beside one another ({Common})");
        Line($"Mean of |error| over truth without the sensor's gain error, and the 95th percentile in brackets.");
        Line($"");
        Line($"| concurrent | requests | GreenTune | equal weights | overlap in time | whole device to each |");
        Line($"|---|---|---|---|---|---|");
        foreach (int clients in Concurrent)
        {
            TruthResult result = results[(Common, clients)];
            Line($"| {clients} | {result.Requests} | {Both(result.Ours)} | {Both(result.EqualWeights)} | {Both(result.Overlap)} | x {result.NaiveFactor:0.00} |");
        }
        Line($"");
        Line($"### Without anything remembered ({Common})");
        Line($"Each run of {Seconds:0} s begins without a fit.");
        Line($"");
        Line($"| concurrent | GreenTune | equal weights | active energy shared by the fit | truth within 2 sigma |");
        Line($"|---|---|---|---|---|");
        foreach (int clients in Concurrent)
        {
            TruthResult result = await TruthRun.Compare(Sensor(Common), clients, Runs, Seconds);
            Line($"| {clients} | {Both(result.Ours)} | {Both(result.EqualWeights)} | {Percent(result.Fitted)} | {Percent(result.WithinTwoSigma)} |");
        }
        Table("Truth within 2 sigma", "Part of the requests whose true energy lies within two of the sigma that their record carries; 95 % is what is promised.", result => Percent(result.WithinTwoSigma));
        Table("Sigma", "Mean of sigma over truth. The gain alone is 5 %.", result => Percent(result.MeanSigma));
        Table("Error with the gain error", "Mean of |error| over truth. A gain error of 5 % alone makes 3.9 %.", result => Percent(result.Ours.Mean));
        Table("Error without the gain error", "Mean of |error| over truth, figures divided by the run's gain.", result => Percent(result.Ours.WithoutGain));
        return text.ToString();

        void Table(string title, string legend, Func<TruthResult, string> cell)
        {
            Line($"");
            Line($"### {title}");
            Line($"{legend}");
            Line($"");
            Line($"| sensor | {string.Join(" | ", Concurrent)} |");
            Line($"|---|{string.Concat(Concurrent.Select(_ => "---|"))}");
            foreach ((string name, _) in Sensors)
                Line($"| {name} | {string.Join(" | ", Concurrent.Select(clients => cell(results[(name, clients)])))} |");
        }

        void Line(FormattableString line) => text.Append(FormattableString.Invariant(line)).Append('\n');
    }

    private static string Percent(double part) => FormattableString.Invariant($"{100 * part:0.0} %");

    private static string Both(MethodErrors errors) => $"{Percent(errors.WithoutGain)} ({Percent(errors.WithoutGainP95)})";

    /// <summary>Ticks and stamps that jitter, samples that get lost, a counter that starts anew, and a stall.</summary>
    private static SimulatedSensor Faulty(SimulatedSensor sensor) => sensor with
    {
        Jitter = 0.05 * sensor.Period,
        StampJitter = 0.05 * sensor.Period,
        DropProbability = 0.03,
        CounterResets = [MeteredRun.Quiet + 3],
        Stalls = [(MeteredRun.Quiet + 5, MeteredRun.Quiet + 5.4)],
    };
}
