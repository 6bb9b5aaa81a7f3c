using Microsoft.Playwright;

namespace GreenTune.Dashboard.Tests.Browser;

public sealed class PlaygroundTests(ChromiumFixture chromium)
{
    [Fact]
    public async Task An_answer_streams_and_its_figures_settle_in_place()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/playground?tenant=team-support");
        await Assertions.Expect(test.Page.Locator("[data-predicted]")).ToContainTextAsync("Predicted for up to 128 tokens");
        await test.AskAsync("Name three ways to save energy in a small office.");
        await test.Page.WaitForSelectorAsync("[data-answer=settling], [data-answer=settled]");
        await test.Page.WaitForSelectorAsync("[data-settled=true]");
        await Assertions.Expect(test.Page.Locator(".answer-text")).ToContainTextAsync("Turn off lights and screens");
        await Assertions.Expect(test.Page.Locator(".cost [data-quality]")).ToHaveAttributeAsync("data-quality", "estimated");
        await Assertions.Expect(test.Page.Locator(".cost [data-value=joules]")).ToContainTextAsync("J");
        await Assertions.Expect(test.Page.Locator("[data-session]")).ToContainTextAsync("1 answer");
        await test.Page.GetByRole(AriaRole.Link, new() { Name = "Open record" }).ClickAsync();
        await test.Page.WaitForSelectorAsync("[data-panel=record] [data-value=joules]");
        Assert.Equal([], test.Errors);
    }

    [Fact]
    public async Task Escape_stops_a_running_answer()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        test.Services.TokenInterval = TimeSpan.FromMilliseconds(60);
        await test.OpenAsync("/playground?tenant=team-support");
        await test.AskAsync("Name three ways.");
        await test.Page.WaitForSelectorAsync("[data-answer=streaming]");
        await test.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(test.Page.GetByText("Stopped. The record says what it used until then.")).ToBeVisibleAsync();
        await test.Page.WaitForSelectorAsync("[data-settled=true]");
        Assert.Equal([], test.Errors);
    }

    [Fact]
    public async Task Two_configurations_answer_side_by_side_and_are_compared()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/playground?tenant=team-support");
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Side by side" }).ClickAsync();
        await test.AddressAsync("mode=side");
        await test.Page.GetByLabel("Configuration A").SelectOptionAsync("greentune-tiny-int4");
        await test.Page.GetByLabel("Configuration B").SelectOptionAsync("greentune-nano-int8");
        await test.AddressAsync("a=greentune-tiny-int4", "b=greentune-nano-int8");
        await test.AskAsync("The kettle boils fast, but the handle gets hot.");
        await Assertions.Expect(test.Page.Locator("[data-settled=true]")).ToHaveCountAsync(2);
        await Assertions.Expect(test.Page.Locator(".comparison")).ToContainTextAsync("In the end: B spends");
        await Assertions.Expect(test.Page.Locator("[data-column=B]")).ToContainTextAsync("below floor");
        Assert.Equal([], test.Errors);
    }

    [Fact]
    public async Task What_budgets_did_is_shown_with_the_answer_or_in_its_place()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/playground?tenant=playground");
        await test.AskAsync("Hello?");
        await Assertions.Expect(test.Page.Locator("[data-budget-decision=degrade]")).ToContainTextAsync("degraded this answer");
        await test.OpenAsync("/playground?tenant=batch-eval");
        await test.AskAsync("Hello?");
        await Assertions.Expect(test.Page.Locator("[data-budget-decision=block]")).ToContainTextAsync("Try again");
        await Assertions.Expect(test.Page.Locator("[data-budget-decision=block]")).ToContainTextAsync("Batch evaluation");
        Assert.Equal([], test.Errors);
    }

    [Fact]
    public async Task What_a_model_writes_is_shown_as_text()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/playground?tenant=team-support");
        await test.AskAsync("Write <b>markup</b>");
        await Assertions.Expect(test.Page.Locator(".answer-text")).ToContainTextAsync("<script>alert(1)</script>");
        Assert.Equal(0, await test.Page.Locator(".answer-text b, .answer-text script, .prompt-text b").CountAsync());
    }

    [Fact]
    public async Task Options_out_of_range_are_refused_in_words()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/playground");
        await test.Page.GetByText("Options", new() { Exact = true }).ClickAsync();
        await test.Page.GetByLabel("Most tokens").FillAsync("0");
        await test.Page.GetByLabel("Temperature").FillAsync("3");
        await test.Page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(test.Page.GetByText("A whole number from 1 to 1\u202F024")).ToBeVisibleAsync();
        await Assertions.Expect(test.Page.GetByText("From 0 to 2, for example 0.7")).ToBeVisibleAsync();
        await test.Page.GetByLabel("Most tokens").FillAsync("5");
        await test.Page.GetByLabel("Temperature").FillAsync("0.7");
        await test.Page.Keyboard.PressAsync("Tab");
        await test.AskAsync("Name three ways.");
        await Assertions.Expect(test.Page.GetByText("Cut at 5 tokens.")).ToBeVisibleAsync();
        Assert.Contains("\"max_tokens\":5,\"temperature\":0.7", test.Services.Chats[^1]);
    }
}
