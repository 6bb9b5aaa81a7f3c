using GreenTune.Core.Access;
using GreenTune.Core.Contracts;
using Microsoft.Playwright;

namespace GreenTune.Dashboard.Tests.Browser;

public sealed class SignInTests(ChromiumFixture chromium)
{
    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Somebody_signs_in_works_and_signs_out(ColorScheme theme)
    {
        var data = Directory.CreateTempSubdirectory("greentune-dashboard-").FullName;
        try
        {
            await using var test = await BrowserTest.StartAsync(chromium, theme: theme, settings:
                [("Access:RequireKeys", "true"), ("Access:ServiceKey", "service-key-of-a-test-0123456789abcdef"), ("Data:Directory", data)]);
            var key = AccessKeys.Create();
            var id = Guid.NewGuid();
            test.Services.Keys[key] = new KeyIdentity { Id = id, Name = "support desk", Tenant = "default", Role = AccessRole.Operate };
            // The browser names every 401 in its console.
            test.Expected.Add("401");

            await test.Page.GotoAsync(new Uri(test.Address, "/budgets").ToString());
            await test.Page.GetByLabel("API key").FillAsync("gt_wrong");
            await test.Page.Keyboard.PressAsync("Enter");
            await Assertions.Expect(test.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("unknown");
            await test.ShootAsync($"sign-in-{theme}".ToLowerInvariant());
            await test.Page.GetByLabel("API key").FillAsync(key);
            await test.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
            await test.LoadedAsync();
            await Assertions.Expect(test.Page.GetByRole(AriaRole.Heading, new() { Name = "Budgets", Level = 1 })).ToBeVisibleAsync();

            // Whoever is signed in is who asks.
            await Eventually.TrueAsync(() => test.Services.Behalf.Contains(id.ToString()));
            Assert.DoesNotContain(test.Services.Behalf, behalf => behalf is { Length: > 0 } other && other != id.ToString());
            await test.ShootAsync($"signed-in-{theme}".ToLowerInvariant());
            await test.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
            await Assertions.Expect(test.Page.GetByLabel("API key")).ToBeVisibleAsync();
            Assert.Equal([], test.Errors);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1440)]
    [InlineData(ColorScheme.Dark, 400)]
    public async Task A_models_rolling_budget_is_set_with_its_own_fields(ColorScheme theme, int width)
    {
        await using var test = await BrowserTest.StartAsync(chromium, width: width, theme: theme);
        await test.OpenAsync("/budgets?edit=new");
        var form = test.Page.Locator("[data-panel=budget-form]");
        await form.GetByLabel("Name").FillAsync("Tiny models");
        await form.GetByLabel("Counts").SelectOptionAsync(nameof(BudgetScope.Model));
        await form.GetByLabel("Window").SelectOptionAsync(nameof(BudgetWindowKind.Rolling));
        await form.GetByLabel("Period").SelectOptionAsync(nameof(BudgetPeriod.Week));
        await form.GetByLabel("Quantity").SelectOptionAsync(nameof(BudgetQuantity.Joules));
        await form.GetByLabel("Limit").FillAsync("5000");
        await form.GetByRole(AriaRole.Button, new() { Name = "Create budget" }).ClickAsync();
        await Assertions.Expect(form.GetByText("greentune-tiny-*")).ToBeVisibleAsync();
        await test.ShootAsync($"budget-form-{theme}-{width}".ToLowerInvariant());
        await form.GetByLabel("Model").FillAsync("greentune-tiny-*");
        await form.GetByRole(AriaRole.Button, new() { Name = "Create budget" }).ClickAsync();
        await Assertions.Expect(test.Page.Locator("[data-budget='Tiny models']")).ToContainTextAsync("in the last 7 days");
        var budget = Assert.Single(test.Services.World.Budgets, status => status.Budget.Name == "Tiny models").Budget;
        Assert.Equal((BudgetScope.Model, null, "greentune-tiny-*", BudgetPeriod.Week, BudgetWindowKind.Rolling, BudgetQuantity.Joules),
            (budget.Scope, budget.Tenant, budget.Model, budget.Period, budget.Window, budget.Quantity));
        Assert.Equal([], test.Errors);
    }
}
