using GreenTune.Dashboard.Charts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Tests.Charts;

public sealed class ChartTableTests
{
    [Fact]
    public void The_export_holds_plain_numbers_and_quoted_texts()
    {
        var scale = new UnitScale("mJ", 0.001, 1);
        var table = new ChartTable(
            [new("Name"), new("Energy, mJ", true)],
            [[new("tiny, \"int4\""), ChartCell.Number(1.2345, scale)], [new("nano"), ChartCell.Number(null, scale)]]);
        Assert.Equal("Name,\"Energy, mJ\"\r\n\"tiny, \"\"int4\"\"\",1234.5\r\nnano,\r\n", table.ToCsv());
        Assert.Equal("1\u202F234.5", table.Rows[0][1].Text);
        Assert.Equal(Figures.NotMeasured, table.Rows[1][1].Text);
    }

    [Theory]
    [InlineData("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0")]
    [InlineData("@sum", "'@sum")]
    [InlineData("+1+1", "'+1+1")]
    [InlineData("-5.2", "-5.2")]
    [InlineData("-x", "'-x")]
    public void A_spreadsheet_runs_nothing_of_it(string text, string cell) =>
        Assert.Equal($"A\r\n{cell}\r\n", new ChartTable([new("A")], [[new(text)]]).ToCsv());
}
