using System.ClientModel;
using System.Globalization;
using System.Net;
using GreenTune.Core.Access;
using GreenTune.Core.Contracts;
using GreenTune.EndToEnd.Tests.Running;
using GreenTune.EndToEnd.Tests.Webhooks;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace GreenTune.EndToEnd.Tests;

/// <summary>What whoever runs GreenTune for others does in the dashboard, with access control on.</summary>
public sealed class AdministratorTests(ChromiumFixture chromium)
{
    private const string Nano = "greentune-nano-int4";
    private const string Tenant = "team-support";

    [Fact]
    public async Task Keys_webhooks_budgets_and_restatements_are_set_in_the_browser_and_hold()
    {
        await using WebhookReceiver receiver = await WebhookReceiver.StartAsync();
        string admin = AccessKeys.Create();
        await using GreenTuneProcess product = await GreenTuneProcess.StartAsync(
            [.. GreenTuneProcess.Only(Nano), ("Access__RequireKeys", "true"), (GreenTuneProcess.BootstrapKey, admin), ("OutgoingUrls__Allow__0", "127.0.0.1")]);
        await using IBrowserContext context = await chromium.Browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = product.Dashboard.ToString(),
            ViewportSize = new ViewportSize { Width = 1440, Height = 900 },
            TimezoneId = "UTC",
        });
        IPage page = await context.NewPageAsync();
        page.SetDefaultTimeout(30_000);
        SetDefaultExpectTimeout(30_000);
        var errors = new List<string>();
        page.PageError += (_, error) => errors.Add(error);

        await SignInAsync(page, admin);
        string key = await MakeKeyAsync(page);
        await MakeWebhookAsync(page, receiver);
        RecordView record = await UseKeyAsync(product, key);
        await BlockAsync(page, product, key, receiver);
        await RestateAsync(page, record);
        await RevokeAsync(page, product, key);
        Assert.Equal([], errors);
    }

    private static async Task SignInAsync(IPage page, string key)
    {
        await page.GotoAsync("/keys?edit=new");
        await page.GetByLabel("API key").FillAsync(key);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
    }

    /// <summary>A key for one team's programs, which is shown once.</summary>
    private static async Task<string> MakeKeyAsync(IPage page)
    {
        ILocator form = page.Locator("[data-panel=key-form]");
        await form.GetByLabel("Name").FillAsync("support bot");
        await form.GetByLabel("Tenant").FillAsync(Tenant);
        await form.GetByLabel("Role").SelectOptionAsync(nameof(AccessRole.Use));
        await form.GetByRole(AriaRole.Button, new() { Name = "Create key" }).ClickAsync();
        ILocator secret = page.Locator("[data-panel=secret]");
        string key = await secret.GetByLabel("Key", new() { Exact = true }).InputValueAsync();
        await secret.GetByRole(AriaRole.Button, new() { Name = "I have stored it" }).ClickAsync();
        await Expect(page.Locator("[data-key='support bot']")).ToHaveAttributeAsync("data-state", "active");
        return key;
    }

    /// <summary>An inner address that nobody listed is refused, the receiver's is called.</summary>
    private static async Task MakeWebhookAsync(IPage page, WebhookReceiver receiver)
    {
        await page.GotoAsync("/webhooks?edit=new");
        ILocator form = page.Locator("[data-panel=webhook-form]");
        await form.GetByLabel("Name").FillAsync("chat");
        await form.GetByLabel("Address").FillAsync("http://10.0.0.1/hook");
        await form.GetByRole(AriaRole.Button, new() { Name = "Create webhook" }).ClickAsync();
        await Expect(form.GetByText("10.0.0.1 is an inner address")).ToBeVisibleAsync();
        await form.GetByLabel("Address").FillAsync(receiver.Address);
        await form.GetByRole(AriaRole.Button, new() { Name = "Create webhook" }).ClickAsync();
        ILocator secret = page.Locator("[data-panel=secret]");
        receiver.Secret = await secret.GetByLabel("Secret", new() { Exact = true }).InputValueAsync();
        await secret.GetByRole(AriaRole.Button, new() { Name = "I have stored it" }).ClickAsync();
        ILocator row = page.Locator("[data-webhook=chat]");
        await row.GetByRole(AriaRole.Button, new() { Name = "Send a test" }).ClickAsync();
        await Expect(row.Locator("[data-test]")).ToContainTextAsync("The test was delivered");
        Assert.Equal("test", Assert.Single(receiver.Events).Event);
    }

    /// <summary>Without a key nobody is answered; with it the request is its tenant's.</summary>
    private static async Task<RecordView> UseKeyAsync(GreenTuneProcess product, string key)
    {
        ClientResultException refused = await Assert.ThrowsAsync<ClientResultException>(() => Chats.Client(product, Nano).AskAsync("Hi"));
        Assert.Equal(401, refused.Status);
        string id = (await Chats.Client(product, Nano, key: key).AskAsync("What is the capital of France?")).Id;
        RecordView record = await Eventually.GetAsync(
            async () => (await product.GetAsync<Page<RecordView>>(product.Accounting, "api/records")).Items.FirstOrDefault(item => item.Record.Id == id));
        Assert.Equal(Tenant, record.Record.Tenant);
        return record;
    }

    /// <summary>A budget that is tried on that request would have refused it; from now on it refuses, and the webhook tells.</summary>
    private static async Task BlockAsync(IPage page, GreenTuneProcess product, string key, WebhookReceiver receiver)
    {
        await page.GotoAsync("/budgets?edit=new");
        ILocator form = page.Locator("[data-panel=budget-form]");
        await form.GetByLabel("Name").FillAsync("Support desk");
        await form.GetByLabel("Tenant").FillAsync(Tenant);
        await form.GetByLabel("Quantity").SelectOptionAsync(nameof(BudgetQuantity.Joules));
        await form.GetByLabel("Limit").FillAsync("0.001");
        await form.GetByRole(AriaRole.Button, new() { Name = "Try on the past" }).ClickAsync();
        await Expect(page.Locator("[data-trial]")).ToContainTextAsync("Of 1 request, 1 would have been refused.");
        await form.GetByRole(AriaRole.Button, new() { Name = "Create budget" }).ClickAsync();
        await Expect(page.Locator("[data-budget='Support desk']")).ToBeVisibleAsync();

        ClientResultException refused = await Eventually.GetAsync(async () =>
        {
            try
            {
                await Chats.Client(product, Nano, key: key).AskAsync("Hi", maxTokens: 1);
                return null;
            }
            catch (ClientResultException e)
            {
                return e;
            }
        });
        Assert.Equal(429, refused.Status);
        WebhookEvent told = await Eventually.GetAsync(() => Task.FromResult(receiver.Events.FirstOrDefault(item => item.Event == "budget.block")));
        Assert.Equal("Support desk", told.Budget!.Name);
    }

    /// <summary>The hour of the request gets the grid operator's figure, beside the one it was priced with.</summary>
    private static async Task RestateAsync(IPage page, RecordView record)
    {
        DateTimeOffset hour = new(record.Record.StartedAt.UtcDateTime.Date.AddHours(record.Record.StartedAt.UtcDateTime.Hour), TimeSpan.Zero);
        await page.GotoAsync("/carbon?restate=new");
        ILocator form = page.Locator("[data-panel=restatement-form]");
        await form.GetByLabel("From, UTC").FillAsync(Typed(hour));
        await form.GetByLabel("To, UTC").FillAsync(Typed(hour.AddHours(1)));
        await form.GetByLabel("Factors").SelectOptionAsync("stated");
        await form.GetByLabel("Intensity").FillAsync("231");
        await form.GetByLabel("Published by").FillAsync("The grid operator");
        await form.GetByLabel("Asked for by").FillAsync("M. Okafor");
        await form.GetByLabel("Why, for the auditor").FillAsync("Measured values have come");
        await form.GetByRole(AriaRole.Button, new() { Name = "See what changes" }).ClickAsync();
        await Expect(form.Locator("[data-becomes]")).ToBeVisibleAsync();
        await form.GetByRole(AriaRole.Button, new() { Name = "Make restatement" }).ClickAsync();
        await Expect(page.Locator("[data-restatement='1']")).ToContainTextAsync("Measured values have come");

        static string Typed(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
    }

    private static async Task RevokeAsync(IPage page, GreenTuneProcess product, string key)
    {
        await page.GotoAsync("/keys");
        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke support bot" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog, new() { Name = "Revoke key" }).GetByRole(AriaRole.Button, new() { Name = "Revoke key" }).ClickAsync();
        await Expect(page.Locator("[data-key='support bot']")).ToHaveCountAsync(0);
        await Eventually.TrueAsync(async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "v1/models");
            request.Headers.Authorization = new("Bearer", key);
            using HttpResponseMessage response = await product.Inference.SendAsync(request);
            return response.StatusCode == HttpStatusCode.Unauthorized;
        });
    }
}
