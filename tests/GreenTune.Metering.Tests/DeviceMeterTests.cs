using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering.Simulated;
using GreenTune.Metering.Sources;
using GreenTune.Metering.Tests.Support;
using Microsoft.Extensions.Logging;

namespace GreenTune.Metering.Tests;

public sealed class DeviceMeterTests
{
    [Fact]
    public async Task A_request_alone_gets_its_power_times_its_time()
    {
        await using var bench = new Bench();
        bench.Meter.SetResident(["tiny-int4"]);
        bench.Run(4, 100);
        Task<SettledRequest> settled = bench.Serve(2, 300);
        Assert.False(settled.IsCompleted);
        bench.Run(0.1, 100);

        SettledRequest request = await settled;
        Assert.Equal(400, request.Energy.ActiveJoules!.Value.Value, 4.0);
        Assert.Equal(200, request.Energy.IdleJoules!.Value.Value, 1.0);
        Assert.Equal(600, request.Energy.Joules!.Value.Value, 4.0);
        Assert.Equal(EnergyQuality.Measured, request.Energy.Quality);
        Assert.Equal(1, request.MeanRowsInFlight, 9);
        Assert.Equal(100, request.Baseline!.Value.Value, 0.5);
        Assert.True(request.Energy.Settled);
        Assert.InRange(request.Energy.RelativeUncertainty!.Value, 0.04, 0.06);
    }

    [Fact]
    public async Task A_block_waits_for_the_report_of_a_step_that_runs_across_it()
    {
        await using var bench = new Bench();
        bench.Run(4, 100);
        MonotonicTime start = bench.Clock.Now;
        long one = bench.Meter.Admit(start);
        long two = bench.Meter.Admit(start);
        bench.Meter.Step(new(start, start + TimeSpan.FromSeconds(0.11), StepPhase.Decode, Bench.Work, [new(one, 1, 1)]));
        bench.Run(0.11, 300);
        Task<SettledRequest> first = bench.Meter.Finish(one, bench.Clock.Now);
        bench.Run(3, 300);
        Assert.False(first.IsCompleted);

        bench.Meter.Step(new(start + TimeSpan.FromSeconds(0.11), bench.Clock.Now, StepPhase.Prefill, Bench.Work, [new(two, 4000, 0)]));
        bench.Meter.Tick();

        SettledRequest settled = await first;
        Assert.Equal(22, settled.Energy.ActiveJoules!.Value.Value, 2.0);
    }

    [Fact]
    public async Task A_period_balances_and_follows_the_last_one()
    {
        await using var bench = new Bench();
        Assert.Null(bench.Meter.CutPeriod());
        bench.Run(3, 100);
        EnergyPeriod first = bench.Meter.CutPeriod()!;
        Task<SettledRequest> served = bench.Serve(1, 250);
        bench.Run(1, 110);
        EnergyPeriod second = bench.Meter.CutPeriod()!;

        Assert.Equal(first.To, second.From);
        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal("simulated-0", second.Device);
        Assert.InRange((second.To - first.From).TotalSeconds, 4.9, 5);
        foreach (EnergyPeriod period in (EnergyPeriod[])[first, second])
            Assert.Equal(period.Total.Value, (period.Active + period.IdleShare + period.Idle + period.Unattributed + period.Other).Value, 1e-9 * period.Total.Value);
        SettledRequest request = await served;
        Assert.Equal(request.Energy.Joules!.Value.Value, (second.Active + second.IdleShare).Value, 1e-9 * second.Total.Value);
        Assert.Equal((first.Total + second.Total).Value, bench.Meter.View().Totals!.Total.Value, 1e-9);
    }

