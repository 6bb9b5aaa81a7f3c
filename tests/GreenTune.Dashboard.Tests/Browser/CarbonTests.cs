using Microsoft.Playwright;

namespace GreenTune.Dashboard.Tests.Browser;

public sealed class CarbonTests(ChromiumFixture chromium)
{
    [Fact]
    public async Task A_span_is_restated_by_keyboard_after_what_changes_was_seen()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/carbon?signal=marginal&restate=new");
        await Assertions.Expect(test.Page.Locator("[data-panel=forecast] h2")).ToHaveTextAsync("Hours ahead, marginal");
        var form = test.Page.Locator("[data-panel=restatement-form]");
        await form.GetByLabel("From, UTC").FillAsync("2026-11-18 00:30");
        await form.GetByLabel("To, UTC").FillAsync("2026-11-19");
        await form.GetByLabel("Factors").SelectOptionAsync("stated");
        await form.GetByLabel("Intensity").FillAsync("231");
        await form.GetByLabel("Published by").FillAsync("UBA, Strommix 2025");
        await form.GetByLabel("Asked for by").FillAsync("M. Okafor");
        await form.GetByLabel("Why, for the auditor").FillAsync("The grid operator's figure");
        await test.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(form.GetByText("A whole hour")).ToBeVisibleAsync();
        await test.Page.WaitForFunctionAsync("() => document.activeElement.getAttribute('aria-invalid') === 'true'");
        await test.Page.Keyboard.PressAsync("Control+a");
        await test.Page.Keyboard.TypeAsync("2026-11-18");
        await test.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(form.Locator("[data-becomes]")).ToContainTextAsync("if the PUE was 1.2 in all hours");
        await test.Page.WaitForFunctionAsync("() => document.activeElement.id === 'restatement-form-title'");
        await test.ShootAsync("carbon-review");
        Assert.Equal(3, test.Services.Carbon.Restatements.Count);
        await form.GetByRole(AriaRole.Button, new() { Name = "Make restatement" }).ClickAsync();
        await Assertions.Expect(test.Page.Locator("[data-restatement='4']")).ToContainTextAsync("The grid operator's figure");
        await Assertions.Expect(form).ToHaveCountAsync(0);
        await Assertions.Expect(test.Page.Locator("[data-panel=forecast] h2")).ToHaveTextAsync("Hours ahead, marginal");
        Assert.Equal([], test.Errors);
    }
}
