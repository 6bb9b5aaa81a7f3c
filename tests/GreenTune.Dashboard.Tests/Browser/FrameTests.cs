using Microsoft.Playwright;

namespace GreenTune.Dashboard.Tests.Browser;

/// <summary>Theme, navigation, palette, and what happens when services or the dashboard itself go away.</summary>
public sealed class FrameTests(ChromiumFixture chromium)
{
    [Fact]
    public async Task A_chosen_theme_stays_and_is_there_at_the_first_paint()
    {
        await using var test = await BrowserTest.StartAsync(chromium, theme: ColorScheme.Light);
        await test.OpenAsync("/");
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Switch theme" }).ClickAsync();
        Assert.Equal("dark", await test.Page.GetAttributeAsync("html", "data-theme"));
        // Without any script, so that what is seen is the first byte's theme.
        await test.Page.RouteAsync("**/*.js", route => route.AbortAsync());
        await test.Page.ReloadAsync();
        Assert.Equal("rgb(12, 18, 16)", await test.Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
    }

    [Fact]
    public async Task Choosing_what_the_system_has_follows_the_system_again()
    {
        await using var test = await BrowserTest.StartAsync(chromium, theme: ColorScheme.Dark);
        await test.OpenAsync("/");
        var button = test.Page.GetByRole(AriaRole.Button, new() { Name = "Switch theme" });
        await button.ClickAsync();
        Assert.Equal("light", await test.Page.GetAttributeAsync("html", "data-theme"));
        await button.ClickAsync();
        Assert.Null(await test.Page.GetAttributeAsync("html", "data-theme"));
        Assert.DoesNotContain("greentune-theme", await test.Page.EvaluateAsync<string>("document.cookie"));
    }

    [Fact]
    public async Task The_keyboard_reaches_content_past_the_navigation_and_opens_pages()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        // Before the circuit is there the first stop is the skip link; afterwards the heading has the focus.
        await test.Page.RouteAsync("**/blazor.web*.js", route => route.FulfillAsync(new() { ContentType = "text/javascript", Body = string.Empty }));
        await test.Page.GotoAsync(test.Address.ToString());
        await test.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to content", await FocusedAsync(test.Page));
        await test.Page.UnrouteAsync("**/blazor.web*.js");
        await test.OpenAsync("/");
        await test.Page.WaitForFunctionAsync("() => document.activeElement.tagName === 'H1'");
        await test.Page.Locator("a.skip").FocusAsync();
        await test.Page.Keyboard.PressAsync("Enter");
        Assert.Equal("main", await test.Page.EvaluateAsync<string>("document.activeElement.id"));
        await test.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("Today", await FocusedAsync(test.Page));
        await test.Page.GetByRole(AriaRole.Link, new() { Name = "Compare" }).First.FocusAsync();
        await test.Page.Keyboard.PressAsync("Enter");
        await test.AddressAsync("/compare");
        // The heading takes the focus, so that a screen reader begins with it.
        await test.Page.WaitForFunctionAsync("() => document.activeElement.tagName === 'H1'");
        await test.LoadedAsync();
        await test.Page.Keyboard.PressAsync("Tab");
        await test.Page.WaitForFunctionAsync("() => document.activeElement.textContent.trim() === 'Measure configurations'");
        Assert.Equal("solid 2px", await test.Page.EvaluateAsync<string>("(s => `${s.outlineStyle} ${s.outlineWidth}`)(getComputedStyle(document.activeElement))"));
    }

    [Fact]
    public async Task The_palette_leads_to_pages_records_and_tenants()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/");
        await test.Page.Keyboard.PressAsync("Control+k");
        var input = test.Page.GetByRole(AriaRole.Combobox, new() { Name = "Go to page" });
        await input.FillAsync("comp");
        await test.Page.WaitForSelectorAsync("#palette-option-0:has-text('Compare')");
        await test.Page.Keyboard.PressAsync("Enter");
        await test.AddressAsync("/compare");
        Assert.False(await test.Page.IsVisibleAsync("#palette"));

        await test.Page.Keyboard.PressAsync("Control+k");
        await input.FillAsync(test.Services.World.Records[1].Record.Id);
        await test.Page.WaitForSelectorAsync("#palette-option-0 small:has-text('record')");
        await test.Page.Keyboard.PressAsync("Enter");
        await test.AddressAsync("/requests?record=");
        await test.Page.WaitForSelectorAsync("[data-value=joules]");

