using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Charts;

/// <summary>What <see cref="IntensityChart"/> draws. Intensities are in g/kWh.</summary>
public sealed record IntensityChartData
{
    public required DateTimeOffset From { get; init; }

    public required DateTimeOffset To { get; init; }

    /// <summary>Hours with a value, in order; an hour without one stays empty.</summary>
    public required IReadOnlyList<ForecastHour> Hours { get; init; }

    /// <summary>Those of them that are marked as the greenest.</summary>
    public required IReadOnlyList<ForecastHour> Greenest { get; init; }

    /// <summary>A value to compare with, of the same signal; null for none.</summary>
    public double? Reference { get; init; }

    public string? ReferenceLabel { get; init; }

    public required string AxisTitle { get; init; }

    public required LocalTimes Times { get; init; }

    public required string Description { get; init; }
}

/// <summary>Where <see cref="IntensityChart"/> puts what it draws.</summary>
internal sealed class IntensityGeometry
{
    private const int TopMargin = 28;
    private const int BottomMargin = 42;
    private const int RightMargin = 12;
    private const double TickLabelWidth = 52;

    /// <summary>Hours between the ticks of the time axis.</summary>
    private static readonly int[] TickSteps = [1, 2, 3, 4, 6, 12, 24];

    public required PlotArea Plot { get; init; }

    public required Scale Y { get; init; }

    public required IReadOnlyList<double> ValueTicks { get; init; }

    public required IReadOnlyList<(double At, string Label)> TimeTicks { get; init; }

    public required IReadOnlyList<Bar> Bars { get; init; }

    public double? ReferenceY { get; init; }

    /// <summary>Right end of the reference's label.</summary>
    public double ReferenceLabelEnd { get; init; }

    public static IntensityGeometry Of(IntensityChartData data, double width, int height)
    {
        var highest = Math.Max(data.Hours.Count > 0 ? data.Hours.Max(h => h.Intensity.Value) : 0, data.Reference ?? 0);
        var ticks = Ticks.FromZero(highest > 0 ? highest * 1.02 : 1);
        var left = 14 + ticks.Max(t => TraceGeometry.TextWidth(Figures.Trimmed(t)));
        var plot = new PlotArea(Math.Max(34, left), TopMargin, width - RightMargin, height - BottomMargin);
        var y = new Scale(0, ticks[^1], plot.Bottom, plot.Top);
        var total = Math.Max((data.To - data.From).TotalHours, 1);
        double X(DateTimeOffset at) => plot.Left + (plot.Width * Math.Clamp((at - data.From).TotalHours / total, 0, 1));
        var greenest = data.Greenest.Select(h => h.From).ToHashSet();
        var lowest = data.Greenest.Count > 0 ? data.Greenest.Min(h => h.Intensity.Value) : double.NaN;
        var bars = new List<Bar>(data.Hours.Count);
        foreach (var hour in data.Hours)
        {
            var (from, to) = (X(hour.From), X(hour.To));
            // A gap between the bars, where they are wide enough to keep one.
            var gap = to - from >= 6 ? 2 : to - from >= 3 ? 1 : 0;
            var green = greenest.Contains(hour.From);
            bars.Add(new Bar(from + (gap / 2.0), y.At(hour.Intensity.Value), Math.Max(1, to - from - gap), green, green && hour.Intensity.Value == lowest ? Figures.Trimmed(Math.Round(hour.Intensity.Value, hour.Intensity.Value < 100 ? 1 : 0)) : null));
        }

        return new IntensityGeometry
        {
            Plot = plot,
            Y = y,
            ValueTicks = ticks,
            TimeTicks = TimeTicksOf(data, total, plot, X),
            Bars = bars,
            ReferenceY = data.Reference is { } reference ? y.At(reference) : null,
            ReferenceLabelEnd = data is { Reference: { } line, ReferenceLabel: { } label } ? FreeOf(bars, y.At(line), TraceGeometry.TextWidth(label), plot) : plot.Right,
        };
    }

    /// <summary>Where a text on a line ends so that no bar rises into it, as far right as can be; the right edge where there is no such place.</summary>
    private static double FreeOf(List<Bar> bars, double line, double width, PlotArea plot)
    {
        double[] ends = [plot.Right, .. bars.Select(bar => bar.X).Reverse()];
        return ends
            .Where(end => end - width >= plot.Left)
            .Where(end => bars.All(bar => bar.X >= end || bar.X + bar.Width <= end - width || bar.Y >= line))
            .DefaultIfEmpty(plot.Right)
            .First();
    }

    private static List<(double At, string Label)> TimeTicksOf(IntensityChartData data, double hours, PlotArea plot, Func<DateTimeOffset, double> x)
    {
        var most = Math.Max(2, plot.Width / TickLabelWidth);
        var step = TickSteps.FirstOrDefault(s => hours / s <= most, TickSteps[^1]);
        var ticks = new List<(double, string)>();
        for (var at = data.From; at <= data.To; at = at.AddHours(1))
        {
            // Ticks stand at round hours of the reader's clock; midnight names the day that begins.
            var local = data.Times.In(at);
            if (local.Hour % step == 0)
            {
                ticks.Add((x(at), local.Hour == 0 ? data.Times.Day(at) : data.Times.HourMinute(at)));
            }
        }

        return ticks;
    }

    /// <summary>An hour in pixels.</summary>
    public sealed record Bar(double X, double Y, double Width, bool Greenest, string? Label);
}
