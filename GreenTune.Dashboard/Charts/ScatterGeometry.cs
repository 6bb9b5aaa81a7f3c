using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Charts;

/// <summary>One configuration in a scatter.</summary>
/// <param name="Key">Its id.</param>
/// <param name="Label">Its short name.</param>
/// <param name="Cost">Horizontal value with its interval, in joules; above 0.</param>
/// <param name="Quality">Vertical value with its interval.</param>
/// <param name="Size">What its area stands for; null draws the smallest mark.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Colour">A colour token.</param>
/// <param name="Dimmed">Drawn half transparent: below the floor.</param>
public sealed record ScatterPoint(string Key, string Label, Interval Cost, Interval Quality, double? Size, MarkShape Shape, string Colour, bool Dimmed);

/// <summary>Where <see cref="ScatterChart"/> puts what it draws: cost on a logarithmic axis, quality on a linear one.</summary>
internal sealed class ScatterGeometry
{
    private const int TopMargin = 24;
    private const int BottomMargin = 46;
    private const double SmallestRadius = 6;
    private const double LargestRadius = 13;

    public required PlotArea Plot { get; init; }

    public required Scale X { get; init; }

    public required Scale Y { get; init; }

    public required UnitScale ScaleX { get; init; }

    public required IReadOnlyList<double> TicksX { get; init; }

    public required IReadOnlyList<double> TicksY { get; init; }

    public required int DecimalsY { get; init; }

    public double? FloorY { get; init; }

    public required string Front { get; init; }

    public required IReadOnlyList<Mark> Marks { get; init; }

    public static ScatterGeometry Of(IReadOnlyList<ScatterPoint> points, double? floor, double width, int height)
    {
        var plot = new PlotArea(46, TopMargin, width - 16, height - BottomMargin);
        var lowest = points.Min(p => Positive(p.Cost.Low, p.Cost.Value)) / 1.15;
        var highest = points.Max(p => Math.Max(p.Cost.High, p.Cost.Value)) * 1.15;
        var x = new Scale(lowest, highest, plot.Left, plot.Right, Logarithmic: true);
        var scaleX = UnitScale.For(Math.Sqrt(lowest * highest), Unit.Joule);
        List<double> levels = [.. points.SelectMany(p => (double[])[p.Quality.Low, p.Quality.High, p.Quality.Value])];
        if (floor is { } limit)
        {
            levels.Add(limit);
        }

        var ticksY = Ticks.Enclosing(Math.Max(0, levels.Min() - 0.005), levels.Max() + 0.005);
        var y = new Scale(ticksY[0], ticksY[^1], plot.Bottom, plot.Top);
        var largest = points.Max(p => p.Size ?? 0);
        var marks = points.Select(p => MarkOf(p, x, y, largest)).ToList();
        List<(double X, double Y)> front = [.. ParetoFront.Of(points, p => p.Cost.Value, p => p.Quality.Value).Select(p => (x.At(p.Cost.Value), y.At(p.Quality.Value)))];
        var lines = front.Zip(front.Skip(1)).Select(pair => (pair.First.X, pair.First.Y, pair.Second.X, pair.Second.Y))
            .Concat(points.Select(p => (x.At(Positive(p.Cost.Low, p.Cost.Value)), y.At(p.Quality.Value), x.At(p.Cost.High), y.At(p.Quality.Value))))
            .Concat(points.Select(p => (x.At(p.Cost.Value), y.At(p.Quality.Low), x.At(p.Cost.Value), y.At(p.Quality.High))))
            .ToList();
        return new ScatterGeometry
        {
            Plot = plot,
            X = x,
            Y = y,
            ScaleX = scaleX,
            TicksX = Spread([.. Ticks.Logarithmic(lowest, highest)], x),
            TicksY = ticksY,
            DecimalsY = Math.Clamp((int)Math.Ceiling(-Math.Log10(Ticks.StepOf(ticksY)) - 1e-9), 0, 4),
            FloorY = floor is { } at ? y.At(at) : null,
            Front = SvgPath.Line(front),
            Marks = LabelPlacement.Place(marks, lines, plot),
        };
    }

    private static Mark MarkOf(ScatterPoint point, Scale x, Scale y, double largest)
    {
        var (cx, cy) = (x.At(point.Cost.Value), y.At(point.Quality.Value));
        // Area, not radius, is what the eye compares.
        var radius = point.Size is { } size && largest > 0 ? SmallestRadius + ((LargestRadius - SmallestRadius) * Math.Sqrt(size / largest)) : SmallestRadius;
        var cross = $"M{SvgPath.Number(x.At(Positive(point.Cost.Low, point.Cost.Value)))} {SvgPath.Number(cy)}H{SvgPath.Number(x.At(point.Cost.High))}"
            + $"M{SvgPath.Number(cx)} {SvgPath.Number(y.At(point.Quality.Low))}V{SvgPath.Number(y.At(point.Quality.High))}";
        return new Mark(point.Key, point.Label, cx, cy, radius, Outline(point.Shape, cx, cy, radius), cross, point.Colour, point.Dimmed, 0, 0, "start");
    }

    /// <summary>Shapes of equal area, so that none looks larger than its value.</summary>
    private static string Outline(MarkShape shape, double x, double y, double radius)
    {
        static string N(double v) => SvgPath.Number(v);
        var square = radius * 0.886;
        return shape switch
        {
            MarkShape.Square => $"M{N(x - square)} {N(y - square)}h{N(2 * square)}v{N(2 * square)}h{N(-2 * square)}z",
            MarkShape.Diamond => $"M{N(x)} {N(y - (radius * 1.253))}l{N(radius * 1.253)} {N(radius * 1.253)}l{N(-radius * 1.253)} {N(radius * 1.253)}l{N(-radius * 1.253)} {N(-radius * 1.253)}z",
            MarkShape.Triangle => $"M{N(x)} {N(y - (radius * 1.555))}l{N(radius * 1.347)} {N(radius * 2.333)}h{N(-radius * 2.694)}z",
            _ => $"M{N(x - radius)} {N(y)}a{N(radius)} {N(radius)} 0 1 0 {N(2 * radius)} 0a{N(radius)} {N(radius)} 0 1 0 {N(-2 * radius)} 0z",
        };
    }

    private static double Positive(double low, double value) => low > 0 ? low : value / 10;

    /// <summary>Drops ticks whose labels would touch.</summary>
    private static List<double> Spread(List<double> ticks, Scale x)
    {
        var kept = new List<double>();
        foreach (var tick in ticks)
        {
            if (kept.Count == 0 || x.At(tick) - x.At(kept[^1]) >= 34)
            {
                kept.Add(tick);
            }
        }

        return kept;
    }

    /// <summary>One configuration in pixels.</summary>
    public sealed record Mark(
        string Key, string Label, double X, double Y, double Radius, string Outline, string Cross, string Colour, bool Dimmed, double LabelX, double LabelY, string LabelAnchor);
}
