using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering.Baselines;

namespace GreenTune.Metering.Tests.Baselines;

public sealed class BaselineKeeperTests
{
    private static readonly DateTimeOffset Wall = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);
    private static readonly BlockOutcome Quiet = new(0, 0);
    private static readonly BlockOutcome Serving = new(0.1, 0.1);
    private readonly BaselineKeeper _keeper = new(new(), new(80), new(40));
    private double _now = 100;

    [Fact]
    public void Until_one_is_measured_the_assumed_power_stands_in_with_its_large_sigma()
    {
        Pass(2.4, 120);

        Assert.Equal((new Watts(80), new Watts(40)), _keeper.At(Time(_now), Time(_now)));
        Assert.Equal(new BaselineView(new(80), new(40), null, 0, Assumed: true), _keeper.Current(Time(_now)));
        Assert.Null(_keeper.Empty(Time(_now)));
    }

    [Fact]
    public void Two_seconds_of_quiet_after_half_a_second_of_settling_make_a_baseline()
    {
        Pass(0.5, 300);
        Pass(2.2, 120);

        (Watts mean, Watts sigma) = _keeper.At(Time(_now), Time(_now));
        Assert.Equal(120, mean.Value, 6);
        Assert.InRange(sigma.Value, 0.3, 3);
        BaselineView view = _keeper.Empty(Time(_now))!;
        Assert.False(view.Assumed);
        Assert.InRange(view.OverSeconds, 2, 2.5);
        Assert.NotNull(view.MeasuredAt);
    }

    [Fact]
    public void Noise_between_batches_is_the_sigma()
    {
        var random = new Random(3);
        for (int i = 0; i < 600; i++)
            Pass(0.1, 120 + 6 * (random.NextDouble() - 0.5));

        (Watts mean, Watts sigma) = _keeper.At(Time(_now), Time(_now));
        Assert.Equal(120, mean.Value, 0.5);
        Assert.InRange(sigma.Value, 0.5, 1.5);
    }

    [Fact]
    public void The_energy_of_other_processes_is_taken_out_first()
    {
        for (int i = 0; i < 40; i++)
            Pass(0.1, 150, otherWatts: 30);

        Assert.Equal(120, _keeper.At(Time(_now), Time(_now)).Mean.Value, 6);
    }

    [Fact]
    public void Serving_building_and_gaps_are_no_quiet()
    {
        for (int i = 0; i < 30; i++)
        {
            Pass(0.4, 120);
            Pass(0.1, 300, Serving);
        }
        _keeper.BeginBusy(Time(_now));
        Pass(5, 180);
        _keeper.EndBusy(Time(_now));
        for (int i = 0; i < 10; i++)
            Pass(0.3, 500, marks: TraceMarks.Gap);

        Assert.True(_keeper.Current(Time(_now)).Assumed);
        Pass(3, 120);
        Assert.Equal(120, _keeper.Current(Time(_now)).Mean.Value, 6);
    }

    [Fact]
    public void Each_resident_set_has_its_own_and_the_order_of_names_does_not_matter()
    {
        Pass(4, 75);
        _keeper.SetResident(["a", "b"], Time(_now));
        Pass(4, 125);
        _keeper.SetResident(["a"], Time(_now));
        Assert.True(_keeper.Current(Time(_now)).Assumed);
        Pass(4, 110);
        _keeper.SetResident(["b", "a"], Time(_now));

        Assert.Equal(125, _keeper.Current(Time(_now)).Mean.Value, 6);
        Assert.Equal(75, _keeper.Empty(Time(_now))!.Mean.Value, 6);
        // A block from before the change still has the baseline of then.
        Assert.Equal(110, _keeper.At(Time(_now - 0.05), Time(_now)).Mean.Value, 6);
    }

    [Fact]
    public void Later_quiet_refreshes_it()
    {
        Pass(60, 120);
        Pass(60, 121);

        Assert.Equal(121, _keeper.Current(Time(_now)).Mean.Value, 0.1);
    }

    [Fact]
    public void A_burst_that_nobody_reported_is_left_out()
    {
        Pass(10, 120);
        Pass(0.3, 400);
        Pass(10, 120);

        Assert.Equal(120, _keeper.Current(Time(_now)).Mean.Value, 0.1);
        Assert.InRange(_keeper.Current(Time(_now)).Sigma.Value, 0, 1);
    }

    [Fact]
    public void An_old_one_is_kept_but_known_less_well_until_it_is_measured_again()
    {
        Pass(10, 120);
        _now += 3700;
        Pass(0.1, 300, Serving);

        (Watts mean, Watts sigma) = _keeper.At(Time(_now), Time(_now));
        Assert.Equal((120, 12), (Math.Round(mean.Value, 6), Math.Round(sigma.Value, 6)));
        Pass(4, 130);
        Assert.Equal(130, _keeper.Current(Time(_now)).Mean.Value, 6);
        Assert.InRange(_keeper.Current(Time(_now)).Sigma.Value, 0, 1);
    }

    [Fact]
    public void A_contradicted_one_is_known_less_well_and_measured_anew()
    {
        Pass(30, 150);
        _keeper.Restart();
        Assert.Equal(15, _keeper.Current(Time(_now)).Sigma.Value, 6);
        Pass(0.1, 300, Serving);
        Pass(4, 120);

        Assert.Equal(120, _keeper.Current(Time(_now)).Mean.Value, 6);
    }

    private static MonotonicTime Time(double seconds) => MonotonicTime.FromSeconds(seconds);

    private void Pass(double seconds, double watts, BlockOutcome? outcome = null, double otherWatts = 0, TraceMarks marks = TraceMarks.None)
    {
        for (double end = _now + seconds; _now < end - 1e-9;)
        {
            double next = Math.Min(end, _now + 0.1);
            var block = new EnergyBlock
            {
                Start = Time(_now),
                End = Time(next),
                Energy = new(watts * (next - _now)),
                Other = new(otherWatts * (next - _now)),
                Quality = EnergyQuality.Measured,
                Marks = marks,
            };
            _keeper.Observe(block, outcome ?? Quiet, Wall + TimeSpan.FromSeconds(next));
            _now = next;
        }
    }
}