    [Fact]
    public async Task The_view_says_what_is_metered_and_how()
    {
        await using var bench = new Bench();
        DeviceView fresh = bench.Meter.View();
        Assert.Null(fresh.Now);
        Assert.Null(fresh.Totals);
        Assert.True(fresh.EmptyBaseline!.Assumed);
        Assert.Null(fresh.EmptyBaseline.MeasuredAt);

        bench.Run(4, 100);
        bench.Meter.SetResident(["b", "a", "b"]);
        bench.Run(4, 125);

        DeviceView view = bench.Meter.View();
        Assert.Equal(("simulated-0", "gpu", "simulated", "device"), (view.Id, view.Kind, view.Meter, view.Boundary));
        Assert.Equal(["a", "b"], view.ResidentConfigurations);
        Assert.Equal(125, view.Now!.Value.Value, 0.5);
        Assert.Equal(100, view.EmptyBaseline!.Mean.Value, 0.5);
        Assert.Equal(125, view.ResidentBaseline!.Mean.Value, 0.5);
        Assert.False(view.ResidentBaseline.Assumed);
        Assert.True(view.ResidentBaseline.OverSeconds >= 2);
        Assert.InRange(view.ResidentBaseline.MeasuredAt!.Value, bench.Clock.GetUtcNow() - TimeSpan.FromSeconds(1), bench.Clock.GetUtcNow());
        Assert.Equal(0.02, view.SamplePeriodSeconds);
        Assert.Equal(0.05, view.GainRelative);
    }

    [Fact]
    public async Task Traces_and_frames_are_thinned_and_count_from_where_they_are_asked_to()
    {
        await using var bench = new Bench();
        bench.Run(2, 100);
        bench.Run(0.1, 700);
        bench.Run(2, 100);

        IReadOnlyList<TracePoint> trace = bench.Meter.Trace(bench.At(1), bench.At(3), bench.At(1.5), 20);
        Assert.InRange(trace.Count, 10, 20);
        Assert.Equal(-0.5, trace[0].OffsetSeconds, 6);
        Assert.Equal(1.5, trace[^1].OffsetSeconds, 6);
        Assert.Equal(700, trace.Max(point => point.Watts), 0.5);

        PowerFrame frame = bench.Meter.Frame(TimeSpan.FromSeconds(1), 30);
        Assert.Equal("simulated-0", frame.Device);
        Assert.InRange(frame.Points.Count, 10, 30);
        Assert.All(frame.Points, point => Assert.InRange(point.At, bench.Clock.GetUtcNow() - TimeSpan.FromSeconds(1.001), bench.Clock.GetUtcNow()));
        Assert.Equal(100, frame.Baseline!.Value.Value, 1.0);
        Assert.Empty(bench.Meter.Trace(bench.At(100), bench.At(101), bench.At(100), 10));
    }

    [Fact]
    public async Task A_lost_device_gives_none_with_the_reason_and_names_it_once()
    {
        await using var bench = new Bench(new() { LostAt = 5 });
        bench.Run(4, 100);
        Task<SettledRequest> settled = bench.Serve(2, 300);
        bench.Run(0.2, 100);

        SettledRequest request = await settled;
        Assert.Equal(EnergyQuality.None, request.Energy.Quality);
        Assert.Null(request.Energy.Joules);
        Assert.Contains("the simulated device is gone", request.Energy.Reasons["joules"]);
        Assert.Single(bench.Logger.Lines, line => line.Level == LogLevel.Warning && line.Text.Contains("the simulated device is gone"));
        Assert.Contains("No reading at present", bench.Meter.View().Explanation);
        Assert.Null(bench.Meter.View().Now);
    }

    [Fact]
    public async Task After_a_stall_metering_goes_on_and_what_lay_in_it_is_none()
    {
        await using var bench = new Bench(new() { Stalls = [(4.5, 14)] });
        bench.Run(4, 100);
        Task<SettledRequest> inside = bench.Serve(4, 300);
        bench.Run(10, 100);
        Task<SettledRequest> after = bench.Serve(2, 300);
        bench.Run(0.2, 100);

        Assert.Equal(EnergyQuality.None, (await inside).Energy.Quality);
        Assert.Equal(400, (await after).Energy.ActiveJoules!.Value.Value, 5.0);
        Assert.Contains(bench.Logger.Lines, line => line.Text.Contains("works again"));
    }

    [Fact]
    public async Task A_short_stall_is_a_gap_whose_energy_is_modelled()
    {
        await using var bench = new Bench(new() { Stalls = [(5, 5.5)] });
        bench.Run(4, 100);
        Task<SettledRequest> settled = bench.Serve(2, 300);
        bench.Run(0.2, 100);

        EnergyFigures energy = (await settled).Energy;
        Assert.Equal(EnergyQuality.Modelled, energy.Quality);
        Assert.Equal(400, energy.ActiveJoules!.Value.Value, 6.0);
        Assert.Equal(1, bench.Meter.Cutting.Gaps);
    }

