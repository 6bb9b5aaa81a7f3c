using GreenTune.Core.Contracts;
using Microsoft.Playwright;

namespace GreenTune.Dashboard.Tests.Browser;

public sealed class CompareTests(ChromiumFixture chromium)
{
    [Fact]
    public async Task A_slider_moves_by_the_arrow_keys_the_weights_stay_one_and_only_saving_makes_it_hold()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/compare");
        var auto = test.Page.Locator(".auto");
        await Assertions.Expect(auto).ToHaveAttributeAsync("data-auto", "greentune-tiny-int4");
        var slider = test.Page.GetByRole(AriaRole.Slider, new() { Name = "Efficiency", Exact = true });
        await slider.FocusAsync();
        for (var i = 0; i < 20; i++)
        {
            await slider.PressAsync("ArrowRight");
        }

        await Assertions.Expect(test.Page.Locator("[data-weight=efficiency]")).ToHaveTextAsync("0.53");
        Assert.InRange((await WeightsAsync(test.Page)).Sum(), 0.99, 1.01);
        await Assertions.Expect(auto).ToHaveAttributeAsync("data-auto-preview", "greentune-nano-fp32");
        await Assertions.Expect(auto).ToContainTextAsync("Serves greentune-tiny int4 until you save.");
        Assert.Equal("greentune-nano-fp32", await test.Page.GetAttributeAsync("tr.winner", "data-configuration"));
        Assert.Equal(6, test.Services.World.Settings.Version);
        await test.AddressAsync("/compare?weights=");

        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Save weights" }).ClickAsync();
        await Assertions.Expect(auto).ToHaveAttributeAsync("data-auto", "greentune-nano-fp32");
        await Assertions.Expect(auto).ToContainTextAsync("auto serves this now");
        await Assertions.Expect(test.Page.GetByText("Saved. auto serves greentune-nano fp32.")).ToBeVisibleAsync();
        Assert.Equal(7, test.Services.World.Settings.Version);
        await Assertions.Expect(test.Page.GetByRole(AriaRole.Button, new() { Name = "Save weights" })).ToBeDisabledAsync();
        Assert.Equal([], test.Errors);
    }

    [Fact]
    public async Task The_triangle_takes_arrow_keys_and_the_pointer()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/compare");
        var triangle = test.Page.GetByRole(AriaRole.Slider, new() { Name = "Weights; arrow keys move by 0.01" });
        await triangle.FocusAsync();
        await triangle.PressAsync("ArrowUp");
        await Assertions.Expect(test.Page.Locator("[data-weight=energy]")).ToHaveTextAsync("0.34");
        await triangle.PressAsync("ArrowRight");
        await Assertions.Expect(test.Page.Locator("[data-weight=effectiveness]")).ToHaveTextAsync("0.34");
        await Assertions.Expect(triangle).ToHaveAttributeAsync("aria-valuetext", "energy 0.34, efficiency 0.32, effectiveness 0.34");
        var corners = (await triangle.GetAttributeAsync("data-corners"))!.Split(' ').Select(c => c.Split(',').Select(n => float.Parse(n, System.Globalization.CultureInfo.InvariantCulture)).ToArray()).ToArray();
        var box = (await triangle.BoundingBoxAsync())!;
        await test.Page.Mouse.MoveAsync(box.X + corners[0][0], box.Y + corners[0][1] + 30);
        await test.Page.Mouse.DownAsync();
        await test.Page.Mouse.MoveAsync(box.X + corners[0][0], box.Y + corners[0][1] - 20);
        await test.Page.Mouse.UpAsync();
        await Assertions.Expect(test.Page.Locator("[data-weight=energy]")).ToHaveTextAsync("1.00");
        Assert.Equal([], test.Errors);
    }

    [Fact]
    public async Task Weights_in_a_link_are_shown_as_a_draft()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/compare?weights=0,1,0");
        await Assertions.Expect(test.Page.Locator(".auto")).ToHaveAttributeAsync("data-auto-preview", "greentune-nano-fp32");
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Reset to the saved weights" }).ClickAsync();
        await Assertions.Expect(test.Page.Locator("[data-weight=energy]")).ToHaveTextAsync("0.33");
    }

    [Fact]
    public async Task Settings_that_somebody_else_saved_are_not_overwritten_unasked()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/compare?weights=0.6,0.2,0.2");
        test.Services.World.Settings = test.Services.World.Settings with { Version = 9, Weights = new ThreeEWeights(0.1, 0.1, 0.8) };
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Save weights" }).ClickAsync();
        await Assertions.Expect(test.Page.GetByRole(AriaRole.Alert).Filter(new() { HasText = "Somebody saved other settings" })).ToBeVisibleAsync();
        Assert.Equal(9, test.Services.World.Settings.Version);
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Save mine over them" }).ClickAsync();
        await Assertions.Expect(test.Page.GetByText("Somebody saved other settings")).ToHaveCountAsync(0);
        Assert.Equal(0.6, test.Services.World.Settings.Weights.Energy, 6);
    }

    [Fact]
    public async Task A_configuration_is_pinned_through_a_dialog()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/compare");
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Pin a configuration" }).ClickAsync();
        var dialog = test.Page.GetByRole(AriaRole.Dialog, new() { Name = "Pin a configuration" });
        await dialog.GetByLabel("Configuration").SelectOptionAsync("greentune-tiny-fp32");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Pin", Exact = true }).ClickAsync();
        await Assertions.Expect(test.Page.Locator(".auto")).ToHaveAttributeAsync("data-auto-preview", "greentune-tiny-fp32");
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Save weights" }).ClickAsync();
        await Assertions.Expect(test.Page.Locator(".auto")).ToHaveAttributeAsync("data-auto", "greentune-tiny-fp32");
        Assert.Equal("greentune-tiny-fp32", test.Services.World.Settings.Pinned);
        Assert.Equal([], test.Errors);
    }

    [Fact]
    public async Task Measuring_from_nothing_shows_its_progress_and_then_the_ranking()
    {
        await using var test = await BrowserTest.StartAsync(chromium, empty: true);
        await test.OpenAsync("/compare");
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Measure configurations" }).ClickAsync();
        await test.Page.GetByLabel("Repeats").FillAsync("5");
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Start measuring" }).ClickAsync();
        await Assertions.Expect(test.Page.GetByRole(AriaRole.Progressbar, new() { Name = "Measuring configurations" })).ToHaveAttributeAsync("aria-valuenow", "0");
        Assert.Equal(5, test.Services.Plans.Asked!.Repeats);
        test.Services.Plans.Progress(0.42, "Repeat 2 of 5: greentune-nano-int8", 100);
        await Assertions.Expect(test.Page.GetByText("Repeat 2 of 5: greentune-nano-int8")).ToBeVisibleAsync();
        await Assertions.Expect(test.Page.GetByText("about 2 min left")).ToBeVisibleAsync();
        test.Services.Plans.Finish();
        await Assertions.Expect(test.Page.Locator("tr.winner")).ToBeVisibleAsync();
        await Assertions.Expect(test.Page.GetByText("The ranking below is from the new plan.")).ToBeVisibleAsync();
        Assert.Equal([], test.Errors);
    }

    [Fact]
    public async Task Measuring_can_be_cancelled()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/compare?measure=true");
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Start measuring" }).ClickAsync();
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel measuring" }).ClickAsync();
        await Assertions.Expect(test.Page.GetByText("Measuring was cancelled.")).ToBeVisibleAsync();
        Assert.Equal(PlanState.Cancelled, test.Services.Plans.Current!.State);
    }

    private static Task<double[]> WeightsAsync(IPage page) => page.EvalOnSelectorAllAsync<double[]>("[data-weight]", "outputs => outputs.map(o => +o.textContent)");
}
