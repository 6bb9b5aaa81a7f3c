using System.Text;
using GreenTune.Core.Contracts;

namespace GreenTune.Dashboard.Charts;

/// <summary>
/// The weight triangle in pixels: energy at the top, efficiency at the lower left, effectiveness at the lower right. A weight vector lies where
/// its weights balance the corners.
/// </summary>
internal sealed class TriangleGeometry
{
    private const double TopMargin = 30;
    private const double BottomMargin = 30;
    private const double SideMargin = 18;

    /// <summary>Height of an equilateral triangle over its side.</summary>
    private const double HeightOfSide = 0.8660254;

    public TriangleGeometry(double width)
    {
        var side = Math.Max(120, width - (2 * SideMargin));
        var left = (width - side) / 2;
        Energy = (width / 2, TopMargin);
        Efficiency = (left, TopMargin + (side * HeightOfSide));
        Effectiveness = (left + side, TopMargin + (side * HeightOfSide));
        Height = (int)Math.Ceiling(Efficiency.Y + BottomMargin);
    }

    public (double X, double Y) Energy { get; }

    public (double X, double Y) Efficiency { get; }

    public (double X, double Y) Effectiveness { get; }

    /// <summary>Height of the whole drawing.</summary>
    public int Height { get; }

    public string Outline => SvgPath.Line([Energy, Efficiency, Effectiveness]) + "z";

    /// <summary>The corners as the script reads them: "x,y x,y x,y" in the order energy, efficiency, effectiveness.</summary>
    public string Corners => string.Join(' ', new[] { Energy, Efficiency, Effectiveness }.Select(c => $"{SvgPath.Number(c.X)},{SvgPath.Number(c.Y)}"));

    public (double X, double Y) At(double energy, double efficiency, double effectiveness) => (
        (energy * Energy.X) + (efficiency * Efficiency.X) + (effectiveness * Effectiveness.X),
        (energy * Energy.Y) + (efficiency * Efficiency.Y) + (effectiveness * Effectiveness.Y));

    /// <summary>
    /// One path and one label position per winner. Cells of one height with the same winner are drawn as one strip that reaches half-way to its
    /// neighbours, so that a fine grid stays a short path; the drawing clips the strips to the triangle.
    /// </summary>
    public IReadOnlyList<Region> Regions(WeightTriangle triangle)
    {
        var paths = triangle.Configurations.Select(_ => new StringBuilder()).ToArray();
        var rows = triangle.Cells
            .GroupBy(c => Math.Round(c.Energy, 6))
            .OrderByDescending(r => r.Key)
            .Select(r => (Y: At(r.Key, 1 - r.Key, 0).Y, Cells: r.Select(c => (At(c.Energy, c.Efficiency, c.Effectiveness).X, c.Winner)).OrderBy(c => c.X).ToList()))
            .ToList();
        for (var row = 0; row < rows.Count; row++)
        {
            // Half a pixel more hides the seams between strips.
            var top = row == 0 ? 0 : (rows[row - 1].Y + rows[row].Y) / 2;
            var bottom = (row == rows.Count - 1 ? Height : (rows[row].Y + rows[row + 1].Y) / 2) + 0.5;
            AddStrips(rows[row].Cells, top, bottom, paths);
        }

        return
        [
            .. triangle.Configurations.Select((id, winner) =>
            {
                var cells = triangle.Cells.Where(c => c.Winner == winner).ToList();
                var middle = cells.Count == 0 ? (X: 0.0, Y: 0.0) : Middle([.. cells.Select(c => At(c.Energy, c.Efficiency, c.Effectiveness))]);
                return new Region(id, paths[winner].ToString(), middle.X, middle.Y, triangle.Cells.Count == 0 ? 0 : (double)cells.Count / triangle.Cells.Count);
            }),
        ];
    }

    private void AddStrips(List<(double X, int Winner)> cells, double top, double bottom, StringBuilder[] paths)
    {
        var from = 0;
        for (var at = 0; at < cells.Count; at++)
        {
            if (at < cells.Count - 1 && cells[at + 1].Winner == cells[at].Winner)
            {
                continue;
            }

            var winner = cells[at].Winner;
            if (winner >= 0 && winner < paths.Length)
            {
                var left = from == 0 ? 0 : (cells[from - 1].X + cells[from].X) / 2;
                var right = at == cells.Count - 1 ? Effectiveness.X + SideMargin : (cells[at].X + cells[at + 1].X) / 2;
                paths[winner].Append('M').Append(SvgPath.Number(left)).Append(' ').Append(SvgPath.Number(top))
                    .Append('H').Append(SvgPath.Number(right + 0.3)).Append('V').Append(SvgPath.Number(bottom))
                    .Append('H').Append(SvgPath.Number(left)).Append('z');
            }

            from = at + 1;
        }
    }

    /// <summary>The cell nearest to the middle of all: the mean alone may lie outside a bent region.</summary>
    private static (double X, double Y) Middle(List<(double X, double Y)> cells)
    {
        var mean = (X: cells.Average(c => c.X), Y: cells.Average(c => c.Y));
        return cells.MinBy(c => Math.Pow(c.X - mean.X, 2) + Math.Pow(c.Y - mean.Y, 2));
    }

    /// <summary>Where one configuration wins.</summary>
    /// <param name="ConfigurationId">The configuration.</param>
    /// <param name="Path">Path data, to be clipped to the triangle.</param>
    /// <param name="LabelX">Where its name fits.</param>
    /// <param name="LabelY">Where its name fits.</param>
    /// <param name="Share">Share of all weight vectors, 0 to 1.</param>
    public sealed record Region(string ConfigurationId, string Path, double LabelX, double LabelY, double Share);
}
