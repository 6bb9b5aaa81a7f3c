using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Charts;
using GreenTune.Dashboard.Tests.FakeBackend;

namespace GreenTune.Dashboard.Tests.Charts;

public sealed class TriangleGeometryTests
{
    [Fact]
    public void Corners_are_where_one_weight_is_all()
    {
        var g = new TriangleGeometry(272);
        Assert.Equal(g.Energy, g.At(1, 0, 0));
        Assert.Equal(g.Efficiency, g.At(0, 1, 0));
        Assert.Equal(g.Effectiveness, g.At(0, 0, 1));
        Assert.True(g.Efficiency.X >= 0 && g.Effectiveness.X <= 272 && g.Efficiency.Y < g.Height);
    }

    [Fact]
    public void Shares_of_all_winners_sum_to_one_and_each_winner_has_a_path()
    {
        var regions = new TriangleGeometry(272).Regions(SampleThreeE.Triangle(0.95, null, 60));
        Assert.Equal(1, regions.Sum(r => r.Share), 9);
        Assert.All(regions, r => Assert.StartsWith("M", r.Path));
        Assert.True(regions.Sum(r => r.Path.Length) < 20_000, "strips keep the paths short");
    }

    [Fact]
    public void Without_any_winner_nothing_is_drawn()
    {
        var regions = new TriangleGeometry(272).Regions(new WeightTriangle(1, [], [new(1, 0, 0, -1), new(0, 1, 0, -1), new(0, 0, 1, -1)]));
        Assert.Empty(regions);
    }

    [Fact]
    public void Weights_lie_inside_the_drawing_at_any_width()
    {
        var cases = from width in Gen.Choose(150, 320)
                    from a in Gen.Choose(0, 100)
                    from b in Gen.Choose(0, 100)
                    select (width, a: a / 100.0, b: b / 100.0 * (1 - (a / 100.0)));
        Check.QuickThrowOnFailure(Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var g = new TriangleGeometry(c.width);
            var (x, y) = g.At(c.a, c.b, 1 - c.a - c.b);
            return x >= 0 && x <= c.width && y >= 0 && y <= g.Height;
        }));
    }
}
