using GreenTune.Dashboard.Pages.Carbon;
using GreenTune.Dashboard.Tests.FakeBackend;

namespace GreenTune.Dashboard.Tests.Pages.Carbon;

public sealed class RestatementFormTests
{
    private static readonly DateTimeOffset Now = SampleWorld.Morning;

    [Fact]
    public void A_new_form_is_of_last_month()
    {
        var form = Filled();
        Assert.Equal(("2026-10-01 00:00", "2026-11-01 00:00", "ops"), (form.From, form.To, form.By));
        var input = form.Read(Now)!;
        Assert.Equal((new DateTimeOffset(2026, 10, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero)), (input.From, input.To));
        Assert.Equal(("latest", null, null, null), (input.Factors, input.IntensityGramsPerKwh, input.Source, input.Pue));
    }

    [Theory]
    [InlineData("2026-11-05")]
    [InlineData("2026-11-05T00:00Z")]
    [InlineData(" 2026-11-05 00:00 ")]
    [InlineData("2026-11-05T00:00:00Z")]
    public void A_time_is_read_in_utc(string text)
    {
        var form = Filled();
        form.To = text;
        Assert.Equal(new DateTimeOffset(2026, 11, 5, 0, 0, 0, TimeSpan.Zero), form.Read(Now)!.To);
    }

    [Theory]
    [InlineData("2026-11-05 00:30", RestatementForm.ToField, "whole hour")]
    [InlineData("next week", RestatementForm.ToField, "2026-11-01 00:00")]
    [InlineData("2026-09-01", RestatementForm.ToField, "after the beginning")]
    [InlineData("2026-12-01", RestatementForm.ToField, "running hour")]
    public void An_end_that_cannot_be_is_told_at_its_field(string to, string field, string message)
    {
        var form = Filled();
        form.To = to;
        Assert.Null(form.Read(Now));
        Assert.Contains(message, form.ErrorOf(field));
    }

    [Fact]
    public void A_stated_intensity_needs_its_value_and_who_published_it()
    {
        var form = Filled();
        form.Factors = RestatementForm.Stated;
        Assert.Null(form.Read(Now));
        Assert.All([RestatementForm.IntensityField, RestatementForm.SourceField], field => Assert.Contains("for example", form.ErrorOf(field)));
        form.Intensity = "231,5";
        form.Source = "UBA";
        Assert.Equal((231.5, "UBA"), (form.Read(Now)!.IntensityGramsPerKwh, form.Read(Now)!.Source));
        // What was typed for another choice is not sent along with this one.
        form.Factors = RestatementForm.Table;
        Assert.Null(form.Read(Now)!.IntensityGramsPerKwh);
    }

    [Theory]
    [InlineData(RestatementForm.Keep, "", "otherwise nothing would change")]
    [InlineData(RestatementForm.Latest, "0.9", "From 1 to 5")]
    [InlineData(RestatementForm.Latest, "much", "From 1 to 5")]
    public void A_pue_is_from_1_to_5_and_needed_where_nothing_else_changes(string factors, string pue, string message)
    {
        var form = Filled();
        form.Factors = factors;
        form.Pue = pue;
        Assert.Null(form.Read(Now));
        Assert.Contains(message, form.ErrorOf(RestatementForm.PueField));
    }

    [Fact]
    public void What_the_service_refuses_is_shown_at_the_field_it_names_or_above_the_form()
    {
        var form = Filled();
        form.Refuse("invalid", new Dictionary<string, string> { ["why"] = "too short" });
        Assert.Equal(("too short", null), (form.ErrorOf(RestatementForm.WhyField), form.Problem));
        // The field of a stated intensity is not there: the message must not vanish with it.
        form.Refuse("invalid intensity", new Dictionary<string, string> { ["intensityGramsPerKwh"] = "too high" });
        Assert.Equal("invalid intensity", form.Problem);
    }

    private static RestatementForm Filled()
    {
        var form = RestatementForm.New(Now, "ops");
        form.Why = "Measured values of October";
        return form;
    }
}
