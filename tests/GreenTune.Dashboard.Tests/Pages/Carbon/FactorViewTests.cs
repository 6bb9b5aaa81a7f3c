using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Pages.Carbon;
using GreenTune.Dashboard.Tests.FakeBackend;
using GreenTune.Dashboard.Tests.Ui;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Tests.Pages.Carbon;

/// <summary>A factor with where it is from, and the steps of its chain.</summary>
public sealed class FactorViewTests
{
    // When components are rendered.
    private static readonly DateTimeOffset Now = new ManualClock().GetUtcNow();

    [Fact]
    public async Task A_live_factor_says_of_which_hour_and_when_it_was_asked_for()
    {
        var html = await HtmlAsync(SampleCarbon.Live(Now));
        Assert.Contains("data-value=\"intensity\">351<", html);
        Assert.Contains("data-step=\"live\"", html);
        Assert.Contains("19 Nov, 09:00 to 10:00", html);
        Assert.Contains("Electricity Maps, licence ODbL-1.0", html);
        Assert.Contains("30\u00A0min ago", System.Net.WebUtility.HtmlDecode(html));
        Assert.Contains("1.2, stated by the site", html);
        Assert.DoesNotContain("data-reason", html);
    }

    [Fact]
    public async Task An_old_value_says_how_old_it_is_and_why_it_stands_in()
    {
        var html = await HtmlAsync(SampleCarbon.Stale(Now));
        Assert.Contains("stale, 3.0\u00A0h old", System.Net.WebUtility.HtmlDecode(html));
        Assert.Contains("The source has no value of this hour yet", html);
        Assert.Contains("note warn", html);
        Assert.Contains("a better value of this hour may still come", html);
    }

    [Fact]
    public async Task An_assumed_pue_names_the_setting_and_that_grams_are_a_lower_bound()
    {
        var html = await HtmlAsync(SampleCarbon.Live(Now) with { Pue = 1, PueAssumed = true, FactorType = "direct", GasBasis = "CO2" });
        Assert.Contains("1, assumed: set Carbon__Pue, for example 1.2", html);
        Assert.Contains("lower bound", html);
        Assert.Contains("direct emissions of the plants, CO2 alone", html);
    }

    [Theory]
    [InlineData(CarbonSteps.Live, false, ChipKind.Ok)]
    [InlineData(CarbonSteps.Cache, false, ChipKind.Ok)]
    [InlineData(CarbonSteps.StaleCache, true, ChipKind.Notify)]
    [InlineData(CarbonSteps.CountryTable, false, ChipKind.Info)]
    [InlineData(CarbonSteps.CountryTable, true, ChipKind.Notify)]
    [InlineData(CarbonSteps.WorldAverage, false, ChipKind.Notify)]
    [InlineData(CarbonSteps.Stated, false, ChipKind.Info)]
    [InlineData(null, false, ChipKind.Info)]
    public void A_step_that_stands_in_is_marked(string? step, bool provisional, ChipKind kind) =>
        Assert.Equal(kind, CarbonText.Step(SampleCarbon.Live(Now) with { Step = step, Provisional = provisional }).Kind);

    [Fact]
    public void A_forecast_of_the_hour_is_called_one() => Assert.Equal(("forecast of this hour", ChipKind.Info), (CarbonText.Step(SampleCarbon.Marginal(Now)).Word, CarbonText.Step(SampleCarbon.Marginal(Now)).Kind));

    [Fact]
    public async Task The_marginal_chain_has_no_table_to_fall_back_to()
    {
        var marginal = await Rendering.HtmlOfAsync<ChainSteps>(new() { [nameof(ChainSteps.Signal)] = CarbonSignal.Marginal, [nameof(ChainSteps.Current)] = "" });
        Assert.DoesNotContain("table", marginal);
        Assert.Matches("aria-current=\"step\">none<", marginal);
        var average = await Rendering.HtmlOfAsync<ChainSteps>(new() { [nameof(ChainSteps.Signal)] = CarbonSignal.Average, [nameof(ChainSteps.Current)] = CarbonSteps.CountryTable });
        Assert.Matches("aria-current=\"step\">yearly table<", average);
    }

    [Fact]
    public void The_headline_says_what_prices_records_and_when_to_wait()
    {
        var text = CarbonText.Headline(SampleCarbon.Live(Now), SampleCarbon.Forecast(CarbonSignal.Average, Now, 24, 4), Now, LocalTimes.ForZone("Etc/UTC"));
        Assert.StartsWith("Records that start now are priced with 351\u00A0g/kWh of Germany: the value of this hour from Electricity Maps. Greenest: 12:00 to 16:00, 114\u00A0g/kWh", text);
        Assert.EndsWith("the world's yearly average of 2025 stands in.", CarbonText.Headline(SampleRecords.Factor with { Step = CarbonSteps.WorldAverage }, SampleCarbon.NoForecast(CarbonSignal.Average), Now, LocalTimes.ForZone("Etc/UTC")));
    }

    private static Task<string> HtmlAsync(CarbonFactor factor) => Rendering.HtmlOfAsync<FactorView>(new() { [nameof(FactorView.Factor)] = factor });
}
