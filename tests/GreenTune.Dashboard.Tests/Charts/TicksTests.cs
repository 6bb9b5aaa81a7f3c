using FsCheck;
using FsCheck.Fluent;
using GreenTune.Dashboard.Charts;

namespace GreenTune.Dashboard.Tests.Charts;

public sealed class TicksTests
{
    [Theory]
    [InlineData(17, new[] { 0.0, 5, 10, 15, 20 })]
    [InlineData(8, new[] { 0.0, 2, 4, 6, 8 })]
    [InlineData(64, new[] { 0.0, 20, 40, 60, 80 })]
    [InlineData(0, new[] { 0.0, 1 })]
    public void Ticks_from_zero_are_round_and_reach_the_largest(double max, double[] expected) => Assert.Equal(expected, Ticks.FromZero(max));

    [Fact]
    public void Any_range_is_enclosed_by_evenly_spaced_round_ticks()
    {
        var ranges = from low in Gen.Choose(-100_000, 100_000)
                     from span in Gen.Choose(1, 1_000_000)
                     select (Low: low / 1000.0, High: (low + span) / 1000.0);
        Check.QuickThrowOnFailure(Prop.ForAll(ranges.ToArbitrary(), range =>
        {
            var ticks = Ticks.Enclosing(range.Low, range.High);
            var step = Ticks.StepOf(ticks);
            return ticks[0] <= range.Low + (step * 1e-6) && ticks[^1] >= range.High - (step * 1e-6) && ticks.Count <= 9
                && ticks.Zip(ticks.Skip(1)).All(p => Math.Abs(p.Second - p.First - step) < step * 1e-6);
        }));
    }

    [Fact]
    public void Inside_a_range_there_are_at_least_three()
    {
        foreach (var (from, to) in ((double, double)[])[(-0.0126, 0.0441), (0, 1), (-60, 0), (3, 3.2)])
        {
            var ticks = Ticks.Inside(from, to, 3);
            Assert.True(ticks.Count >= 3);
            Assert.All(ticks, t => Assert.InRange(t, from - 1e-9, to + 1e-9));
        }
    }

    [Fact]
    public void A_logarithmic_axis_has_1_2_and_5() => Assert.Equal([5, 10, 20, 50], Ticks.Logarithmic(3.5, 60).Select(t => Math.Round(t, 6)));
}
