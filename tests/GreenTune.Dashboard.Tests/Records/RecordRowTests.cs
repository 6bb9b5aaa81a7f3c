using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Records;
using GreenTune.Dashboard.Tests.FakeBackend;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Tests.Records;

public sealed class RecordRowTests
{
    [Theory]
    [InlineData(RequestOutcome.Completed, null, "ok", ChipKind.Ok)]
    [InlineData(RequestOutcome.Completed, "greentune-tiny-int4", "degraded", ChipKind.Degrade)]
    [InlineData(RequestOutcome.Cancelled, null, "cancelled", ChipKind.Off)]
    [InlineData(RequestOutcome.Failed, "greentune-tiny-int4", "failed", ChipKind.Block)]
    public void An_outcome_has_a_word_and_a_colour(RequestOutcome outcome, string? degradedFrom, string text, ChipKind kind)
    {
        var row = RecordRow.Of(Make(outcome, degradedFrom));
        Assert.Equal((text, kind), (row.Outcome, row.OutcomeKind));
    }

    [Fact]
    public void What_was_not_metered_is_unknown_with_its_reason_and_never_zero()
    {
        var view = Make(RequestOutcome.Completed, null);
        view = view with { CO2e = null, Record = view.Record with { Energy = EnergyFigures.None("No meter was found.", "attribution-1") } };
        var row = RecordRow.Of(view);
        Assert.Null(row.Joules);
        Assert.Null(row.Grams);
        Assert.Equal("No meter was found.", row.QualityTip);
        Assert.Contains(",,,none,", RecordColumns.Table([row], LocalTimes.ForZone("Etc/UTC")).ToCsv());
    }

    [Fact]
    public void Columns_take_their_units_from_the_rows()
    {
        RecordRow[] rows = [RecordRow.Of(Make(RequestOutcome.Completed, null))];
        var columns = RecordColumns.Of(rows);
        Assert.Equal(("J", "mg", "ms"), (columns.Joules.Symbol, columns.Grams.Symbol, columns.Seconds.Symbol));
    }

    private static RecordView Make(RequestOutcome outcome, string? degradedFrom) => SampleRecords.Make(
        "chatcmpl-1", SampleWorld.Morning, "team-support", SampleConfiguration.Of("greentune-tiny-int4"), degradedFrom, outcome, 38, 60);
}
