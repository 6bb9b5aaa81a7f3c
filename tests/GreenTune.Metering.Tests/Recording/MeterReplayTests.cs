using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Metering.Recording;
using GreenTune.Metering.Simulated;
using GreenTune.Metering.Tests.Support;

namespace GreenTune.Metering.Tests.Recording;

public sealed class MeterReplayTests
{
    private static readonly Dictionary<string, SimulatedSensor> Sensors = new()
    {
        ["samples"] = new() { Noise = 2 },
        ["counter with a reset"] = new() { Kinds = ReadingKinds.Counter, CounterPeriod = 0.1, CounterResets = [6] },
        ["both with drops and a gap"] = new() { Kinds = ReadingKinds.SamplesAndCounter, Gain = 0.97, Noise = 1, Jitter = 0.001, DropProbability = 0.1, Stalls = [(6, 6.4)] },
        ["a long stall"] = new() { Kinds = ReadingKinds.SamplesAndCounter, Stalls = [(7, 20)] },
        ["a loss"] = new() { LostAt = 8 },
    };

    [Theory]
    [InlineData("samples")]
    [InlineData("counter with a reset")]
    [InlineData("both with drops and a gap")]
    [InlineData("a long stall")]
    [InlineData("a loss")]
    public async Task A_replay_settles_every_request_as_the_meter_did_to_the_last_bit(string sensor)
    {
        RecordedRun live = await RecordedRun.Make(11, 4, Sensors[sensor]);

        MeterReplayResult replay = MeterReplay.Run(MeterRecording.Read(new MemoryStream(live.Recording)));

        Assert.False(replay.IsTorn);
        Assert.True(live.Settled.Count > 20);
        Assert.Equal(live.Settled.Count, replay.Settlements.Count);
        Assert.Equal(
            live.Settled.Select(one => Line(one.Energy, one.MeanRowsInFlight)).Order(StringComparer.Ordinal),
            replay.Settlements.Select(one => Line(one.Energy, one.MeanRowsInFlight)).Order(StringComparer.Ordinal));
        Assert.Equal(live.Buckets, replay.Buckets);
        Assert.Equal(live.View.ResidentBaseline, replay.View.ResidentBaseline);
        Assert.Equal(live.View.EmptyBaseline, replay.View.EmptyBaseline);
    }

    [Fact]
    public async Task Calibrations_and_remembered_baselines_are_replayed_too()
    {
        var file = new MemoryStream();
        using var recorder = new MeterRecorder(file);
        var bench = new Bench(new() { Noise = 3 }, 100, new() { Recorder = recorder, SavedBaselines = [new([], new(90), new(1), DateTimeOffset.UnixEpoch, 30)] });
        Task<SettledRequest> first = bench.Serve(1, 300);
        bench.Run(1, 100);
        Task<Metering.Baselines.CalibrationResult> calibrating = bench.Meter.CalibrateAsync(TimeSpan.FromSeconds(3));
        bench.Run(5, 110);
        Task<SettledRequest> second = bench.Serve(1, 300);
        bench.Run(1, 110);
        await bench.DisposeAsync();

        MeterReplayResult replay = MeterReplay.Run(MeterRecording.Read(new MemoryStream(file.ToArray())));

        Assert.Null((await calibrating).Problem);
        Assert.Equal((await calibrating).Baseline!.Mean.Value, replay.View.EmptyBaseline!.Mean.Value, 0.5);
        Assert.Equal(bench.Meter.View().EmptyBaseline, replay.View.EmptyBaseline);
        Assert.Equal(
            [Line((await first).Energy, 1), Line((await second).Energy, 1)],
            replay.Settlements.Select(one => Line(one.Energy, one.MeanRowsInFlight)));
    }

    [Fact]
    public async Task Coefficients_that_the_meter_was_given_are_in_the_recording()
    {
        RecordedRun live = await RecordedRun.Make(5, 2, new(), _ => new WorkCoefficients(1e-9, 1e-8, 20));

        MeterReplayResult replay = MeterReplay.Run(MeterRecording.Read(new MemoryStream(live.Recording)));

        Assert.True(replay.Header.GivesCoefficients);
        Assert.Equal(
            live.Settled.Select(one => Line(one.Energy, one.MeanRowsInFlight)).Order(StringComparer.Ordinal),
            replay.Settlements.Select(one => Line(one.Energy, one.MeanRowsInFlight)).Order(StringComparer.Ordinal));
        MeterReplayResult byTime = MeterReplay.Run(MeterRecording.Read(new MemoryStream(live.Recording)), options => options with { Coefficients = _ => null });
        Assert.NotEqual(replay.Settlements.Select(one => one.Energy.ActiveJoules), byTime.Settlements.Select(one => one.Energy.ActiveJoules));
        Assert.Equal(replay.Buckets.Total.Value, byTime.Buckets.Total.Value, 1e-9);
    }

    [Fact]
    public async Task A_recording_that_broke_off_is_replayed_up_to_there()
    {
        RecordedRun live = await RecordedRun.Make(3, 3, new());
        var torn = new MemoryStream(live.Recording[..(live.Recording.Length / 2)]);

        MeterReplayResult replay = MeterReplay.Run(MeterRecording.Read(torn));

        Assert.True(replay.IsTorn);
        Assert.InRange(replay.Settlements.Count, 3, live.Settled.Count - 1);
        HashSet<string> known = [.. live.Settled.Select(one => Line(one.Energy, one.MeanRowsInFlight))];
        Assert.All(replay.Settlements, one => Assert.Contains(Line(one.Energy, one.MeanRowsInFlight), known));
    }

    [Fact]
    public async Task The_result_says_what_was_replayed()
    {
        RecordedRun live = await RecordedRun.Make(4, 1, new(), note: "a made-up device");

        MeterReplayResult replay = MeterReplay.Run(MeterRecording.Read(new MemoryStream(live.Recording)));

        Assert.Equal("a made-up device", replay.Header.Note);
        Assert.Equal("simulated-0", replay.Header.Source.DeviceId);
        Assert.Equal(EnergyQuality.Measured, replay.Header.Source.Quality);
        Assert.Equal(MethodVersions.Attribution, replay.Header.MethodVersion);
        Assert.InRange(replay.Length.TotalSeconds, 9, 12);
        Assert.InRange(replay.Samples, replay.Length.TotalSeconds * 50 - 2, replay.Length.TotalSeconds * 50 + 2);
        Assert.Equal(0, replay.CounterReadings);
        Assert.True(replay.Steps > 50);
        Assert.InRange(replay.Ticks, 180, 250);
    }

    /// <summary>All figures with all their digits.</summary>
    internal static string Line(EnergyFigures energy, double rows) => FormattableString.Invariant(
        $"{energy.Joules?.Value:R} {energy.ActiveJoules?.Value:R} {energy.PrefillJoules?.Value:R} {energy.DecodeJoules?.Value:R} {energy.IdleJoules?.Value:R} {energy.RelativeUncertainty:R} {energy.Uncertainty} {energy.Quality} {energy.PhaseQuality} {rows:R} {energy.Reasons.GetValueOrDefault("joules")}");
}
