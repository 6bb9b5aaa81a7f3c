using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Charts;

/// <summary>What <see cref="BudgetChart"/> draws. Amounts are in base units (grams or watt-hours).</summary>
public sealed record BudgetChartData
{
    public required DateTimeOffset From { get; init; }

    public required DateTimeOffset To { get; init; }

    public required DateTimeOffset Now { get; init; }

    /// <summary>Settled amount now.</summary>
    public required double Used { get; init; }

    /// <summary>Cumulative amounts by time.</summary>
    public required IReadOnlyList<(DateTimeOffset At, double Used)> Points { get; init; }

    public required IReadOnlyList<ThresholdLine> Thresholds { get; init; }

    /// <summary>Amount at the window's end at the pace so far; null when it is too early to say.</summary>
    public double? AtEnd { get; init; }

    /// <summary>The next threshold that this pace passes, and when; null when it passes none.</summary>
    public (DateTimeOffset At, ThresholdLine Threshold)? Crossing { get; init; }

    public required Unit Unit { get; init; }

    public required LocalTimes Times { get; init; }

    public required Func<string, string> AxisTitle { get; init; }

    public required string Description { get; init; }
}

/// <summary>A threshold as a line.</summary>
/// <param name="Action">What happens there.</param>
/// <param name="Amount">Where it is.</param>
/// <param name="Label">"Notify 80 %: 6.40 g".</param>
public sealed record ThresholdLine(BudgetAction Action, double Amount, string Label);

/// <summary>Where <see cref="BudgetChart"/> puts what it draws.</summary>
internal sealed class BudgetGeometry
{
    /// <summary>From the plot's left edge to the thresholds' labels.</summary>
    public const double LabelInset = 8;

    private const double LabelHeight = 15;

    public required PlotArea Plot { get; init; }

    public required Scale Y { get; init; }

    public required UnitScale Scale { get; init; }

    public required IReadOnlyList<double> ValueTicks { get; init; }

    public required IReadOnlyList<(double At, string Label)> TimeTicks { get; init; }

    public required IReadOnlyList<Line> Thresholds { get; init; }

    public required string UsedLine { get; init; }

    public required string UsedArea { get; init; }

    public string? Pace { get; init; }

    public (double X, double Y)? Now { get; init; }

    public required string NowLabel { get; init; }

    public bool NowOnLeft { get; init; }

    public double NowLabelY { get; init; }

    public Mark? Crossing { get; init; }

    public static BudgetGeometry Of(BudgetChartData data, double width, int height)
    {
        var limit = data.Thresholds.Count > 0 ? data.Thresholds.Max(t => t.Amount) : 0;
        // A pace far above the limit leaves the drawing: the lines that matter keep their room.
        var highest = Math.Max(Math.Max(data.Used, limit), Math.Min(data.AtEnd ?? 0, limit > 0 ? limit * 1.15 : double.PositiveInfinity));
        var ticks = Ticks.FromZero(highest > 0 ? highest : 1);
        var scale = UnitScale.ForAxis(ticks[^1], Ticks.StepOf(ticks), data.Unit);
        var left = 14 + ticks.Max(t => TraceGeometry.TextWidth(scale.Number(t)));
        var plot = new PlotArea(Math.Max(40, left), 24, width - 26, height - 42);
        // Room above the highest line for its label.
        var y = new Scale(0, highest > 0 ? highest * 1.12 : 1, plot.Bottom, plot.Top);
        var total = (data.To - data.From).TotalSeconds;
        double X(DateTimeOffset at) => plot.Left + (plot.Width * Math.Clamp((at - data.From).TotalSeconds / Math.Max(total, 1), 0, 1));
        var now = (X: X(data.Now), Y: y.At(data.Used));
        var past = data.Points.Where(p => p.At <= data.Now).Select(p => (X(p.At), y.At(p.Used))).Append((now.X, now.Y)).ToList();
        if (past.Count == 1 || past[0].Item1 > plot.Left + 1)
        {
            past.Insert(0, (plot.Left, y.At(0)));
        }

        var lines = LinesOf(data.Thresholds, y);
        var nowLabel = "now " + UnitScale.For(data.Used, data.Unit).Figure(data.Used);
        var onLeft = now.X + TraceGeometry.TextWidth(nowLabel) + 14 > plot.Right;
        var labelFrom = onLeft ? now.X - 10 - TraceGeometry.TextWidth(nowLabel) : now.X + 10;
        var nowLabelY = ClearOf([.. lines.Where(l => labelFrom < plot.Left + LabelInset + TraceGeometry.TextWidth(l.Label) + 8)], lines, now.Y, plot);
        return new BudgetGeometry
        {
            Plot = plot,
            Y = y,
            Scale = scale,
            ValueTicks = [.. ticks.Where(t => t <= y.Max)],
            TimeTicks = TimeTicksOf(data, plot.Width, X),
            Thresholds = lines,
            UsedLine = SvgPath.Line(past),
            UsedArea = SvgPath.Area(past, plot.Bottom),
            Pace = data.AtEnd is { } end ? SvgPath.Line([(now.X, now.Y), PaceEnd(data.Used, end, now.X, y, plot)]) : null,
            Now = now,
            NowLabel = nowLabel,
            NowLabelY = nowLabelY,
            NowOnLeft = onLeft,
            Crossing = data.Crossing is { } crossing
                ? MarkOf((X(crossing.At), y.At(crossing.Threshold.Amount)), data.Times.HourMinute(crossing.At), ColourOf(crossing.Threshold.Action), (labelFrom, labelFrom + TraceGeometry.TextWidth(nowLabel), nowLabelY), plot)
                : null,
        };
    }

