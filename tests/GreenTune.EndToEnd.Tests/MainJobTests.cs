using System.ClientModel;
using System.Globalization;
using System.Text.RegularExpressions;
using GreenTune.Core.Contracts;
using GreenTune.EndToEnd.Tests.Running;
using Microsoft.Playwright;
using OpenAI.Chat;
using static Microsoft.Playwright.Assertions;

namespace GreenTune.EndToEnd.Tests;

/// <summary>What GreenTune is for, in the order in which a new user does it.</summary>
public sealed partial class MainJobTests(ChromiumFixture chromium)
{
    private const string Nano = "greentune-nano-int4";
    private const string Tiny = "greentune-tiny-int4";

    /// <summary>Measuring waits for real answers of real models on a machine that does other things as well.</summary>
    private static readonly TimeSpan MeasuringLimit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task A_request_is_answered_metered_weighed_and_budgeted()
    {
        IBrowser browser = chromium.Browser;
        await using GreenTuneProcess product = await GreenTuneProcess.StartAsync();
        await using IBrowserContext context = await browser.NewContextAsync(new BrowserNewContextOptions { BaseURL = product.Dashboard.ToString(), ViewportSize = new ViewportSize { Width = 1440, Height = 900 } });
        IPage page = await context.NewPageAsync();
        page.SetDefaultTimeout(30_000);
        SetDefaultExpectTimeout(30_000);
        var errors = new List<string>();
        page.PageError += (_, error) => errors.Add(error);

        string id = await ChatAsync(product);
        RecordView record = await RecordAsync(product, id);
        await ReadJoulesAsync(page, record);
        await MeasureAsync(page);
        await MoveWeightsAsync(page, product);
        await SpendBudgetAsync(page, product);
        Assert.Equal([], errors);
    }

    /// <summary>Streams an answer through OpenAI's client.</summary>
    private static async Task<string> ChatAsync(GreenTuneProcess product)
    {
        string text = string.Empty, id = string.Empty;
        int tokens = 0;
        await foreach (StreamingChatCompletionUpdate update in Chats.Client(product, "auto").CompleteChatStreamingAsync([new UserChatMessage("What is the capital of France?")]))
        {
            id = update.CompletionId;
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            tokens = update.Usage?.OutputTokenCount ?? tokens;
        }

        Assert.Contains("Paris", text, StringComparison.Ordinal);
        return id;
    }

    private static async Task<RecordView> RecordAsync(GreenTuneProcess product, string id)
    {
        RecordView record = await Eventually.GetAsync(
            async () => (await product.GetAsync<Page<RecordView>>(product.Accounting, "api/records")).Items.FirstOrDefault(item => item.Record.Id == id));
        EnergyFigures energy = record.Record.Energy;
        Assert.Equal(RequestOutcome.Completed, record.Record.Outcome);
        Assert.True(energy.Settled);
        Assert.True(energy.Joules!.Value.Value > 0);
        Assert.Equal(EnergyQuality.Estimated, energy.Quality);
        Assert.Equal(energy.Joules.Value.Value, energy.PrefillJoules!.Value.Value + energy.DecodeJoules!.Value.Value + energy.IdleJoules!.Value.Value, 6);
        Assert.True(record.CO2e!.Value.Value > 0);
        return record;
    }

    private static async Task ReadJoulesAsync(IPage page, RecordView record)
    {
        await page.GotoAsync("/");
        await Expect(page.Locator("[data-headline]")).ToContainTextAsync("for 1 request");
        await page.GotoAsync("/requests");
        await page.Locator("[data-panel=records] table").GetByRole(AriaRole.Link, new() { Name = "tiny int4" }).ClickAsync();
        await Expect(page.Locator($"[data-record-id='{record.Record.Id}']")).ToBeVisibleAsync();
        string shown = await page.Locator("[data-value=joules]").InnerTextAsync();
        Assert.Equal(record.Record.Energy.Joules!.Value.Value, Joules(shown), 0.05 * record.Record.Energy.Joules.Value.Value);
    }

    /// <summary>A short plan over two configurations, started in the browser.</summary>
    private static async Task MeasureAsync(IPage page)
    {
        await page.GotoAsync("/compare");
        await page.GetByRole(AriaRole.Button, new() { Name = "Measure configurations" }).ClickAsync();
        ILocator dialog = page.GetByRole(AriaRole.Dialog);
        foreach (string other in new[] { "nano fp32", "nano int8", "tiny fp32", "tiny int8" })
        {
            await dialog.GetByLabel(other, new() { Exact = true }).UncheckAsync();
        }

        await dialog.GetByLabel("Repeats").FillAsync("1");
        await dialog.GetByLabel("Items per configuration").FillAsync("6");
        await dialog.GetByLabel("Scored items").FillAsync("60");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Start measuring" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Progressbar, new() { Name = "Measuring configurations" })).ToBeVisibleAsync();
        await Expect(page.GetByText("The ranking below is from the new plan.")).ToBeVisibleAsync(new() { Timeout = (float)MeasuringLimit.TotalMilliseconds });
    }

