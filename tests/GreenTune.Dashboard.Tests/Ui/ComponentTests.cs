using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Charts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Pages.Playground;
using GreenTune.Dashboard.Services;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Tests.Ui;

public sealed class ComponentTests : IDisposable
{
    private readonly Loadable<string> _load = new(new ManualClock());

    public void Dispose() => _load.Dispose();

    [Theory]
    [InlineData(EnergyQuality.Measured, "measured")]
    [InlineData(EnergyQuality.Modelled, "modelled")]
    [InlineData(EnergyQuality.Estimated, "estimated")]
    [InlineData(EnergyQuality.None, "not measured")]
    public async Task A_badge_names_its_quality_in_words(EnergyQuality quality, string word)
    {
        var html = await Rendering.HtmlOfAsync<QualityBadge>(new() { ["Quality"] = quality, ["Tip"] = "Meter: NVML." });
        Assert.Contains($">{word}<", html);
        Assert.Contains("title=\"Meter: NVML.\"", html);
    }

    [Fact]
    public async Task An_explained_badge_is_a_button_for_the_keyboard()
    {
        var html = await Rendering.HtmlOfAsync<QualityBadge>(new() { ["Quality"] = EnergyQuality.Measured, ["Tip"] = "Meter: NVML.", ["Explained"] = true });
        Assert.Contains("<button", html);
        Assert.Contains("popovertarget", html);
        Assert.Contains("measured, explain", html);
    }

    [Fact]
    public async Task A_panel_waits_with_a_skeleton_of_its_final_size()
    {
        var html = await PanelAsync();
        Assert.Contains("class=\"skeleton\" style=\"min-height:250px\"", html);
        Assert.Contains("Loading Live power", html);
        Assert.DoesNotContain("the content", html);
    }

    [Fact]
    public async Task A_panel_that_failed_says_what_since_when_and_offers_to_retry()
    {
        await _load.LoadAsync(_ => throw new ServiceException("inference", ServiceFailure.Unreachable, "Inference does not answer."));
        var html = await PanelAsync();
        Assert.Contains("Inference does not answer.", html);
        Assert.Contains("Since 09:42:00", html);
        Assert.Contains("Retry Live power", html);
        Assert.DoesNotContain("the content", html);
    }

    [Fact]
    public async Task A_panel_whose_reload_failed_keeps_its_content_and_says_how_old_it_is()
    {
        await _load.LoadAsync(_ => Task.FromResult("value"));
        await _load.LoadAsync(_ => throw new ServiceException("inference", ServiceFailure.Unreachable, "Inference does not answer."));
        var html = await PanelAsync();
        Assert.Contains("As of 09:42:00", html);
        Assert.Contains("the content", html);
    }

    [Fact]
    public async Task A_figure_that_is_unknown_says_so_and_never_reads_as_zero()
    {
        var html = await Rendering.HtmlOfAsync<Kpi>(new() { ["Key"] = "energy", ["Label"] = "Energy", ["Value"] = null, ["Quality"] = EnergyQuality.None, ["Note"] = "No meter was found." });
        Assert.Contains(Figures.NotMeasured, html);
        Assert.Contains("No meter was found.", html);
        Assert.DoesNotContain(">0<", html);
    }

    [Fact]
    public async Task A_slider_is_a_native_range_with_its_value_in_words()
    {
        var html = await Rendering.HtmlOfAsync<Slider>(new() { ["Label"] = "Energy", ["Key"] = "energy", ["Value"] = 1.0 / 3 });
        Assert.Contains("type=\"range\"", html);
        Assert.Contains("value=\"33\"", html);
        Assert.Contains("aria-valuetext=\"0.33\"", html);
    }

    [Fact]
    public async Task A_field_ties_hint_and_error_to_its_control()
    {
        var html = await Rendering.HtmlOfAsync<TextField>(new() { ["Label"] = "Limit", ["Value"] = "x", ["Hint"] = "In grams", ["Error"] = "A number above 0" });
        Assert.Matches("aria-describedby=\"field-\\d+-hint field-\\d+-error\"", html);
        Assert.Contains("aria-invalid=\"true\"", html);
        Assert.Contains("role=\"alert\"", html);
    }

    [Fact]
    public async Task A_chart_has_a_description_text_and_its_unit()
    {
        var html = await Rendering.HtmlOfAsync<TraceChart>(new()
        {
            ["Points"] = (IReadOnlyList<TracePoint>)[new(-2, 6.2), new(-1, 15), new(0, 6.3)],
            ["Baseline"] = 6.2,
            ["BaselineLabel"] = "Idle baseline 6.20 W",
            ["FromSeconds"] = -2.0,
            ["ToSeconds"] = 0.0,
            ["TimeLabel"] = (Func<double, string>)(s => $"{s}"),
            ["Width"] = 600.0,
            ["Description"] = "Power of cpu-0",
        });
        Assert.Contains("role=\"img\" aria-label=\"Power of cpu-0\"", html);
        Assert.Contains(">Power, W</text>", html);
        Assert.Contains("Idle baseline 6.20 W</text>", html);
    }

    [Fact]
    public async Task What_a_model_writes_is_text_and_never_markup()
    {
        var answer = new Answer("auto", 128, new ManualClock());
        answer.Apply(new ChatDelta("chatcmpl-1", "<b>bold</b> & <script>alert(1)</script>"));
        var html = await Rendering.HtmlOfAsync<AnswerView>(new() { ["Answer"] = answer });
        Assert.Contains("&lt;b&gt;bold&lt;/b&gt; &amp; &lt;script&gt;alert(1)&lt;/script&gt;", html);
        Assert.DoesNotContain("<script>", html);
    }

    private Task<string> PanelAsync() => Rendering.HtmlOfAsync<Panel>(new()
    {
        ["Title"] = "Live power",
        ["Load"] = _load,
        ["SkeletonHeight"] = 250,
        ["OnRetry"] = Microsoft.AspNetCore.Components.EventCallback.Factory.Create(this, () => { }),
        ["ChildContent"] = Rendering.Text("the content"),
    });
}