    /// <summary>Its label is below the point, or above it where what is said of now stands below; where neither has room, the headline tells the time.</summary>
    private static Mark MarkOf((double X, double Y) at, string label, string colour, (double Left, double Right, double Y) taken, PlotArea plot)
    {
        var anchor = at.X > plot.Right - 24 ? "end" : "middle";
        var width = TraceGeometry.TextWidth(label);
        var left = anchor == "end" ? at.X - width : at.X - (width / 2);
        var clear = new[] { at.Y + 22, at.Y - 12 }
            .Where(y => y > plot.Top + 8 && y < plot.Bottom - 4 && (left > taken.Right + 4 || left + width < taken.Left - 4 || Math.Abs(y - taken.Y) >= LabelHeight))
            .Cast<double?>().FirstOrDefault();
        return new Mark(at.X, at.Y, clear is null ? string.Empty : label, clear ?? at.Y, anchor, colour);
    }

    /// <summary>The first height near a point at which no threshold crosses a text and none of the labels beside it touches it; below the point where there is none.</summary>
    private static double ClearOf(List<Line> beside, List<Line> lines, double y, PlotArea plot)
    {
        double[] heights = [y + 18, y - 10, y + 32, y + 46, y - 26, y + 60, y + 74, y + 88];
        return heights
            .Where(h => h < plot.Bottom - 4 && h > plot.Top + 8)
            .Where(h => lines.All(l => l.Y < h - 12 || l.Y > h + 4))
            .Where(h => beside.All(l => Math.Abs(l.LabelY - h) >= LabelHeight))
            .DefaultIfEmpty(Math.Min(y + 18, plot.Bottom - 6))
            .First();
    }

    /// <summary>Where the pace reaches the window's end, or the drawing's top if that comes first.</summary>
    private static (double X, double Y) PaceEnd(double used, double end, double nowX, Scale y, PlotArea plot) => end <= y.Max
        ? (plot.Right, y.At(end))
        : (nowX + ((plot.Right - nowX) * (y.Max - used) / (end - used)), plot.Top);

    private static List<(double At, string Label)> TimeTicksOf(BudgetChartData data, double width, Func<DateTimeOffset, double> x)
    {
        // A day has its clock; an hour its minutes, a week and a month their days.
        var length = data.To - data.From;
        var (step, days) = length < TimeSpan.FromHours(3) ? (TimeSpan.FromMinutes(width < 420 ? 20 : 10), false)
            : length < TimeSpan.FromHours(30) ? (TimeSpan.FromHours(width < 420 ? 8 : 4), false)
            : length < TimeSpan.FromDays(9) ? (TimeSpan.FromDays(width < 420 ? 2 : 1), true)
            : (TimeSpan.FromDays(width < 420 ? 10 : 5), true);
        var ticks = new List<(double, string)>();
        for (var at = data.From; at <= data.To; at += step)
        {
            var end = at == data.To;
            ticks.Add((x(at), days ? data.Times.Day(at) : end && data.Times.HourMinute(at) == "00:00" ? "24:00" : data.Times.HourMinute(at)));
        }

        return ticks;
    }

    /// <summary>Labels above the highest line and below the others, moved apart where lines are close.</summary>
    private static List<Line> LinesOf(IReadOnlyList<ThresholdLine> thresholds, Scale y)
    {
        var lines = new List<Line>();
        var lastLabel = double.NegativeInfinity;
        foreach (var (threshold, i) in thresholds.OrderByDescending(t => t.Amount).Select((t, i) => (t, i)))
        {
            var at = y.At(threshold.Amount);
            var label = i == 0 ? at - 6 : at + LabelHeight + 1;
            label = Math.Max(label, lastLabel + LabelHeight);
            lastLabel = label;
            lines.Add(new Line(at, label, threshold.Label, ColourOf(threshold.Action), threshold.Action switch
            {
                BudgetAction.Notify => "2 4",
                BudgetAction.Degrade => "7 4",
                _ => null,
            }));
        }

        return lines;
    }

    private static string ColourOf(BudgetAction action) => action switch
    {
        BudgetAction.Notify => "var(--notify)",
        BudgetAction.Degrade => "var(--degrade)",
        _ => "var(--block)",
    };

    /// <summary>A threshold in pixels.</summary>
    public sealed record Line(double Y, double LabelY, string Label, string Colour, string? Dashes);

    /// <summary>Where the pace passes a threshold.</summary>
    public sealed record Mark(double X, double Y, string Label, double LabelY, string Anchor, string Colour);
}
