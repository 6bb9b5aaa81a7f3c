using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Charts;

/// <summary>A named stretch of a trace.</summary>
/// <param name="FromSeconds">Where it begins.</param>
/// <param name="ToSeconds">Where it ends.</param>
/// <param name="Label">Its name.</param>
/// <param name="Colour">A colour token.</param>
public sealed record TraceRegion(double FromSeconds, double ToSeconds, string Label, string Colour);

/// <summary>Where <see cref="TraceChart"/> puts what it draws.</summary>
internal sealed class TraceGeometry
{
    private const int TopMargin = 24;
    private const int BottomMargin = 28;
    private const int RightMargin = 12;
    private const double CharacterWidth = 6.7;

    /// <summary>More points than this are thinned out: they share pixels anyway.</summary>
    private const int MostPoints = 300;

    private TraceGeometry(PlotArea plot, Scale x, Scale y)
    {
        Plot = plot;
        X = x;
        Y = y;
    }

    public PlotArea Plot { get; }

    public Scale X { get; }

    public Scale Y { get; }

    public required UnitScale PowerScale { get; init; }

    public required IReadOnlyList<double> PowerTicks { get; init; }

    public required IReadOnlyList<double> TimeTicks { get; init; }

    public required string Line { get; init; }

    /// <summary>Between the line and the baseline, where the line is above it.</summary>
    public required string ActiveArea { get; init; }

    /// <summary>Between the line and zero, when there is no baseline.</summary>
    public required string WholeArea { get; init; }

    public double? BaselineY { get; init; }

    public (double X, double Y)? Latest { get; init; }

    public static TraceGeometry Of(IReadOnlyList<TracePoint> points, double? baseline, double fromSeconds, double toSeconds, double width, int height, IReadOnlyList<double>? timeTicks = null)
    {
        var highest = Math.Max(points.Count > 0 ? points.Max(p => p.Watts) : 0, baseline * 1.5 ?? 0);
        var powerTicks = Ticks.FromZero(highest > 0 ? highest * 1.05 : 1);
        var powerScale = UnitScale.ForAxis(powerTicks[^1], Ticks.StepOf(powerTicks), Unit.Watt);
        var longest = powerTicks.Max(t => powerScale.Number(t).Length);
        var plot = new PlotArea(Math.Max(28, 14 + (longest * CharacterWidth)), TopMargin, width - RightMargin, height - BottomMargin);
        var x = new Scale(fromSeconds, toSeconds > fromSeconds ? toSeconds : fromSeconds + 1, plot.Left, plot.Right);
        var y = new Scale(0, powerTicks[^1], plot.Bottom, plot.Top);
        var pixels = Decimation.MinMax(Clip(points, x.Min, x.Max), MostPoints).Select(p => (x.At(p.X), y.At(p.Y))).ToList();
        double? baselineY = baseline is { } watts ? y.At(watts) : null;
        return new TraceGeometry(plot, x, y)
        {
            PowerScale = powerScale,
            PowerTicks = powerTicks,
            TimeTicks = timeTicks is null ? TimeTicksOf(x, plot.Width) : plot.Width < 420 ? [.. timeTicks.Where((_, i) => i % 2 == 0)] : timeTicks,
            Line = SvgPath.Line(pixels),
            ActiveArea = baselineY is { } floor ? SvgPath.Area([.. pixels.Select(p => (p.Item1, Math.Min(p.Item2, floor)))], floor) : string.Empty,
            WholeArea = baselineY is null ? SvgPath.Area(pixels, plot.Bottom) : string.Empty,
            BaselineY = baselineY,
            Latest = pixels.Count > 0 ? pixels[^1] : null,
        };
    }

    /// <summary>About how wide a text at 12 px is.</summary>
    public static double TextWidth(string text) => text.Length * CharacterWidth;

    /// <summary>Labels at the edges stay inside the drawing.</summary>
    public string AnchorOf(double tick)
    {
        var at = X.At(tick);
        return at > Plot.Right - 12 ? "end" : "middle";
    }

    /// <summary>A text cut to the plot's width at a comma, so that what matters most comes first.</summary>
    public string Fit(string text)
    {
        while (TextWidth(text) > Plot.Width - 16 && text.LastIndexOf(',') is > 0 and var comma)
        {
            text = text[..comma];
        }

        return text;
    }

    private static List<(double X, double Y)> Clip(IReadOnlyList<TracePoint> points, double from, double to)
    {
        var kept = new List<(double X, double Y)>(points.Count);
        for (var i = 0; i < points.Count; i++)
        {
            var at = points[i].OffsetSeconds;
            if (at > to)
            {
                break;
            }

            if (at >= from)
            {
                // A line that began before the left edge enters it at the height it has there.
                if (kept.Count == 0 && i > 0 && at > from)
                {
                    var before = points[i - 1];
                    var share = (from - before.OffsetSeconds) / (at - before.OffsetSeconds);
                    kept.Add((from, before.Watts + (share * (points[i].Watts - before.Watts))));
                }

                kept.Add((at, points[i].Watts));
            }
        }

        return kept;
    }

    private static IReadOnlyList<double> TimeTicksOf(Scale x, double width) =>
        Ticks.Inside(x.Min, x.Max, width < 420 ? 3 : 5);
}
