namespace GreenTune.Dashboard.Charts;

/// <summary>Puts each mark's label where it covers least: beside it, above or below, never outside the plot.</summary>
internal static class LabelPlacement
{
    private const double LineHeight = 13;
    private const double Gap = 4;

    /// <summary>Half the thickness that a line is given, so that labels keep off it.</summary>
    private const double LineReach = 2;

    public static IReadOnlyList<ScatterGeometry.Mark> Place(IReadOnlyList<ScatterGeometry.Mark> marks, IReadOnlyList<(double X1, double Y1, double X2, double Y2)> lines, PlotArea plot)
    {
        List<Box> taken = [.. marks.Select(m => new Box(m.X - m.Radius, m.Y - m.Radius, m.X + m.Radius, m.Y + m.Radius)), .. lines.SelectMany(BoxesAlong)];
        var placed = new List<ScatterGeometry.Mark>();
        foreach (var mark in marks)
        {
            var best = Candidates(mark)
                .Select((c, order) => (c, Cost: Cost(c.Box, taken, plot) + (order * 0.5)))
                .MinBy(c => c.Cost).c;
            taken.Add(best.Box);
            placed.Add(mark with { LabelX = best.X, LabelY = best.Y, LabelAnchor = best.Anchor });
        }

        return placed;
    }

    private static IEnumerable<Candidate> Candidates(ScatterGeometry.Mark mark)
    {
        var width = TraceGeometry.TextWidth(mark.Label);
        var side = mark.Radius + Gap;
        foreach (var (dy, offset) in ((double, double)[])[(-mark.Radius - 2, -2), (mark.Radius + LineHeight, 2)])
        {
            yield return Of(mark.X + side + offset, mark.Y + dy, "start", width);
            yield return Of(mark.X - side - offset, mark.Y + dy, "end", width);
        }

        yield return Of(mark.X, mark.Y - mark.Radius - Gap - 2, "middle", width);
        yield return Of(mark.X, mark.Y + mark.Radius + LineHeight + 2, "middle", width);
        yield return Of(mark.X + side, mark.Y + 4, "start", width);
        yield return Of(mark.X - side, mark.Y + 4, "end", width);
    }

    private static Candidate Of(double x, double y, string anchor, double width)
    {
        var left = anchor switch { "start" => x, "end" => x - width, _ => x - (width / 2) };
        return new Candidate(x, y, anchor, new Box(left, y - LineHeight + 2, left + width, y + 3));
    }

    /// <summary>A line as a row of small boxes.</summary>
    private static IEnumerable<Box> BoxesAlong((double X1, double Y1, double X2, double Y2) line)
    {
        var steps = Math.Max(1, (int)(Math.Max(Math.Abs(line.X2 - line.X1), Math.Abs(line.Y2 - line.Y1)) / (2 * LineReach)));
        for (var step = 0; step <= steps; step++)
        {
            var (x, y) = (line.X1 + ((line.X2 - line.X1) * step / steps), line.Y1 + ((line.Y2 - line.Y1) * step / steps));
            yield return new Box(x - LineReach, y - LineReach, x + LineReach, y + LineReach);
        }
    }

    private static double Cost(Box box, IEnumerable<Box> taken, PlotArea plot)
    {
        var covered = taken.Sum(t => t.Overlap(box));
        var outside = Math.Max(0, plot.Left - box.Left) + Math.Max(0, box.Right - plot.Right) + Math.Max(0, plot.Top - box.Top) + Math.Max(0, box.Bottom - plot.Bottom);
        return covered + (outside * 1000);
    }

    private sealed record Candidate(double X, double Y, string Anchor, Box Box);

    private readonly record struct Box(double Left, double Top, double Right, double Bottom)
    {
        public double Overlap(Box other) =>
            Math.Max(0, Math.Min(Right, other.Right) - Math.Max(Left, other.Left)) * Math.Max(0, Math.Min(Bottom, other.Bottom) - Math.Max(Top, other.Top));
    }
}
