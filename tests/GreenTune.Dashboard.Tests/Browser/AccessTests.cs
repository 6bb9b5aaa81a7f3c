using GreenTune.Core.Access;
using GreenTune.Core.Contracts;
using Microsoft.Playwright;

namespace GreenTune.Dashboard.Tests.Browser;

/// <summary>Keys and webhooks in the browser: what is shown once, copied, confirmed and refused.</summary>
public sealed class AccessTests(ChromiumFixture chromium)
{
    [Fact]
    public async Task A_key_is_made_copied_stored_and_revoked()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/keys?edit=new");
        await Assertions.Expect(test.Page.Locator("[data-panel=access-off]")).ToContainTextAsync("Access__RequireKeys=true");
        var form = test.Page.Locator("[data-panel=key-form]");
        await test.Page.WaitForFunctionAsync("() => document.activeElement.closest('.key-form') !== null");
        await test.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(form.GetByText("Say who or what uses it")).ToBeVisibleAsync();
        await form.GetByLabel("Name").FillAsync("app");
        await form.GetByLabel("Role").SelectOptionAsync(nameof(AccessRole.Operate));
        await form.GetByLabel("Tokens per minute").FillAsync("100 000");
        await form.GetByRole(AriaRole.Button, new() { Name = "Create key" }).ClickAsync();
        var secret = test.Page.Locator("[data-panel=secret]");
        await test.Page.WaitForFunctionAsync("() => document.activeElement.closest('.secret') !== null");
        var key = await secret.GetByLabel("Key", new() { Exact = true }).InputValueAsync();
        Assert.True(AccessKeys.IsKey(key));
        await test.ShootAsync("key-created");
        await secret.GetByRole(AriaRole.Button, new() { Name = "Copy key" }).ClickAsync();
        await Assertions.Expect(secret.GetByRole(AriaRole.Status)).ToHaveTextAsync("It is in the clipboard.");
        Assert.Equal(key, await test.Page.EvaluateAsync<string>("navigator.clipboard.readText()"));
        await secret.GetByRole(AriaRole.Button, new() { Name = "I have stored it" }).ClickAsync();
        await Assertions.Expect(secret).ToHaveCountAsync(0);
        Assert.DoesNotContain(key, await test.Page.ContentAsync());

        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Revoke app" }).ClickAsync();
        await test.Page.GetByRole(AriaRole.Dialog, new() { Name = "Revoke key" }).GetByRole(AriaRole.Button, new() { Name = "Revoke key" }).ClickAsync();
        await Assertions.Expect(test.Page.Locator("[data-key=app]")).ToHaveCountAsync(0);
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "All", Exact = true }).ClickAsync();
        await Assertions.Expect(test.Page.Locator("[data-key=app]")).ToHaveAttributeAsync("data-state", "revoked");

        // Somebody else revokes one: the list follows.
        test.Services.Access.Revoke(test.Services.Access.Keys.Single(k => k.Name == "on call").Id, "ops");
        await Assertions.Expect(test.Page.Locator("[data-key='on call']")).ToHaveAttributeAsync("data-state", "revoked");
        Assert.Equal([], test.Errors);
    }

    [Fact]
    public async Task A_webhook_is_refused_made_tested_and_deleted()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/webhooks?edit=new");
        var form = test.Page.Locator("[data-panel=webhook-form]");
        await form.GetByLabel("Name").FillAsync("chat");
        await form.GetByLabel("Address").FillAsync("http://127.0.0.1/hook");
        await form.GetByLabel("notify: a threshold warns").UncheckAsync();
        await test.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(form.GetByText("is an inner address")).ToBeVisibleAsync();
        await test.Page.WaitForFunctionAsync("() => document.activeElement.getAttribute('aria-invalid') === 'true'");
        await test.ShootAsync("webhook-refused");
        await form.GetByLabel("Address").FillAsync("https://hooks.example.com/chat");
        await form.GetByRole(AriaRole.Button, new() { Name = "Create webhook" }).ClickAsync();
        var secret = test.Page.Locator("[data-panel=secret]");
        Assert.Equal("made-secret-0123456789abcdefghij", await secret.GetByLabel("Secret", new() { Exact = true }).InputValueAsync());
        await secret.GetByRole(AriaRole.Button, new() { Name = "I have stored it" }).ClickAsync();
        Assert.Equal([BudgetAction.Degrade, BudgetAction.Block], test.Services.Access.Webhooks.Single(hook => hook.Name == "chat").Actions);
        var row = test.Page.Locator("[data-webhook=chat]");
        test.Services.Access.Answer = new(false, 404, "The receiver answered 404.");
        await row.GetByRole(AriaRole.Button, new() { Name = "Send a test" }).ClickAsync();
        await Assertions.Expect(row.Locator("[data-test]")).ToHaveTextAsync("The test was not delivered. The receiver answered 404.");
        await Assertions.Expect(row).ToHaveAttributeAsync("data-state", "failed");
        await row.GetByRole(AriaRole.Button, new() { Name = "Delete chat" }).ClickAsync();
        await test.Page.GetByRole(AriaRole.Dialog, new() { Name = "Delete webhook" }).GetByRole(AriaRole.Button, new() { Name = "Delete webhook" }).ClickAsync();
        await Assertions.Expect(row).ToHaveCountAsync(0);
        Assert.Equal(3, test.Services.Access.Webhooks.Count);
        Assert.Equal([], test.Errors);
    }
}
