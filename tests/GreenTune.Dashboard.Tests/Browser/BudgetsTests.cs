using GreenTune.Core.Contracts;
using Microsoft.Playwright;

namespace GreenTune.Dashboard.Tests.Browser;

public sealed class BudgetsTests(ChromiumFixture chromium)
{
    [Fact]
    public async Task A_budget_is_created_with_all_its_fields()
    {
        await using var test = await BrowserTest.StartAsync(chromium, empty: true);
        await test.OpenAsync("/budgets");
        await test.Page.GetByRole(AriaRole.Link, new() { Name = "Create a budget" }).ClickAsync();
        var form = test.Page.Locator("[data-panel=budget-form]");
        await form.GetByLabel("Name").FillAsync("Support desk");
        await form.GetByLabel("Tenant").FillAsync("team-support");
        await form.GetByLabel("Limit").FillAsync("0,02");
        await form.GetByLabel("Quantity").SelectOptionAsync(nameof(BudgetQuantity.KilowattHours));
        await Assertions.Expect(form).ToContainTextAsync("20.0\u00A0Wh");
        await form.GetByLabel("First threshold, percent").FillAsync("75");
        await form.GetByLabel("Second action").SelectOptionAsync("degrade:greentune-nano-int8");
        await form.GetByLabel("Third action").SelectOptionAsync("block");
        await form.GetByRole(AriaRole.Button, new() { Name = "Create budget" }).ClickAsync();
        await Assertions.Expect(test.Page.Locator("[data-budget='Support desk']")).ToHaveAttributeAsync("data-state", "On track");
        var budget = Assert.Single(test.Services.World.Budgets).Budget;
        Assert.Equal((0.02, BudgetQuantity.KilowattHours, "team-support"), (budget.Limit, budget.Quantity, budget.Tenant));
        Assert.Equal([new(0.75, BudgetAction.Notify), new(0.95, BudgetAction.Degrade, "greentune-nano-int8"), new(1, BudgetAction.Block)], budget.Thresholds);
        await Assertions.Expect(form).ToHaveCountAsync(0);
        await Assertions.Expect(test.Page.Locator("[data-decision=created]")).ToBeVisibleAsync();
        Assert.Equal([], test.Errors);
    }

    [Fact]
    public async Task A_budget_is_tried_on_the_past_before_it_holds()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/budgets?edit=new");
        var form = test.Page.Locator("[data-panel=budget-form]");
        await form.GetByLabel("Name").FillAsync("Support desk, tight");
        await form.GetByLabel("Tenant").FillAsync("team-support");
        await form.GetByRole(AriaRole.Button, new() { Name = "Try on the past" }).ClickAsync();
        await Assertions.Expect(form.GetByText("Set a limit, for example 4.00")).ToBeVisibleAsync();
        await form.GetByLabel("Limit").FillAsync("0.05");
        await form.GetByRole(AriaRole.Button, new() { Name = "Try on the past" }).ClickAsync();
        var trial = test.Page.Locator("[data-panel=budget-trial]");
        await Assertions.Expect(trial.Locator("[data-trial]")).ToContainTextAsync("would have been refused");
        await test.ShootAsync("budget-trial");
        await trial.GetByRole(AriaRole.Button, new() { Name = "7 days" }).ClickAsync();
        await Assertions.Expect(trial.GetByRole(AriaRole.Button, new() { Name = "7 days" })).ToHaveAttributeAsync("aria-pressed", "true");
        await Assertions.Expect(form.GetByLabel("Limit")).ToHaveValueAsync("0.05");
        Assert.Equal(4, test.Services.World.Budgets.Count);
        await form.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Assertions.Expect(trial).ToHaveCountAsync(0);
        Assert.Equal([], test.Errors);
    }

    [Fact]
    public async Task Mistakes_are_told_at_their_fields_and_the_first_one_gets_the_focus()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/budgets?edit=new");
        var form = test.Page.Locator("[data-panel=budget-form]");
        await form.GetByRole(AriaRole.Button, new() { Name = "Create budget" }).ClickAsync();
        await Assertions.Expect(form.GetByText("Set a limit, for example 4.00")).ToBeVisibleAsync();
        await test.Page.WaitForFunctionAsync("() => document.activeElement.getAttribute('aria-invalid') === 'true'");
        await form.GetByLabel("Name").FillAsync("Again");
        await form.GetByLabel("Tenant").FillAsync("playground");
        await form.GetByLabel("Limit").FillAsync("4");
        await test.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(form.GetByText("has a budget already")).ToBeVisibleAsync();
        Assert.Equal([], test.Errors);
    }

    [Fact]
    public async Task A_budget_is_edited_paused_and_deleted()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/budgets");
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Support desk", Exact = true }).ClickAsync();
        await Assertions.Expect(test.Page.GetByRole(AriaRole.Heading, new() { Name = "Support desk: today" })).ToBeVisibleAsync();
        await test.Page.GetByRole(AriaRole.Link, new() { Name = "Edit Support desk" }).ClickAsync();
        var form = test.Page.Locator("[data-panel=budget-form]");
        await form.GetByLabel("Limit").FillAsync("12.5");
        await form.GetByRole(AriaRole.Button, new() { Name = "Save budget" }).ClickAsync();
        await Assertions.Expect(test.Page.Locator("[data-budget='Support desk']")).ToContainTextAsync("of 12.5\u00A0g CO2e");

        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Pause Support desk" }).ClickAsync();
        await Assertions.Expect(test.Page.Locator("[data-budget='Support desk']")).ToHaveAttributeAsync("data-state", "Paused");

        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Delete Support desk" }).ClickAsync();
        var dialog = test.Page.GetByRole(AriaRole.Dialog, new() { Name = "Delete budget" });
        await test.Page.WaitForFunctionAsync("() => document.activeElement.closest('dialog') !== null");
        await test.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(dialog).ToHaveCountAsync(0);
        Assert.Equal(4, test.Services.World.Budgets.Count);
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Delete Support desk" }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Delete budget" }).ClickAsync();
        await Assertions.Expect(test.Page.Locator("[data-budget='Support desk']")).ToHaveCountAsync(0);
        Assert.Equal(3, test.Services.World.Budgets.Count);
        Assert.Equal([], test.Errors);
    }

    [Fact]
    public async Task The_log_holds_what_budgets_did_and_the_number_in_the_navigation_counts_the_pressing_ones()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/budgets");
        Assert.Equal(7, await test.Page.Locator("[data-decision]").CountAsync());
        await Assertions.Expect(test.Page.GetByRole(AriaRole.Link, new() { Name = "Budgets 2 budgets need attention" })).ToBeVisibleAsync();
    }
}
