using Spectre.Console;
using Spectre.Console.Rendering;

namespace GreenTune.Cli.Output;

/// <summary>Tables and lists of fields on a <see cref="CliConsole"/>.</summary>
internal static class Tables
{
    /// <summary>A table; columns that begin with "&gt;" are set to the right.</summary>
    public static void Table(this CliConsole console, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (string column in columns)
        {
            bool right = column.StartsWith('>');
            table.AddColumn(new TableColumn(new Text(right ? column[1..] : column)) { Alignment = right ? Justify.Right : Justify.Left });
        }
        foreach (IReadOnlyList<string> row in rows)
            table.AddRow(row.Select(cell => (IRenderable)new Text(SafeText.Line(cell))));
        console.Tables().Write(table);
    }

    /// <summary>Names and values, one pair a line.</summary>
    public static void Fields(this CliConsole console, IEnumerable<(string Name, string Value)> fields)
    {
        (string Name, string Value)[] all = [.. fields];
        int width = all.Max(f => f.Name.Length);
        foreach ((string name, string value) in all)
            console.Output.WriteLine($"{name.PadRight(width)}  {SafeText.Line(value)}");
    }
}
