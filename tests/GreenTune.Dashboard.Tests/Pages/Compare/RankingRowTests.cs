using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Pages.Compare;
using GreenTune.Dashboard.Tests.FakeBackend;

namespace GreenTune.Dashboard.Tests.Pages.Compare;

public sealed class RankingRowTests
{
    private static readonly ThreeEView View = SampleThreeE.View(ThreeESettings.Default, SampleWorld.SamplePlan(SampleWorld.Morning));

    [Fact]
    public void Rows_keep_the_services_order_and_only_ranked_ones_have_a_rank()
    {
        var rows = RankingRow.Of(View);
        Assert.Equal(View.Ranking.Select(r => r.ConfigurationId), rows.Select(r => r.Id));
        Assert.Equal(["1", "2", "3", "4", "-", "-"], rows.Select(r => r.Rank));
        Assert.True(rows[0].Serves);
        Assert.All(rows.Where(r => r.BelowFloor), r => Assert.Equal("-", r.Rank));
    }

    [Fact]
    public void Bars_begin_at_the_reference_whichever_way_they_go()
    {
        var rows = RankingRow.Of(View);
        var reference = rows.Single(r => r.IsReference);
        Assert.Equal("0%", reference.Energy.Width);
        Assert.All(rows, r => Assert.Equal(reference.Energy.Reference, r.Energy.Reference));
        var better = rows.First(r => r.Id == "greentune-tiny-int4");
        Assert.Equal(better.Energy.Reference, better.Energy.From);
        Assert.True(Percent(better.Effectiveness.From) < Percent(better.Effectiveness.Reference), "a worse score goes to the left");
    }

    [Fact]
    public void A_configuration_without_a_score_says_why()
    {
        var unscored = View.Ranking[0] with { Rank = null, Score = null, Energy = null, JoulesPerToken = null, Reason = "Its energy was not metered." };
        var row = RankingRow.Of(View with { Ranking = [unscored] })[0];
        Assert.Equal(("no score", "Its energy was not metered.", "-"), (row.Score, row.ScoreNote, row.Energy.Text));
    }

    [Fact]
    public void The_export_has_a_line_for_each_configuration() =>
        Assert.Equal(7, RankingRow.Table(View).ToCsv().Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);

    private static double Percent(string css) => double.Parse(css.TrimEnd('%'), System.Globalization.CultureInfo.InvariantCulture);
}
