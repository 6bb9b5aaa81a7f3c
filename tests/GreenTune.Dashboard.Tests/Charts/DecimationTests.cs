using GreenTune.Dashboard.Charts;

namespace GreenTune.Dashboard.Tests.Charts;

public sealed class DecimationTests
{
    [Fact]
    public void A_single_peak_among_thousands_of_points_stays()
    {
        List<(double X, double Y)> points = [.. Enumerable.Range(0, 6000).Select(i => ((double)i, i == 3217 ? 400.0 : 120 + (i % 7)))];
        var thinned = Decimation.MinMax(points, 300);
        Assert.True(thinned.Count <= 300);
        Assert.Contains((3217, 400), thinned);
        Assert.Equal((points[0], points[^1]), (thinned[0], thinned[^1]));
        Assert.Equal(thinned.OrderBy(p => p.X), thinned);
    }

    [Fact]
    public void Few_points_are_left_alone()
    {
        List<(double X, double Y)> points = [(0, 1), (1, 2)];
        Assert.Same(points, Decimation.MinMax(points, 300));
    }
}
