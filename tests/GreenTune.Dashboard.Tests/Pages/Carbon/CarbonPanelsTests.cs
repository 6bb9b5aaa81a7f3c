using System.Net;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Dashboard.Charts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Pages.Carbon;
using GreenTune.Dashboard.Tests.FakeBackend;
using GreenTune.Dashboard.Tests.Ui;

namespace GreenTune.Dashboard.Tests.Pages.Carbon;

/// <summary>The page's panels as HTML, and the chart's geometry.</summary>
public sealed class CarbonPanelsTests
{
    private static readonly DateTimeOffset Now = new ManualClock().GetUtcNow();
    private static readonly LocalTimes Utc = LocalTimes.ForZone("Etc/UTC");

    [Theory]
    [InlineData(CarbonSignal.Average, "Carbon__Average__0=UkCarbonIntensity", "Carbon__ElectricityMaps__KeyFile=")]
    [InlineData(CarbonSignal.Marginal, "Carbon__Marginal__0=WattTime", "Carbon__WattTime__Region=")]
    public async Task Without_a_forecast_the_settings_that_bring_one_are_named(CarbonSignal signal, string source, string key)
    {
        var html = await ForecastAsync(SampleCarbon.NoForecast(signal));
        Assert.Contains($"No source of the {signal.ToString().ToLowerInvariant()} signal is set", html);
        Assert.Contains(source, html);
        Assert.Contains(key, html);
        Assert.DoesNotContain("Table of", html);
    }

    [Fact]
    public async Task A_forecast_names_its_greenest_hours_and_how_far_it_reaches()
    {
        var html = await ForecastAsync(SampleCarbon.Forecast(CarbonSignal.Average, Now, 72, 8));
        Assert.Contains("data-greenest>Greenest: 12:00 to 16:00", html);
        Assert.Contains("The forecast reaches 48 of 72 hours.", html);
        Assert.Contains("Table of Hours ahead, average", html);
        Assert.Contains("Asked 12\u00A0min ago", html);
    }

    [Fact]
    public void The_table_has_each_hour_and_marks_the_greenest()
    {
        var table = CarbonText.ForecastTable(SampleCarbon.Forecast(CarbonSignal.Average, Now, 24, 4), Utc);
        Assert.Equal(24, table.Rows.Count);
        Assert.Equal(["12:00", "13:00", "14:00"], table.Rows.Where(row => row[3].Text == "yes").Select(row => row[0].Text[^5..]).Take(3));
        Assert.Contains("2026-11-19T13:00:00.0000000+00:00,2026-11-19T14:00:00.0000000+00:00,96,yes", table.ToCsv());
    }

    [Theory]
    [InlineData(1200)]
    [InlineData(260)]
    public void Bars_stand_on_zero_inside_the_plot_and_missing_hours_stay_empty(double width)
    {
        var forecast = SampleCarbon.Forecast(CarbonSignal.Average, Now, 72, 8);
        var g = IntensityGeometry.Of(CarbonText.Chart(forecast, 72, SampleCarbon.Live(Now), Now, Utc), width, 280);
        Assert.Equal(48, g.Bars.Count);
        Assert.All(g.Bars, bar => Assert.InRange(bar.X, g.Plot.Left, g.Plot.Right));
        Assert.All(g.Bars, bar => Assert.InRange(bar.Y, g.Plot.Top, g.Plot.Bottom));
        Assert.True(g.Bars[^1].X + g.Bars[^1].Width < g.Plot.Left + (g.Plot.Width * 0.7));
        Assert.Equal(8, g.Bars.Count(bar => bar.Greenest));
        Assert.Equal("96", Assert.Single(g.Bars, bar => bar.Label is not null).Label);
        Assert.Equal(g.Y.At(351), g.ReferenceY);
        Assert.All(g.TimeTicks.Zip(g.TimeTicks.Skip(1)), pair => Assert.True(pair.Second.At - pair.First.At >= 40));
    }

    [Fact]
    public async Task A_source_that_fails_says_how_often_why_and_when_it_is_asked_again()
    {
        var html = WebUtility.HtmlDecode(await Rendering.HtmlOfAsync<SourcesPanel>(new() { [nameof(SourcesPanel.Sources)] = SampleCarbon.Sources(Now) }));
        Assert.Contains("failing, 3 in a row", html);
        Assert.Contains("WattTime answered 429 Too Many Requests", html);
        Assert.Matches("09:49:00<br ?/?><span class=\"tiny muted\">in 7\u00A0min<", html);
        Assert.Contains("not asked yet", html);
        Assert.Contains("<span class=\"nowrap\">never</span>", html);
        Assert.Matches("09:12:00<br ?/?><span class=\"tiny muted\">30\u00A0min ago<", html);
        Assert.Contains("Carbon__Zone=DEU", await Rendering.HtmlOfAsync<SourcesPanel>(new() { [nameof(SourcesPanel.Sources)] = Array.Empty<CarbonSourceState>() }));
    }

    [Fact]
    public async Task Restatements_show_both_totals_in_one_unit_and_which_superseded_which()
    {
        var html = WebUtility.HtmlDecode(await Rendering.HtmlOfAsync<RestatementsPanel>(new() { [nameof(RestatementsPanel.Restatements)] = SampleCarbon.Restatements(Now) }));
        Assert.Contains("Original, g CO2e", html);
        Assert.Contains("1 Oct 2026, 00:00 to 1 Nov 2026, 00:00 UTC", html);
        Assert.Contains("superseded by 3", html);
        Assert.Matches("data-label=\"Original\"><span>41.8<(?s:.*)data-label=\"Restated\"><span><b>38.1<(?s:.*)data-label=\"Change\">\u22128.9\u00A0%<", html);
        Assert.Contains("+20\u00A0%", html);
        Assert.Contains("642 hours changed, 102 as they were", html);
        Assert.Contains("Restate a span", await Rendering.HtmlOfAsync<RestatementsPanel>(new() { [nameof(RestatementsPanel.Restatements)] = Array.Empty<Restatement>() }));
    }

    [Fact]
    public void A_change_of_nothing_has_no_percentage() =>
        Assert.Null(RestatementText.Change(SampleCarbon.Restated(1, Now, Now, "latest", 0, 0, Now) with { OriginalGrams = new GramsCO2e(0) }));

    private static async Task<string> ForecastAsync(CarbonForecast forecast) => WebUtility.HtmlDecode(await Rendering.HtmlOfAsync<ForecastPanel>(new()
    {
        [nameof(ForecastPanel.Signal)] = forecast.Signal,
        [nameof(ForecastPanel.Forecast)] = forecast,
        [nameof(ForecastPanel.Hours)] = 24,
    }));
}
