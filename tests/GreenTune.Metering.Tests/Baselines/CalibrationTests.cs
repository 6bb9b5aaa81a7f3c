using GreenTune.Core.Contracts;
using GreenTune.Metering.Baselines;
using GreenTune.Metering.Sources;
using GreenTune.Metering.Tests.Support;

namespace GreenTune.Metering.Tests.Baselines;

public sealed class CalibrationTests
{
    [Fact]
    public async Task A_calibration_measures_the_resident_baseline_anew_over_the_time_asked_for()
    {
        await using var bench = new Bench();
        bench.Meter.SetResident(["tiny-int4"]);
        bench.Run(5, 100);
        Task<CalibrationResult> calibrating = bench.Meter.CalibrateAsync(TimeSpan.FromSeconds(10));
        bench.Run(9, 130);
        Assert.False(calibrating.IsCompleted);
        bench.Run(2, 130);

        CalibrationResult result = await calibrating;

        Assert.Null(result.Problem);
        Assert.Equal(["tiny-int4"], result.Resident);
        Assert.Equal(130, result.Baseline!.Mean.Value, 0.1);
        Assert.InRange(result.Baseline.OverSeconds, 10, 11);
        Assert.False(result.Baseline.Assumed);
        Assert.Equal(130, bench.Meter.View().ResidentBaseline!.Mean.Value, 0.1);
    }

    [Fact]
    public async Task The_baseline_in_use_serves_until_there_is_enough_quiet()
    {
        await using var bench = new Bench();
        bench.Run(5, 100);
        Task<CalibrationResult> calibrating = bench.Meter.CalibrateAsync(TimeSpan.FromSeconds(5));
        bench.Run(1, 140);
        Assert.Equal(100, bench.Meter.View().EmptyBaseline!.Mean.Value, 0.1);
        Task<SettledRequest> settled = bench.Serve(2, 300);
        bench.Run(0.1, 140);

        Assert.Equal(400, (await settled).Energy.ActiveJoules!.Value.Value, 10.0);
        bench.Run(10, 140);
        Assert.Equal(140, (await calibrating).Baseline!.Mean.Value, 0.1);
    }

    [Fact]
    public async Task A_device_that_is_never_quiet_ends_a_calibration_with_the_reason()
    {
        await using var bench = new Bench();
        bench.Run(4, 100);
        Task<CalibrationResult> calibrating = bench.Meter.CalibrateAsync(TimeSpan.FromSeconds(2));
        using (bench.Meter.Busy())
            bench.Run(19, 200);

        CalibrationResult result = await calibrating;

        Assert.Contains("quiet for 0 s of the 2 s", result.Problem);
        Assert.Equal(100, result.Baseline!.Mean.Value, 0.5);
    }

    [Fact]
    public async Task A_change_of_what_is_resident_ends_a_calibration()
    {
        await using var bench = new Bench();
        bench.Run(4, 100);
        Task<CalibrationResult> calibrating = bench.Meter.CalibrateAsync(TimeSpan.FromSeconds(5));
        bench.Run(1, 100);
        bench.Meter.SetResident(["tiny-int4"]);
        bench.Run(1, 120);

        Assert.Contains("resident", (await calibrating).Problem);
    }

