using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Charts;

/// <summary>One bar to draw.</summary>
/// <param name="Label">What it is of.</param>
/// <param name="Value">Value and 95 % interval in the base unit.</param>
/// <param name="Colour">A colour token.</param>
public sealed record BarRow(string Label, Interval Value, string Colour);

/// <summary>Where <see cref="BarChart"/> puts what it draws.</summary>
internal sealed class BarGeometry
{
    private const int RowHeight = 31;
    private const int TopMargin = 8;
    private const int BottomMargin = 42;

    public required int Height { get; init; }

    public required PlotArea Plot { get; init; }

    public required Scale X { get; init; }

    public required UnitScale Scale { get; init; }

    /// <summary>The same unit, with the decimals that the axis needs.</summary>
    public required UnitScale TickScale { get; init; }

    public required IReadOnlyList<double> Ticks { get; init; }

    public required IReadOnlyList<Bar> Bars { get; init; }

    /// <summary>Height of the whole drawing for a number of rows, in pixels.</summary>
    public static int HeightOf(int rows) => TopMargin + (rows * RowHeight) + BottomMargin;

    public static BarGeometry Of(IReadOnlyList<BarRow> rows, Unit unit, double width)
    {
        var scale = UnitScale.ForColumn(rows.Select(r => (double?)r.Value.Value), unit);
        // Bars are compared with each other: one decimal tells them apart, and the exact figures are in the table.
        scale = scale with { Decimals = Math.Min(scale.Decimals, rows.Any(r => r.Value.Value / scale.Factor < 1) ? 2 : 1) };
        var labelWidth = rows.Count == 0 ? 0 : rows.Max(r => TraceGeometry.TextWidth(r.Label));
        var valueWidth = rows.Count == 0 ? 0 : rows.Max(r => TraceGeometry.TextWidth(scale.Number(r.Value.Value)));
        var height = HeightOf(rows.Count);
        var plot = new PlotArea(Math.Min(labelWidth + 10, width * 0.4), TopMargin, width - valueWidth - 14, height - BottomMargin);
        var largest = rows.Count == 0 ? 1 : rows.Max(r => Math.Max(r.Value.Value, r.Value.High));
        var ticks = Charts.Ticks.FromZero(largest, plot.Width < 220 ? 2 : 3);
        var x = new Scale(0, Math.Max(largest, ticks[^2]) * 1.02, plot.Left, plot.Right);
        return new BarGeometry
        {
            Height = height,
            Plot = plot,
            X = x,
            Scale = scale,
            TickScale = scale with { Decimals = UnitScale.ForAxis(scale.Factor, Charts.Ticks.StepOf(ticks), unit).Decimals },
            Ticks = [.. ticks.Where(t => t <= x.Max)],
            Bars = [.. rows.Select((r, i) => BarOf(r, plot.Top + (RowHeight * i) + (RowHeight / 2.0), x, scale))],
        };
    }

    private static Bar BarOf(BarRow row, double middle, Scale x, UnitScale scale)
    {
        var hasInterval = row.Value.High > row.Value.Low;
        return new Bar(
            row.Label,
            middle,
            x.At(row.Value.Value),
            hasInterval ? x.At(row.Value.Low) : null,
            hasInterval ? x.At(row.Value.High) : null,
            scale.Number(row.Value.Value),
            row.Colour);
    }

    /// <summary>One bar in pixels.</summary>
    public sealed record Bar(string Label, double Middle, double End, double? WhiskerFrom, double? WhiskerTo, string ValueText, string Colour);
}