    [Fact]
    public async Task A_device_without_a_meter_answers_at_once_with_the_reason()
    {
        var clock = new ManualClock();
        var meter = new DeviceMeter(new UnavailablePowerSource("gpu-0", "GPU", DeviceComponent.Gpu, "the NVIDIA driver is not loaded"), null, clock, null, null, startSampler: false);
        long request = meter.Admit(clock.Now);
        clock.Advance(TimeSpan.FromSeconds(1));
        Task<SettledRequest> settled = meter.Finish(request, clock.Now);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        meter.Tick();

        SettledRequest none = await settled;
        Assert.Equal(EnergyQuality.None, none.Energy.Quality);
        Assert.Contains("the NVIDIA driver is not loaded", none.Energy.Reasons["joules"]);
        Assert.Null(none.Baseline);
        DeviceView view = meter.View();
        Assert.Equal(("none", EnergyQuality.None), (view.Meter, view.Quality));
        Assert.Null(view.Totals);
        Assert.Null(view.EmptyBaseline);
        Assert.Null(view.GainRelative);
        Assert.Null(meter.CutPeriod());
        Assert.Null(meter.Frame(TimeSpan.FromSeconds(10), 10).Baseline);
        await meter.DisposeAsync();
    }

    [Fact]
    public async Task Finishing_what_was_never_admitted_or_twice_still_answers()
    {
        await using var bench = new Bench();
        Task<SettledRequest> unknown = bench.Meter.Finish(99, bench.Clock.Now);
        long request = bench.Meter.Admit(bench.Clock.Now);
        bench.Run(0.5, 100);
        Task<SettledRequest> first = bench.Meter.Finish(request, bench.Clock.Now);
        Task<SettledRequest> second = bench.Meter.Finish(request, bench.Clock.Now);
        bench.Run(0.1, 100);
        Task<SettledRequest> third = bench.Meter.Finish(request, bench.Clock.Now);
        bench.Run(0.1, 100);

        Assert.Equal(EnergyQuality.None, (await unknown).Energy.Quality);
        Assert.Equal(EnergyQuality.Measured, (await first).Energy.Quality);
        Assert.Equal(await first, await second);
        Assert.Equal(EnergyQuality.None, (await third).Energy.Quality);
    }

    [Fact]
    public async Task Stopping_the_meter_settles_what_it_can_and_answers_the_rest()
    {
        var bench = new Bench();
        bench.Run(4, 100);
        Task<SettledRequest> settles = bench.Serve(1, 300);
        bench.Clock.Advance(TimeSpan.FromMilliseconds(30));
        long open = bench.Meter.Admit(bench.Clock.Now + TimeSpan.FromSeconds(1));
        Task<SettledRequest> late = bench.Meter.Finish(open, bench.Clock.Now + TimeSpan.FromSeconds(2));
        await bench.DisposeAsync();

        Assert.Equal(EnergyQuality.Measured, (await settles).Energy.Quality);
        Assert.Equal("the meter was stopped", (await late).Energy.Reasons["joules"]);
        Assert.Equal("the meter was stopped", (await bench.Meter.Finish(bench.Meter.Admit(bench.Clock.Now), bench.Clock.Now)).Energy.Reasons["joules"]);
    }

    [Fact]
    public async Task A_request_whose_energy_does_not_settle_is_given_up_after_a_while()
    {
        await using var bench = new Bench();
        long stuck = bench.Meter.Admit(bench.Clock.Now);
        long request = bench.Meter.Admit(bench.Clock.Now);
        bench.Run(1, 100);
        Task<SettledRequest> settled = bench.Meter.Finish(request, bench.Clock.Now);
        bench.Run(59, 100);
        Assert.False(settled.IsCompleted);
        bench.Run(3, 100);

        Assert.Contains("60 s after its end", (await settled).Energy.Reasons["joules"]);
        _ = bench.Meter.Finish(stuck, bench.Clock.Now);
    }

    [Fact]
    public async Task A_sensor_whose_driver_hangs_does_not_hang_the_requests()
    {
        await using var bench = new Bench();
        bench.Run(1, 100);
        long request = bench.Meter.Admit(bench.Clock.Now);
        Task<SettledRequest> before = bench.Meter.Finish(request, bench.Clock.Now);
        bench.Clock.Advance(TimeSpan.FromSeconds(10));
        bench.Meter.Watch();
        Assert.False(before.IsCompleted);
        bench.Clock.Advance(TimeSpan.FromSeconds(6));
        bench.Meter.Watch();
        Assert.Contains("has not answered for 16 s", (await before).Energy.Reasons["joules"]);
        Assert.Equal(EnergyQuality.None, (await bench.Meter.Finish(bench.Meter.Admit(bench.Clock.Now), bench.Clock.Now)).Energy.Quality);

        bench.Meter.Tick();
        Task<SettledRequest> after = bench.Serve(1, 300);
        bench.Run(6, 100);
        Assert.True(after.IsCompleted);
    }

