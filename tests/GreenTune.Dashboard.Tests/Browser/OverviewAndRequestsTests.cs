using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Tests.FakeBackend;
using Microsoft.Playwright;

namespace GreenTune.Dashboard.Tests.Browser;

public sealed class OverviewAndRequestsTests(ChromiumFixture chromium)
{
    [Fact]
    public async Task A_request_appears_while_the_page_is_open_and_the_sums_follow()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/");
        var before = await test.Page.GetAttributeAsync("[data-kpi=requests] [data-value]", "data-value");
        test.Services.Arrive(Record(test, "chatcmpl-live00001"));
        await test.Page.WaitForSelectorAsync("[data-panel=latest] tbody tr:first-child[data-record=chatcmpl-live00001]");
        Assert.True(double.Parse((await test.Page.GetAttributeAsync("[data-record=chatcmpl-live00001]", "data-joules"))!, System.Globalization.CultureInfo.InvariantCulture) > 0);
        await Assertions.Expect(test.Page.Locator("[data-kpi=requests] [data-value]")).Not.ToHaveAttributeAsync("data-value", before!);
        Assert.Equal([], test.Errors);
    }

    [Fact]
    public async Task The_list_holds_still_while_it_has_the_focus()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/");
        await test.Page.Locator("[data-panel=latest] tbody a").First.FocusAsync();
        await Assertions.Expect(test.Page.Locator("[data-panel=latest] [data-paused]")).ToBeVisibleAsync();
        test.Services.Arrive(Record(test, "chatcmpl-live00002"));
        await Assertions.Expect(test.Page.Locator("[data-panel=latest]")).ToContainTextAsync("1 new request waits");
        Assert.Equal(0, await test.Page.Locator("[data-record=chatcmpl-live00002]").CountAsync());
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Switch theme" }).FocusAsync();
        await test.Page.WaitForSelectorAsync("[data-record=chatcmpl-live00002]");
    }

    [Fact]
    public async Task Live_power_moves_pauses_and_has_a_table()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/");
        var line = test.Page.Locator("[data-panel=power] path.line");
        var before = await line.GetAttributeAsync("d");
        await Assertions.Expect(line).Not.ToHaveAttributeAsync("d", before!);
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Pause live power of cpu-0" }).ClickAsync();
        await Assertions.Expect(test.Page.GetByRole(AriaRole.Button, new() { Name = "Pause live power of cpu-0" })).ToHaveAttributeAsync("aria-pressed", "true");
        var paused = await line.GetAttributeAsync("d");
        await test.Services.PowerFramesAsync(3, TestContext.Current.CancellationToken);
        Assert.Equal(paused, await line.GetAttributeAsync("d"));
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Table of Live power" }).ClickAsync();
        await Assertions.Expect(test.Page.Locator("[data-panel=power] tbody tr").Nth(11)).ToBeVisibleAsync();
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Chart of Live power" }).ClickAsync();
        await Assertions.Expect(line).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_chart_is_exported_as_CSV_and_PNG()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/");
        var csv = await ExportAsync(test.Page, "Export Energy per token", "CSV");
        Assert.Equal("energy-per-token.csv", csv.SuggestedFilename);
        Assert.StartsWith("Configuration,mJ/token,Low,High,Requests,Quality", await File.ReadAllTextAsync(await csv.PathAsync()));
        var png = await ExportAsync(test.Page, "Export Energy per token", "PNG");
        Assert.Equal("energy-per-token.png", png.SuggestedFilename);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], (await File.ReadAllBytesAsync(await png.PathAsync()))[..4]);
        Assert.Equal([], test.Errors);
    }

    [Fact]
    public async Task The_period_is_in_the_address()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/");
        var today = await test.Page.GetAttributeAsync("[data-kpi=requests] [data-value]", "data-value");
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "30 days" }).ClickAsync();
        await test.AddressAsync("/?period=30d");
        await Assertions.Expect(test.Page.Locator("[data-kpi=requests] [data-value]")).Not.ToHaveAttributeAsync("data-value", today!);
    }

    [Fact]
    public async Task A_record_opens_beside_the_list_and_by_its_link()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/requests");
        await test.Page.Locator(".rz-data-row").Nth(2).ClickAsync();
        await test.Page.WaitForSelectorAsync("[data-panel=record] [data-value=joules]");
        var id = await test.Page.GetAttributeAsync("[data-panel=record]", "data-record-id");
        Assert.Contains("record=" + id, test.Page.Url);
        Assert.Equal(["prefill", "decode", "idle"], await test.Page.EvalOnSelectorAllAsync<string[]>("[data-panel=record] [data-part]", "rows => rows.map(r => r.dataset.part)"));
        await Assertions.Expect(test.Page.GetByRole(AriaRole.Img, new() { Name = "Power around the request" })).ToBeVisibleAsync();
        await test.OpenAsync(new Uri(test.Page.Url).PathAndQuery);
        await test.Page.WaitForSelectorAsync($"[data-panel=record][data-record-id={id}]");
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Close record" }).ClickAsync();
        await Assertions.Expect(test.Page.Locator("[data-panel=record]")).ToHaveCountAsync(0);
        Assert.DoesNotContain("record=", test.Page.Url);
    }

    [Fact]
    public async Task A_record_that_is_not_there_is_said_so()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/requests?record=chatcmpl-nowhere1");
        await Assertions.Expect(test.Page.Locator("[data-panel=record]")).ToContainTextAsync("There is no such record");
    }

    [Fact]
    public async Task Filters_narrow_the_list_and_are_in_the_address()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/requests");
        await test.Page.GetByRole(AriaRole.Combobox, new() { Name = "Configuration" }).SelectOptionAsync("greentune-nano-int8");
        await test.Page.GetByRole(AriaRole.Combobox, new() { Name = "Outcome" }).SelectOptionAsync("degraded");
        await test.AddressAsync("/requests?configuration=greentune-nano-int8&outcome=degraded");
        await Assertions.Expect(test.Page.Locator(".rz-data-row .chip").First).ToHaveTextAsync("degraded");
        Assert.All(await test.Page.Locator(".rz-data-row .chip").AllInnerTextsAsync(), text => Assert.Equal("degraded", text));
        await test.Page.GetByRole(AriaRole.Textbox, new() { Name = "Session" }).FillAsync("no-such-session");
        await test.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(test.Page.GetByText("No request matches these filters.")).ToBeVisibleAsync();
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Clear filters" }).First.ClickAsync();
        await Assertions.Expect(test.Page.Locator(".rz-data-row").First).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Rows_sort_by_a_click_and_pages_turn()
    {
        await using var test = await BrowserTest.StartAsync(chromium);
        await test.OpenAsync("/requests");
        await test.Page.Locator("th", new() { HasText = "Energy" }).ClickAsync();
        await test.Page.WaitForSelectorAsync("th[aria-sort=ascending]");
        var joules = await test.Page.EvalOnSelectorAllAsync<double[]>(".rz-data-row a[data-joules]", "links => links.map(a => +a.dataset.joules)");
        Assert.Equal(joules.Order(), joules);
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Older" }).ClickAsync();
        await Assertions.Expect(test.Page.GetByText("Page 2,")).ToBeVisibleAsync();
        await test.Page.GetByRole(AriaRole.Button, new() { Name = "Newer" }).ClickAsync();
        await Assertions.Expect(test.Page.GetByRole(AriaRole.Button, new() { Name = "Newer" })).ToBeDisabledAsync();
        Assert.Equal([], test.Errors);
    }

    private static RecordView Record(BrowserTest test, string id) => SampleRecords.Make(
        id, test.Services.World.Now, "team-support", SampleConfiguration.Of("greentune-tiny-int4"), null, RequestOutcome.Completed, 38, 60);

    private static async Task<IDownload> ExportAsync(IPage page, string menu, string item)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = menu }).ClickAsync();
        return await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Menu, new() { Name = menu }).GetByRole(AriaRole.Menuitem, new() { Name = item }).ClickAsync());
    }
}