    /// <summary>With all weight on energy the smaller model wins, with all on effectiveness the better one; <c>auto</c> follows what is saved.</summary>
    private static async Task MoveWeightsAsync(IPage page, GreenTuneProcess product)
    {
        // The smaller model's score is below the floor that is set from the start.
        await page.GetByLabel("Quality floor").FillAsync("0.5");
        await page.Keyboard.PressAsync("Tab");
        await SetAllWeightAsync(page, "Energy", Nano);
        Assert.Equal(Nano, await ServedAsync(product, Nano));
        await SetAllWeightAsync(page, "Effectiveness", Tiny);
        Assert.Equal(Tiny, await ServedAsync(product, Tiny));
    }

    private static async Task SetAllWeightAsync(IPage page, string axis, string winner)
    {
        await page.GetByRole(AriaRole.Slider, new() { Name = axis, Exact = true }).PressAsync("End");
        await Expect(page.Locator($"[data-weight={axis.ToLowerInvariant()}]")).ToHaveTextAsync("1.00");
        double[] weights = await page.EvalOnSelectorAllAsync<double[]>("[data-weight]", "outputs => outputs.map(o => +o.textContent)");
        Assert.Equal(1, weights.Sum(), 9);
        await page.GetByRole(AriaRole.Button, new() { Name = "Save weights" }).ClickAsync();
        await Expect(page.Locator(".auto")).ToHaveAttributeAsync("data-auto", winner);
    }

    /// <summary>Which configuration answers <c>auto</c>, once it is the expected one or patience is over.</summary>
    private static async Task<string> ServedAsync(GreenTuneProcess product, string expected)
    {
        string served = string.Empty;
        for (int i = 0; i < 50 && served != expected; i++)
        {
            served = (await Chats.Client(product, "auto").AskAsync("Hi", maxTokens: 1)).Model;
            await Task.Delay(100);
        }

        return served;
    }

    /// <summary>A budget smaller than one answer, made in the browser, refuses the next request and says so there.</summary>
    private static async Task SpendBudgetAsync(IPage page, GreenTuneProcess product)
    {
        const string Tenant = "team-support";
        ChatClient chat = Chats.Client(product, "auto", Tenant);
        await chat.AskAsync("Hi");
        await page.GotoAsync("/budgets");
        await page.GetByRole(AriaRole.Link, new() { Name = "Create a budget" }).ClickAsync();
        ILocator form = page.Locator("[data-panel=budget-form]");
        await form.GetByLabel("Name").FillAsync("Support desk");
        await form.GetByLabel("Tenant").FillAsync(Tenant);
        await form.GetByLabel("Quantity").SelectOptionAsync(nameof(BudgetQuantity.KilowattHours));
        await form.GetByLabel("Limit").FillAsync("0.00000001");
        await form.GetByLabel("Third action").SelectOptionAsync("block");
        await form.GetByRole(AriaRole.Button, new() { Name = "Create budget" }).ClickAsync();
        await Expect(page.Locator("[data-budget='Support desk']")).ToBeVisibleAsync();

        ClientResultException refused = await Eventually.GetAsync(() => RefusedAsync(chat));
        Assert.Equal(429, refused.Status);
        Assert.Contains("Support desk", refused.Message, StringComparison.Ordinal);
        Assert.True(refused.GetRawResponse()!.Headers.TryGetValue("Retry-After", out _));
        // Others are not touched by it.
        await Chats.Client(product, "auto", "team-other").AskAsync("Hi", maxTokens: 1);
        await page.ReloadAsync();
        await Expect(page.Locator("[data-decision=block]").First).ToBeVisibleAsync();
    }

    /// <summary>Null while the service has not heard of the budget.</summary>
    private static async Task<ClientResultException?> RefusedAsync(ChatClient chat)
    {
        try
        {
            await chat.AskAsync("Hi", maxTokens: 1);
            return null;
        }
        catch (ClientResultException e)
        {
            return e;
        }
    }

    /// <summary>"931 mJ", "1.23 J" and so on in joules.</summary>
    private static double Joules(string shown)
    {
        Match match = Amount().Match(shown);
        Assert.True(match.Success, $"no energy in: {shown}");
        double factor = match.Groups[2].Value switch { "mJ" => 1e-3, "J" => 1, "kJ" => 1e3, var unit => throw new InvalidOperationException($"unit {unit}") };
        return factor * double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"^\s*([\d.]+)\s*(mJ|J|kJ)")]
    private static partial Regex Amount();
}
