using System.Text.Json;
using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Metering.Recording;

namespace GreenTune.Metering.Tests.Recording;

/// <summary>
/// Recordings in tests/data replay to the figures that stand beside them, for ever. After a change of the method that is meant to change figures,
/// the figures are written anew by GreenTune.Metering.Tests -explicit only -method '*Write_the_expected_figures'.
/// </summary>
public sealed class RecordedTraceTests
{
    private const double Tolerance = 1e-12;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static TheoryData<string> Traces => [.. Directory.GetFiles(Folder(), "*.greentrace").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Traces))]
    public void A_recorded_trace_replays_to_the_same_figures_for_ever(string trace)
    {
        string path = Path.Combine(Folder(), trace);
        ExpectedFigures expected = JsonSerializer.Deserialize<ExpectedFigures>(File.ReadAllText(FiguresOf(path)), Json)!;

        ExpectedFigures actual = ExpectedFigures.Of(MeterReplay.Run(path));

        Assert.Equal(expected.Samples, actual.Samples);
        Assert.Equal(expected.CounterReadings, actual.CounterReadings);
        Assert.Equal(expected.Steps, actual.Steps);
        Assert.Equal(expected.Qualities, actual.Qualities);
        Same(expected.Buckets, actual.Buckets, "buckets");
        Same(expected.Statistics, actual.Statistics, "statistics");
        Assert.Equal(expected.Requests.Keys.Order(), actual.Requests.Keys.Order());
        foreach ((string request, double?[] figures) in expected.Requests)
            Same(figures, actual.Requests[request], $"request {request}");
    }

    [Theory]
    [MemberData(nameof(Traces))]
    public void A_recorded_trace_balances(string trace)
    {
        EnergyBuckets buckets = MeterReplay.Run(Path.Combine(Folder(), trace)).Buckets;

        Assert.Equal(
            buckets.Total.Value,
            (buckets.Active + buckets.IdleShare + buckets.Idle + buckets.Unattributed + buckets.Other).Value,
            1e-9 * buckets.Total.Value);
    }

    [Fact]
    public void On_an_h200_the_counter_agrees_with_the_samples_and_hardly_anything_is_unattributed()
    {
        MeterReplayResult replay = MeterReplay.Run(Path.Combine(Folder(), "h200.greentrace"));

        Assert.InRange(Math.Abs(replay.Cutting.OverallDisagreement!.Value), 0, 0.01);
        Assert.InRange(Math.Abs(replay.Buckets.Unattributed.Value), 0, 0.02 * replay.Buckets.Active.Value);
        Assert.All(replay.Settlements, one => Assert.Equal(EnergyQuality.Measured, one.Energy.Quality));
        Assert.Equal(
            (replay.Buckets.Active + replay.Buckets.IdleShare).Value,
            replay.Settlements.Sum(one => one.Energy.Joules!.Value.Value),
            1e-9 * replay.Buckets.Total.Value);
    }

    [Fact(Explicit = true)]
    public void Write_the_expected_figures()
    {
        foreach (string path in Directory.GetFiles(Folder(), "*.greentrace"))
            File.WriteAllText(FiguresOf(path), JsonSerializer.Serialize(ExpectedFigures.Of(MeterReplay.Run(path)), Json) + "\n");
    }

    [Fact(Explicit = true)]
    public async Task Write_the_simulated_trace()
    {
        RecordedRun run = await RecordedRun.Make(
            1, 6, new() { Kinds = Core.Power.ReadingKinds.SamplesAndCounter, Gain = 0.98, Noise = 1.5, Jitter = 0.0005, DropProbability = 0.02, AveragingWindow = 0.02 },
            note: "A simulated device of 100 to 360 W with samples each 20 ms and a counter each 100 ms, 2 % low, under up to 12 requests at once.");
        await File.WriteAllBytesAsync(Path.Combine(Folder(), "simulated.greentrace"), run.Recording);
    }

    private static void Same(double?[] expected, double?[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (expected[i] is not { } value)
                Assert.True(actual[i] is null, $"{what}, figure {i}: {actual[i]} instead of null");
            else
                Assert.True(actual[i] is { } got && Math.Abs(got - value) <= Tolerance * Math.Abs(value), $"{what}, figure {i}: {actual[i]:R} instead of {value:R}");
        }
    }

    private static string FiguresOf(string trace) => Path.ChangeExtension(trace, ".figures.json");

    private static string Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string data = Path.Combine(folder.FullName, "tests", "data");
            if (Directory.Exists(data))
                return data;
        }
        throw new DirectoryNotFoundException("tests/data is not above the tests' own folder.");
    }
}

/// <summary>What a recording comes to, as it is kept.</summary>
internal sealed record ExpectedFigures
{
    public required long Samples { get; init; }

    public required long CounterReadings { get; init; }

    public required long Steps { get; init; }

    /// <summary>How many requests came to each quality.</summary>
    public required SortedDictionary<string, int> Qualities { get; init; }

    /// <summary>Total, active, idle share, idle, unattributed, other, in joules.</summary>
    public required double?[] Buckets { get; init; }

    /// <summary>Spans, unscaled spans, gaps, resets, overall and largest disagreement of counter and samples, resident baseline in W.</summary>
    public required double?[] Statistics { get; init; }

    /// <summary>By key: joules, active, prefill, decode, idle, relative uncertainty, mean rows in flight.</summary>
    public required SortedDictionary<string, double?[]> Requests { get; init; }

    public static ExpectedFigures Of(MeterReplayResult replay) => new()
    {
        Samples = replay.Samples,
        CounterReadings = replay.CounterReadings,
        Steps = replay.Steps,
        Qualities = new(replay.Settlements.GroupBy(one => one.Energy.Quality.ToString()).ToDictionary(group => group.Key, group => group.Count())),
        Buckets =
        [
            replay.Buckets.Total.Value, replay.Buckets.Active.Value, replay.Buckets.IdleShare.Value, replay.Buckets.Idle.Value,
            replay.Buckets.Unattributed.Value, replay.Buckets.Other.Value,
        ],
        Statistics =
        [
            replay.Cutting.Spans, replay.Cutting.UnscaledSpans, replay.Cutting.Gaps, replay.Cutting.Resets, replay.Cutting.OverallDisagreement,
            replay.Cutting.LargestDisagreement, (replay.View.ResidentBaseline ?? replay.View.EmptyBaseline)?.Mean.Value,
        ],
        Requests = new(replay.Settlements.ToDictionary(one => one.Request.ToString(System.Globalization.CultureInfo.InvariantCulture), Figures)),
    };

    private static double?[] Figures(Settlement one) =>
    [
        one.Energy.Joules?.Value, one.Energy.ActiveJoules?.Value, one.Energy.PrefillJoules?.Value, one.Energy.DecodeJoules?.Value,
        one.Energy.IdleJoules?.Value, one.Energy.RelativeUncertainty, one.MeanRowsInFlight,
    ];
}
