using Microsoft.Playwright;

namespace GreenTune.Dashboard.Tests.Browser;

/// <summary>Makes pictures of every page when GREENTUNE_SCREENSHOTS names a folder; they are for looking at, not for comparing.</summary>
public sealed class Screenshots(ChromiumFixture chromium)
{
    private static readonly (string Name, string Path)[] Pages =
        [("overview", "/"), ("requests", "/requests"), ("compare", "/compare"), ("budgets", "/budgets"), ("budget-form", "/budgets?edit=new"), ("models", "/models"), ("carbon", "/carbon"), ("carbon-form", "/carbon?restate=new"), ("keys", "/keys?show=all"), ("keys-form", "/keys?edit=new"), ("webhooks", "/webhooks"), ("webhooks-form", "/webhooks?edit=new"), ("playground", "/playground?tenant=team-support&mode=side&a=greentune-tiny-int4&b=greentune-nano-int8")];

    [Theory]
    [InlineData(1440, ColorScheme.Light, false)]
    [InlineData(1440, ColorScheme.Dark, false)]
    [InlineData(820, ColorScheme.Light, false)]
    [InlineData(390, ColorScheme.Light, false)]
    [InlineData(390, ColorScheme.Dark, false)]
    [InlineData(320, ColorScheme.Light, false)]
    [InlineData(1440, ColorScheme.Light, true)]
    public async Task Of_every_page(int width, ColorScheme theme, bool empty)
    {
        var folder = Environment.GetEnvironmentVariable("GREENTUNE_SCREENSHOTS");
        Assert.SkipWhen(string.IsNullOrEmpty(folder), "Set GREENTUNE_SCREENSHOTS to a folder to make pictures of the pages.");
        Directory.CreateDirectory(folder!);
        var wanted = Environment.GetEnvironmentVariable("GREENTUNE_SCREENSHOTS_OF") ?? string.Empty;
        await using var test = await BrowserTest.StartAsync(chromium, width, 960, theme, empty);
        foreach (var (name, path) in Pages.Where(p => p.Name.Contains(wanted, StringComparison.Ordinal)))
        {
            await test.OpenAsync(path);
            if (name == "playground" && !empty)
            {
                await test.AskAsync("Is this review positive or negative? \"The kettle boils fast, but the handle gets hot.\" Answer in two sentences.");
                await test.Page.WaitForSelectorAsync("[data-settled=true] >> nth=1");
            }

            if (name == "requests" && !empty)
            {
                await ShootAsync(test.Page, folder!, name, width, theme, empty);
                await test.OpenAsync(path + "?record=" + test.Services.World.Records[3].Record.Id);
                await ShootAsync(test.Page, folder!, "record", width, theme, empty);
                continue;
            }

            await ShootAsync(test.Page, folder!, name, width, theme, empty);
        }

        Assert.Empty(test.Errors);
    }

    private static async Task ShootAsync(IPage page, string folder, string name, int width, ColorScheme theme, bool empty)
    {
        // As high as the page is, so that what sticks to the window's ends stands at the page's.
        var height = page.ViewportSize!.Height;
        await page.SetViewportSizeAsync(width, Math.Max(height, await page.EvaluateAsync<int>("document.documentElement.scrollHeight")));
        await page.EvaluateAsync("scrollTo(0, 0)");
        await page.WaitForFunctionAsync(PageChecks.DrawnToSize);
        await page.ScreenshotAsync(new PageScreenshotOptions
        {
            Path = Path.Combine(folder, $"{name}-{width}-{theme.ToString().ToLowerInvariant()}{(empty ? "-empty" : string.Empty)}.png"),
            FullPage = true,
        });
        await page.SetViewportSizeAsync(width, height);
    }
}
