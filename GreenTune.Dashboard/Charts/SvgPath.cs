using System.Globalization;
using System.Text;

namespace GreenTune.Dashboard.Charts;

/// <summary>Path data and numbers as SVG reads them, to a tenth of a pixel.</summary>
public static class SvgPath
{
    public static string Number(double value) => Math.Round(value, 1).ToString("0.#", CultureInfo.InvariantCulture);

    /// <summary>A line through the points; empty without any.</summary>
    public static string Line(IEnumerable<(double X, double Y)> points)
    {
        var path = new StringBuilder();
        foreach (var (x, y) in points)
        {
            path.Append(path.Length == 0 ? 'M' : 'L').Append(Number(x)).Append(' ').Append(Number(y));
        }

        return path.ToString();
    }

    /// <summary>The area between the points and a horizontal line.</summary>
    public static string Area(IReadOnlyList<(double X, double Y)> points, double floor) =>
        points.Count == 0
            ? string.Empty
            : string.Create(CultureInfo.InvariantCulture, $"{Line(points)}L{Number(points[^1].X)} {Number(floor)}L{Number(points[0].X)} {Number(floor)}z");
}
