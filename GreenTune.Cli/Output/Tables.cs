using Spectre.Console;
using Spectre.Console.Rendering;

namespace GreenTune.Cli.Output;

/// <summary>A column of a table.</summary>
/// <param name="Name">Its heading.</param>
/// <param name="Right">Set to the right, as figures are.</param>
/// <param name="Drop">Where a terminal is too narrow the columns with the highest number go first; 0 stays.</param>
/// <param name="Folds">Long cells may take several lines. Ids do not fold, so that they can be copied.</param>
internal sealed record Column(string Name, bool Right = false, int Drop = 0, bool Folds = false);

/// <summary>Tables and lists of fields on a <see cref="CliConsole"/>.</summary>
internal static class Tables
{
    /// <summary>What the border adds to each column.</summary>
    private const int Gap = 3;

    /// <summary>A cell that folds is wide enough at this.</summary>
    private const int FoldAt = 24;

    public static void Table(this CliConsole console, IReadOnlyList<Column> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        string[][] cells = [.. rows.Select(row => row.Select(SafeText.Line).ToArray())];
        int[] shown = Fitting(columns, cells, console.Width);
        Table table = new Table().Border(TableBorder.Simple);
        foreach (Column column in shown.Select(i => columns[i]))
            table.AddColumn(new TableColumn(new Text(column.Name)) { Alignment = column.Right ? Justify.Right : Justify.Left, NoWrap = !column.Folds });
        foreach (string[] row in cells)
            table.AddRow(shown.Select(i => (IRenderable)new Text(row[i])));
        console.Tables().Write(table);
        if (shown.Length < columns.Count)
            console.Note($"Left out for want of width: {string.Join(", ", columns.Except(shown.Select(i => columns[i])).Select(c => c.Name))}. --json has everything.");
    }

    /// <summary>Names and values, one pair a line.</summary>
    public static void Fields(this CliConsole console, IEnumerable<(string Name, string Value)> fields)
    {
        (string Name, string Value)[] all = [.. fields];
        int width = all.Max(f => f.Name.Length);
        foreach ((string name, string value) in all)
            console.Output.WriteLine($"{name.PadRight(width)}  {SafeText.Line(value)}");
    }

    /// <summary>Indices of the columns that the width has room for.</summary>
    private static int[] Fitting(IReadOnlyList<Column> columns, string[][] cells, int width)
    {
        int[] widths = [.. columns.Select((column, i) =>
        {
            int longest = cells.Select(row => row[i].Length).Append(column.Name.Length).Max();
            return Gap + (column.Folds ? Math.Min(longest, FoldAt) : longest);
        })];
        var shown = new List<int>(Enumerable.Range(0, columns.Count));
        while (shown.Sum(i => widths[i]) > width && shown.Exists(i => columns[i].Drop > 0))
            shown.Remove(shown.MaxBy(i => columns[i].Drop));
        return [.. shown];
    }
}
