using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Charts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Tests.Charts;

public sealed class GeometryTests
{
    private static readonly DateTimeOffset Midnight = new(2026, 11, 19, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_trace_begins_at_zero_and_has_room_for_its_highest_point()
    {
        var g = TraceGeometry.Of([new(-1, 6), new(0, 19)], 6.2, -1, 0, 600, 250);
        Assert.Equal(0, g.PowerTicks[0]);
        Assert.True(g.PowerTicks[^1] >= 19);
        Assert.InRange(g.BaselineY!.Value, g.Plot.Top, g.Plot.Bottom);
        Assert.NotEmpty(g.ActiveArea);
        Assert.Empty(g.WholeArea);
    }

    [Fact]
    public void A_trace_without_points_or_baseline_is_still_a_drawing()
    {
        var g = TraceGeometry.Of([], null, -60, 0, 300, 250);
        Assert.Empty(g.Line);
        Assert.Null(g.BaselineY);
        Assert.NotEmpty(g.PowerTicks);
    }

    [Fact]
    public void A_line_enters_the_left_edge_at_the_height_it_has_there()
    {
        var g = TraceGeometry.Of([new(-2, 0), new(0, 10), new(1, 10)], null, -1, 1, 600, 250);
        Assert.StartsWith($"M{SvgPath.Number(g.Plot.Left)} {SvgPath.Number(g.Y.At(5))}", g.Line);
    }

    [Fact]
    public void Bars_start_at_zero_and_no_whisker_leaves_the_plot()
    {
        var g = BarGeometry.Of([new("nano", new(0.0044, 0.0031, 0.0057), "c"), new("tiny", new(0.0495, 0.0346, 0.0644), "c")], Unit.Joule, 420);
        Assert.Equal(g.Plot.Left, g.X.At(0));
        Assert.All(g.Bars, b => Assert.True(b.WhiskerTo <= g.Plot.Right));
        Assert.Equal(["4.4", "49.5"], g.Bars.Select(b => b.ValueText));
    }

    [Fact]
    public void The_front_is_what_nothing_else_beats()
    {
        (double Cost, double Quality)[] items = [(4.4, 0.812), (6.1, 0.832), (16.6, 0.872), (18.9, 0.845), (20.8, 0.881), (49.5, 0.884)];
        Assert.Equal([4.4, 6.1, 16.6, 20.8, 49.5], ParetoFront.Of(items, i => i.Cost, i => i.Quality).Select(i => i.Cost));
    }

    [Fact]
    public void Labels_of_a_scatter_stay_in_the_plot_and_off_each_other()
    {
        ScatterPoint Point(string name, double cost, double quality) =>
            new(name, name, new(cost, cost * 0.7, cost * 1.3), new(quality, quality - 0.008, quality + 0.008), 1000, MarkShape.Circle, "c", false);
        var g = ScatterGeometry.Of([Point("tiny int8", 0.0208, 0.881), Point("tiny int4", 0.0166, 0.872), Point("nano fp32", 0.0189, 0.845), Point("tiny fp32", 0.0495, 0.884)], 0.84, 330, 330);
        var boxes = g.Marks.Select(m =>
        {
            var width = TraceGeometry.TextWidth(m.Label);
            var left = m.LabelAnchor switch { "start" => m.LabelX, "end" => m.LabelX - width, _ => m.LabelX - (width / 2) };
            return (Left: left, Top: m.LabelY - 11, Right: left + width, Bottom: m.LabelY + 3);
        }).ToList();
        Assert.All(boxes, b => Assert.True(b.Left >= g.Plot.Left - 1 && b.Right <= g.Plot.Right + 1));
        Assert.All(boxes, a => Assert.All(boxes.Where(b => b != a), b => Assert.True(a.Right <= b.Left || b.Right <= a.Left || a.Bottom <= b.Top || b.Bottom <= a.Top)));
    }

    [Fact]
    public void A_pace_far_over_the_limit_leaves_at_the_top_without_bending()
    {
        var g = BudgetGeometry.Of(Budget(used: 4, atEnd: 100), 720, 364);
        var end = g.Pace![(g.Pace!.IndexOf('L') + 1)..].Split(' ').Select(n => double.Parse(n, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(g.Plot.Top, end[1], 1);
        Assert.True(end[0] < g.Plot.Right);
    }

    [Fact]
    public void Threshold_labels_do_not_touch()
    {
        var lines = BudgetGeometry.Of(Budget(used: 2.79, atEnd: 6.88), 720, 364).Thresholds;
        Assert.All(lines.Zip(lines.Skip(1)), pair => Assert.True(pair.Second.LabelY - pair.First.LabelY >= 15));
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(0.2)]
    [InlineData(0.6)]
    [InlineData(3)]
    [InlineData(14)]
    public void The_label_of_a_crossing_and_that_of_now_do_not_touch(double hoursAhead)
    {
        BudgetChartData data = Budget(used: 6.3, atEnd: 15);
        var g = BudgetGeometry.Of(data with { Crossing = (data.Now.AddHours(hoursAhead), data.Thresholds[0]) }, 720, 364);
        Assert.NotNull(g.Crossing);
        Assert.NotEmpty(g.Crossing.Label);
        var width = TraceGeometry.TextWidth(g.Crossing.Label);
        var left = g.Crossing.Anchor == "end" ? g.Crossing.X - width : g.Crossing.X - (width / 2);
        var nowWidth = TraceGeometry.TextWidth(g.NowLabel);
        var nowLeft = g.NowOnLeft ? g.Now!.Value.X - 10 - nowWidth : g.Now!.Value.X + 10;
        Assert.True(left >= nowLeft + nowWidth || left + width <= nowLeft || Math.Abs(g.Crossing.LabelY - g.NowLabelY) >= 14, $"{g.Crossing} and {g.NowLabel} at {nowLeft}, {g.NowLabelY}");
        Assert.InRange(left + width, g.Plot.Left, g.Plot.Right + 1);
    }

    private static BudgetChartData Budget(double used, double atEnd) => new()
    {
        From = Midnight,
        To = Midnight.AddDays(1),
        Now = Midnight.AddHours(9.7),
        Used = used,
        Points = [(Midnight, 0), (Midnight.AddHours(5), used / 2)],
        Thresholds = [new(BudgetAction.Notify, 6.4, "n"), new(BudgetAction.Degrade, 7.6, "d"), new(BudgetAction.Block, 8, "b")],
        AtEnd = atEnd,
        Unit = Unit.Gram,
        Times = LocalTimes.ForZone("Etc/UTC"),
        AxisTitle = unit => unit,
        Description = string.Empty,
    };
}
