using GreenTune.Core.Power;

namespace GreenTune.Core.Tests.Power;

public sealed class TraceThinningTests
{
    [Theory]
    [InlineData(4)]
    [InlineData(17)]
    [InlineData(240)]
    public void Thinning_keeps_the_ends_the_lowest_and_the_highest_in_order(int maxPoints)
    {
        var random = new Random(maxPoints);
        PowerSample[] points = [.. Enumerable.Range(0, 5000).Select(i => new PowerSample(new(i), new(100 + random.NextDouble())))];
        points[1234] = points[1234] with { Power = new(700) };
        points[4321] = points[4321] with { Power = new(3) };

        IReadOnlyList<PowerSample> thin = TraceThinning.Thin(points, maxPoints);

        Assert.InRange(thin.Count, 3, maxPoints);
        Assert.Equal(points[0], thin[0]);
        Assert.Equal(points[^1], thin[^1]);
        Assert.Contains(points[1234], thin);
        Assert.Contains(points[4321], thin);
        Assert.Equal(thin.Select(p => p.At.Ticks).Order(), thin.Select(p => p.At.Ticks));
        Assert.Equal(thin.Count, thin.Distinct().Count());
    }

    [Fact]
    public void A_short_trace_is_left_as_it_is()
    {
        PowerSample[] points = [new(new(1), new(1)), new(new(2), new(2)), new(new(3), new(1))];

        Assert.Equal(points, TraceThinning.Thin(points, 3));
        Assert.Empty(TraceThinning.Thin([], 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => TraceThinning.Thin(points, 1));
    }
}