    [Fact]
    public async Task A_source_that_throws_is_a_fault_and_no_crash()
    {
        var clock = new ManualClock();
        var logger = new ListLogger();
        var meter = new DeviceMeter(new ThrowingSource(), null, clock, logger, null, startSampler: false);
        meter.Tick();
        clock.Advance(TimeSpan.FromMilliseconds(50));
        meter.Tick();
        await meter.DisposeAsync();

        Assert.Contains(logger.Lines, line => line.Level == LogLevel.Error);
        Assert.Single(logger.Lines, line => line.Level == LogLevel.Warning && line.Text.Contains("it broke"));
    }

    [Fact]
    public async Task Baselines_are_not_taken_from_requests_building_or_loading()
    {
        await using var bench = new Bench();
        using (bench.Meter.Busy())
            bench.Run(5, 180);
        Assert.True(bench.Meter.View().EmptyBaseline!.Assumed);
        await bench.Serve(5, 300).WaitAsync(TimeSpan.Zero).ContinueWith(_ => { });
        Assert.True(bench.Meter.View().EmptyBaseline!.Assumed);
        bench.Run(3, 104);
        Assert.Equal(104, bench.Meter.View().EmptyBaseline!.Mean.Value, 0.5);
    }

    [Fact]
    public async Task A_wrong_baseline_is_noticed_and_measured_anew()
    {
        await using var bench = new Bench(options: new() { Baselines = new() { Expiry = TimeSpan.FromHours(1) } });
        bench.Run(10, 150);
        // The device's idle power has fallen since: a request draws less than its old idle.
        Task<SettledRequest> settled = bench.Serve(2, 105);
        bench.Run(0.1, 100);

        EnergyFigures energy = (await settled).Energy;
        Assert.Equal(EnergyQuality.Modelled, energy.Quality);
        Assert.StartsWith("baseline:", energy.Reasons["quality"]);
        Assert.True(energy.Joules!.Value.Value > 0);
        bench.Run(4, 100);
        Assert.Equal(100, bench.Meter.View().EmptyBaseline!.Mean.Value, 0.5);
    }

    [Fact]
    public async Task Readings_with_counter_and_samples_settle_when_their_span_closes()
    {
        await using var bench = new Bench(new() { Kinds = ReadingKinds.SamplesAndCounter, Gain = 0.97 });
        bench.Run(5, 100);
        Task<SettledRequest> settled = bench.Serve(0.5, 300);
        bench.Run(0.3, 100);
        bench.Run(1.5, 100);

        EnergyFigures energy = (await settled).Energy;
        Assert.Equal(0.97 * 100, energy.ActiveJoules!.Value.Value, 4.0);
        Assert.True(bench.Meter.Cutting.Spans > 3);
        Assert.InRange(Math.Abs(bench.Meter.Cutting.OverallDisagreement!.Value), 0, 0.02);
    }

    [Fact]
    public async Task A_mistake_in_the_books_answers_everybody_and_leaves_the_service_alone()
    {
        await using var bench = new Bench(options: new() { Coefficients = _ => throw new InvalidOperationException("no such coefficients") });
        bench.Run(1, 100);
        Task<SettledRequest> settled = bench.Serve(1, 300);
        bench.Run(1, 100);

        Assert.Contains("no such coefficients", (await settled).Energy.Reasons["joules"]);
        Task<SettledRequest> next = bench.Serve(1, 300);
        bench.Run(0.1, 100);
        Assert.Equal(EnergyQuality.None, (await next).Energy.Quality);
        Assert.Single(bench.Logger.Lines, line => line.Level == LogLevel.Error);
    }

    private sealed class ThrowingSource : IPowerSource
    {
        public PowerSourceDescription Description { get; } = new SimulatedPowerSource(new(), new(100), default).Description;

        public SourceStatus Read(MonotonicTime now, PowerReadings into) => throw new InvalidOperationException("it broke");

        public void Dispose()
        {
        }
    }
}
