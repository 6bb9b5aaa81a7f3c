using GreenTune.Cli.Output;

namespace GreenTune.Cli.Tests.Output;

public sealed class TablesTests
{
    private static readonly Column[] Columns = [new("Id"), new("Tenant", Drop: 1), new("Tokens", Right: true, Drop: 2), new("Energy", Right: true, Folds: true)];

    private static readonly string[][] Rows =
    [
        ["chatcmpl-0193c2f1a4b87c5e", "default", "40", "1.83 J"],
        ["chatcmpl-0193c2f1a4b87c5f", "default", "7", "unknown (the meter that covers this device was away for a while)"],
    ];

    [Theory]
    [InlineData(200, "Id Tenant Tokens Energy")]
    [InlineData(70, "Id Tenant Energy")]
    [InlineData(60, "Id Energy")]
    [InlineData(40, "Id Energy")]
    public void A_narrow_terminal_loses_columns_in_their_order_and_is_told(int width, string headings)
    {
        (string output, string error) = Draw(width);
        Assert.Equal(headings.Split(' '), output.Split('\n')[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        string[] lost = [.. Columns.Select(c => c.Name).Except(headings.Split(' '))];
        Assert.Equal(lost.Length == 0 ? "" : $"Left out for want of width: {string.Join(", ", lost)}. --json has everything.\n", error);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(70)]
    [InlineData(60)]
    public void An_id_is_never_broken(int width)
    {
        (string output, _) = Draw(width);
        Assert.Contains("chatcmpl-0193c2f1a4b87c5e ", output, StringComparison.Ordinal);
        Assert.All(output.Split('\n'), line => Assert.InRange(line.Length, 0, width));
    }

    private static (string Output, string Error) Draw(int width)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        new CliConsole(TextReader.Null, output, error) { Width = width }.Table(Columns, Rows);
        return (output.ToString().ReplaceLineEndings("\n"), error.ToString());
    }
}