        await test.Page.Keyboard.PressAsync("Control+k");
        await input.FillAsync("playground");
        await test.Page.WaitForSelectorAsync("#palette-option-1");
        await test.Page.Keyboard.PressAsync("ArrowDown");
        await test.Page.WaitForSelectorAsync("#palette-option-1[aria-selected=true]");
        await test.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(test.Page.GetByLabel("Tenant")).ToHaveValueAsync("playground");
        Assert.Equal([], test.Errors);
    }

    [Fact]
    public async Task A_tenant_is_kept_for_the_next_visit_and_a_link_overrules_it()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/");
        await test.Page.GetByLabel("Tenant").SelectOptionAsync("playground");
        await Assertions.Expect(test.Page.Locator("[data-panel=latest] tbody td:nth-child(3)").First).ToHaveTextAsync("playground");
        await test.OpenAsync("/requests");
        await Assertions.Expect(test.Page.GetByLabel("Tenant")).ToHaveValueAsync("playground");
        await test.OpenAsync("/requests?tenant=team-support");
        await Assertions.Expect(test.Page.GetByLabel("Tenant")).ToHaveValueAsync("team-support");
    }

    [Fact]
    public async Task On_a_phone_the_navigation_is_a_drawer_that_keeps_the_focus()
    {
        await using var test = await BrowserTest.StartAsync(chromium, 390, 844);
        await test.OpenAsync("/");
        Assert.False(await test.Page.IsVisibleAsync("#nav"));
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Menu", Exact = true }).ClickAsync();
        Assert.True(await test.Page.IsVisibleAsync("#nav"));
        Assert.True(await test.Page.EvaluateAsync<bool>("document.getElementById('content').hasAttribute('inert')"));
        await test.Page.Keyboard.PressAsync("Escape");
        Assert.False(await test.Page.IsVisibleAsync("#nav"));
        Assert.Equal("Menu", await FocusedAsync(test.Page));
        await test.Page.Keyboard.PressAsync("Enter");
        await test.Page.GetByRole(AriaRole.Link, new() { Name = "Budgets" }).First.ClickAsync();
        await test.AddressAsync("/budgets");
        Assert.False(await test.Page.IsVisibleAsync("#nav"));
    }

    [Fact]
    public async Task One_failing_call_fails_one_panel_and_retry_mends_it()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        test.Services.Fail("/api/budgets", 500);
        await test.OpenAsync("/");
        var panel = test.Page.Locator("[data-panel=budgets]");
        await Assertions.Expect(panel).ToContainTextAsync("The database is locked.");
        await Assertions.Expect(test.Page.Locator("[data-kpi=energy] [data-value]")).ToBeVisibleAsync();
        test.Services.Heal();
        await panel.GetByRole(AriaRole.Button, new() { Name = "Retry Budgets" }).ClickAsync();
        await Assertions.Expect(panel.Locator("[data-budget]").First).ToBeVisibleAsync();
        Assert.Equal([], test.Errors);
    }

    [Fact]
    public async Task A_backend_that_goes_away_is_told_and_comes_back_by_itself()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/");
        var banner = test.Page.Locator(".banner");
        test.Services.Up = false;
        await Assertions.Expect(banner).ToHaveCountAsync(2);
        await Assertions.Expect(banner.First).ToContainTextAsync("does not answer");
        await Assertions.Expect(test.Page.Locator("[data-kpi=energy] [data-value]")).ToBeVisibleAsync();
        test.Services.Up = true;
        await Assertions.Expect(banner).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_dashboard_that_restarts_is_waited_for_and_the_view_is_the_same()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        test.Expected.AddRange(["ERR_CONNECTION_REFUSED", "WebSocket", "Failed to fetch", "Connection disconnected", "Failed to complete negotiation", "Failed to start the connection", "Cannot send data", "ERR_", "circuit", "reload"]);
        await test.OpenAsync("/requests?outcome=degraded");
        await test.StopDashboardAsync();
        await Assertions.Expect(test.Page.GetByText("Connection lost")).ToBeVisibleAsync();
        test.StartDashboardAgain();
        await Assertions.Expect(test.Page.GetByText("Connection lost")).ToBeHiddenAsync(new() { Timeout = 60_000 });
        await test.LoadedAsync();
        Assert.EndsWith("/requests?outcome=degraded", test.Page.Url);
        await Assertions.Expect(test.Page.GetByRole(AriaRole.Combobox, new() { Name = "Outcome" })).ToHaveValueAsync("degraded");
        Assert.Equal([], test.Errors);
    }

    private static Task<string> FocusedAsync(IPage page) =>
        page.EvaluateAsync<string>("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim()");
}