    [Fact]
    public async Task Only_one_calibration_runs_at_a_time_and_it_has_limits()
    {
        await using var bench = new Bench();
        Task<CalibrationResult> first = bench.Meter.CalibrateAsync(TimeSpan.FromSeconds(2));
        Assert.Contains("under way", (await bench.Meter.CalibrateAsync(TimeSpan.FromSeconds(2))).Problem);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => bench.Meter.CalibrateAsync(TimeSpan.FromSeconds(0.5)));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => bench.Meter.CalibrateAsync(TimeSpan.FromMinutes(2)));
        bench.Run(4, 100);
        Assert.Null((await first).Problem);
        Task<CalibrationResult> open = bench.Meter.CalibrateAsync(TimeSpan.FromSeconds(2));
        await bench.DisposeAsync();
        Assert.Contains("stopped", (await open).Problem);
        Assert.Contains("stopped", (await bench.Meter.CalibrateAsync(TimeSpan.FromSeconds(2))).Problem);
    }

    [Fact]
    public async Task A_device_without_a_meter_has_nothing_to_calibrate()
    {
        var clock = new ManualClock();
        await using var meter = new DeviceMeter(new UnavailablePowerSource("gpu-0", "GPU", Core.Attribution.DeviceComponent.Gpu, "the driver is gone"), null, clock, null, null, startSampler: false);
        CalibrationResult result = await meter.CalibrateAsync(TimeSpan.FromSeconds(5));
        Assert.Contains("the driver is gone", result.Problem);
        Assert.Null(result.Baseline);
    }

    [Fact]
    public async Task Baselines_are_remembered_and_serve_until_they_are_measured_anew()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "below", "baselines.json");
        await using (var first = new Bench(options: new() { BaselineFile = new(path) }))
        {
            first.Run(4, 100);
            first.Meter.SetResident(["a", "b"]);
            first.Run(5, 125);
        }

        await using var second = new Bench(idleWatts: 60, options: new() { BaselineFile = new(path) });
        DeviceView view = second.Meter.View();
        Assert.Equal(100, view.EmptyBaseline!.Mean.Value, 0.2);
        Assert.True(view.EmptyBaseline.Saved);
        Assert.False(view.EmptyBaseline.Assumed);
        Assert.NotNull(view.EmptyBaseline.MeasuredAt);
        // Less sure than it was: it is another day.
        Assert.Equal(0.03 * view.EmptyBaseline.Mean.Value, view.EmptyBaseline.Sigma.Value, 0.01);
        second.Meter.SetResident(["b", "a"]);
        second.Run(0.1, 125);
        Assert.Equal(125, second.Meter.View().ResidentBaseline!.Mean.Value, 0.2);
        second.Run(4, 122);
        BaselineView anew = second.Meter.View().ResidentBaseline!;
        Assert.Equal(122, anew.Mean.Value, 0.5);
        Assert.False(anew.Saved);
    }

    [Fact]
    public async Task An_old_baseline_serves_with_a_large_sigma_and_one_of_other_conditions_not_at_all()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "baselines.json");
        await using (var first = new Bench(options: new() { BaselineFile = new(path) }))
            first.Run(4, 100);

        SavedBaseline old = new BaselineFile(path).Load(await DescriptionAsync(), TimeSpan.FromMilliseconds(50)).Single();
        await using var late = new Bench(options: new() { SavedBaselines = [old with { MeasuredAt = old.MeasuredAt.AddDays(-3) }] });
        Assert.Equal(10, late.Meter.View().EmptyBaseline!.Sigma.Value, 0.1);
        await using var other = new Bench(options: new() { BaselineFile = new(path) }, description: plain => plain with { Explanation = "another driver" });
        Assert.True(other.Meter.View().EmptyBaseline!.Assumed);
        await using var slower = new Bench(options: new() { BaselineFile = new(path), Period = TimeSpan.FromMilliseconds(200) });
        Assert.True(slower.Meter.View().EmptyBaseline!.Assumed);
    }

    private static async Task<PowerSourceDescription> DescriptionAsync()
    {
        await using var bench = new Bench();
        return bench.Source.Description;
    }

    [Fact]
    public async Task A_file_that_cannot_be_used_is_named_once_and_done_without()
    {
        using var folder = new TemporaryFolder();
        var logger = new ListLogger();
        string path = Path.Combine(folder.Path, "baselines.json");
        await File.WriteAllTextAsync(path, "{ this is no list");
        await using (var bench = new Bench(options: new() { BaselineFile = new(path, logger) }))
            bench.Run(4, 100);

        Assert.Single(logger.Lines, line => line.Text.Contains("not remembered"));
        Assert.Equal("{ this is no list", await File.ReadAllTextAsync(path));
    }

    [Fact]
    public void Several_devices_share_a_file()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "baselines.json");
        PowerSourceDescription Of(string id) => new UnavailablePowerSource(id, id, Core.Attribution.DeviceComponent.Gpu, "a test").Description;
        var period = TimeSpan.FromMilliseconds(50);
        var one = new SavedBaseline([], new(100), new(1), DateTimeOffset.UnixEpoch, 5);
        var two = new SavedBaseline(["m"], new(120), new(1), DateTimeOffset.UnixEpoch.AddDays(1), 5);

        new BaselineFile(path).Save(Of("a"), period, [one]);
        new BaselineFile(path).Save(Of("b"), period, [two]);
        new BaselineFile(path).Save(Of("a"), period, [two]);

        // What this run did not see stays.
        Assert.Equal([120.0, 100.0], new BaselineFile(path).Load(Of("a"), period).Select(saved => saved.MeanWatts.Value));
        Assert.Equal(120, Assert.Single(new BaselineFile(path).Load(Of("b"), period)).MeanWatts.Value);
        Assert.Empty(new BaselineFile(path).Load(Of("c"), period));
    }
}
