using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Power;
using GreenTune.Core.Units;

namespace GreenTune.Core.Tests.Power;

public sealed class PowerTraceTests
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    [Fact]
    public void A_ramp_is_integrated_exactly_with_both_edges_interpolated()
    {
        PowerTrace trace = Trace((0, 0), (0.05, 50), (0.1, 100), (0.15, 150));

        // 1000 W/s from 0.02 to 0.12 s: 1000 * (0.12^2 - 0.02^2) / 2.
        TraceEnergy energy = trace.Integrate(Time(0.02), Time(0.12));

        Assert.Equal(7, energy.Energy.Value, 12);
        Assert.Equal(TimeSpan.FromMilliseconds(100), energy.Covered);
        Assert.Equal(TraceMarks.None, energy.Marks);
    }

    [Fact]
    public void Nothing_is_extrapolated_beyond_the_trace()
    {
        PowerTrace trace = Trace((1, 100), (1.05, 100));

        TraceEnergy energy = trace.Integrate(Time(0), Time(2));

        Assert.Equal(5, energy.Energy.Value, 12);
        Assert.Equal(TimeSpan.FromMilliseconds(50), energy.Covered);
        Assert.Equal(TimeSpan.Zero, trace.Integrate(Time(3), Time(4)).Covered);
    }

    [Fact]
    public void A_distance_above_three_periods_is_a_gap_in_the_windows_that_touch_it()
    {
        PowerTrace trace = Trace((0, 100), (0.05, 100), (0.25, 100), (0.3, 100));

        Assert.Equal(TraceMarks.Gap, trace.Integrate(Time(0), Time(0.3)).Marks);
        Assert.Equal(TraceMarks.Gap, trace.Integrate(Time(0.2), Time(0.21)).Marks);
        Assert.Equal(TraceMarks.None, trace.Integrate(Time(0.25), Time(0.3)).Marks);
    }

    [Fact]
    public void Samples_out_of_order_twice_or_not_finite_are_left_out_and_counted()
    {
        PowerTrace trace = Trace((0, 100), (0.05, 100));

        Assert.False(trace.Add(new(Time(0.05), new(500))));
        Assert.False(trace.Add(new(Time(0.02), new(500))));
        Assert.False(trace.Add(new(Time(0.1), new(double.NaN))));
        Assert.Equal(3, trace.Dropped);
        Assert.Equal(2, trace.Count);
        Assert.Equal(5, trace.Integrate(Time(0), Time(1)).Energy.Value, 12);
    }

    [Fact]
    public void The_ring_keeps_the_newest_samples()
    {
        var trace = new PowerTrace(4, Period);
        for (int i = 0; i < 11; i++)
            trace.Add(new(Time(0.05 * i), new(i)));

        Assert.Equal(4, trace.Count);
        Assert.Equal([7, 8, 9, 10], Enumerable.Range(0, 4).Select(i => trace[i].Power.Value));
        Assert.Equal(0.05 * (7.5 + 8.5 + 9.5), trace.Integrate(Time(0), Time(1)).Energy.Value, 12);
    }

    [Fact]
    public void Points_between_two_times_have_interpolated_edges()
    {
        PowerTrace trace = Trace((0, 0), (0.05, 50), (0.1, 100));

        Assert.Equal([(0.02, 20), (0.05, 50), (0.08, 80)], trace.Between(Time(0.02), Time(0.08)).Select(p => (p.At.Seconds, Math.Round(p.Power.Value, 9))));
        Assert.Equal([(0.02, 20), (0.03, 30)], trace.Between(Time(0.02), Time(0.03)).Select(p => (p.At.Seconds, Math.Round(p.Power.Value, 9))));
        Assert.Equal([0.0, 0.05, 0.1], trace.Between(Time(-1), Time(1)).Select(p => p.At.Seconds));
        Assert.Empty(trace.Between(Time(0.2), Time(1)));
        Assert.Empty(trace.Between(Time(-2), Time(-1)));
    }

    [Fact]
    public void Windows_that_follow_one_another_add_up_to_the_whole() => Check.QuickThrowOnFailure(Prop.ForAll(
        Gen.Choose(0, int.MaxValue).ToArbitrary(),
        seed =>
        {
            var random = new Random(seed);
            var trace = new PowerTrace(64, Period);
            double at = 0;
            for (int i = 0; i < 50; i++)
                trace.Add(new(Time(at += 0.001 + random.NextDouble() * 0.2), new(random.NextDouble() * 700)));
            double[] cuts = [.. Enumerable.Range(0, 20).Select(_ => random.NextDouble() * at * 1.2).Order()];
            double sum = cuts.Zip(cuts.Skip(1), (a, b) => trace.Integrate(Time(a), Time(b)).Energy.Value).Sum();
            double whole = trace.Integrate(Time(cuts[0]), Time(cuts[^1])).Energy.Value;
            return Math.Abs(sum - whole) <= 1e-9 * Math.Max(1, whole);
        }));

    private static MonotonicTime Time(double seconds) => MonotonicTime.FromSeconds(seconds);

    private static PowerTrace Trace(params (double At, double Watts)[] samples)
    {
        var trace = new PowerTrace(64, Period);
        foreach ((double at, double watts) in samples)
            Assert.True(trace.Add(new(Time(at), new(watts))));
        return trace;
    }
}
