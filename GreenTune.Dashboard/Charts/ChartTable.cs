using System.Text;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Charts;

/// <summary>The data of a chart or list as a table: what the Table toggle shows and the CSV export holds.</summary>
/// <param name="Columns">Headings; a unit stands in the heading.</param>
/// <param name="Rows">Cells by row.</param>
public sealed record ChartTable(IReadOnlyList<ChartColumn> Columns, IReadOnlyList<IReadOnlyList<ChartCell>> Rows)
{
    public static ChartTable Empty { get; } = new([], []);

    /// <summary>RFC 4180, with a header row. A text that a spreadsheet would run as a formula gets an apostrophe.</summary>
    public string ToCsv()
    {
        var csv = new StringBuilder();
        csv.AppendJoin(',', Columns.Select(c => Quote(c.Title))).Append("\r\n");
        foreach (var row in Rows)
        {
            csv.AppendJoin(',', row.Select(c => Quote(c.Csv))).Append("\r\n");
        }

        return csv.ToString();
    }

    private static string Quote(string value)
    {
        var safe = value.Length > 0 && value[0] is '=' or '+' or '-' or '@' or '\t' or '\r' && !double.TryParse(value, System.Globalization.CultureInfo.InvariantCulture, out _)
            ? "'" + value
            : value;
        return safe.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? '"' + safe.Replace("\"", "\"\"", StringComparison.Ordinal) + '"' : safe;
    }
}

/// <summary>A column's heading.</summary>
public sealed record ChartColumn(string Title, bool Numeric = false);

/// <summary>A cell: as it is read, and as a program reads it.</summary>
/// <param name="Text">Set with the dashboard's number format.</param>
/// <param name="Csv">A plain number, an ISO time or the text itself.</param>
public sealed record ChartCell(string Text, string Csv)
{
    public ChartCell(string text)
        : this(text, text)
    {
    }

    /// <summary>A number, written in a column's scale; "not measured" and an empty field when there is none.</summary>
    public static ChartCell Number(double? value, UnitScale scale) =>
        value is { } number
            ? new(scale.Number(number), (number / scale.Factor).ToString("R", System.Globalization.CultureInfo.InvariantCulture))
            : new(Figures.NotMeasured, string.Empty);

    /// <summary>A number without a unit.</summary>
    public static ChartCell Number(double? value, int decimals) =>
        value is { } number
            ? new(Figures.Fixed(number, decimals), number.ToString("R", System.Globalization.CultureInfo.InvariantCulture))
            : new(Figures.NotMeasured, string.Empty);

    public static ChartCell Time(DateTimeOffset at, string text) => new(text, at.ToString("o", System.Globalization.CultureInfo.InvariantCulture));
}
