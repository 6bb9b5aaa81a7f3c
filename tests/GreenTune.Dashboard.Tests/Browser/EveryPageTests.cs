using Microsoft.Playwright;

namespace GreenTune.Dashboard.Tests.Browser;

/// <summary>Every page at every width in both themes: nothing scrolls sideways, everything has a name, text can be read, the console is silent.</summary>
public sealed class EveryPageTests(ChromiumFixture chromium)
{
    private static readonly string[] Paths = ["/", "/requests", "/requests?record={record}", "/compare", "/budgets", "/budgets?edit=new", "/models", "/carbon?restate=new", "/keys?edit=new&show=all", "/webhooks?edit=new", "/playground", "/playground?mode=side&tenant=team-support"];

    // From the narrowest, as a phone would load it, up to a desk and back.
    private static readonly int[] Widths = [320, 390, 820, 1440, 320];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Holds_at_every_width_in_both_themes(bool empty)
    {
        await using var test = await BrowserTest.StartAsync(chromium, Widths[0], empty: empty);
        var problems = new List<string>();
        foreach (var path in Paths.Where(p => !empty || !p.Contains("record", StringComparison.Ordinal)))
        {
            await test.Page.SetViewportSizeAsync(Widths[0], 900);
            await test.OpenAsync(empty ? path : path.Replace("{record}", test.Services.World.Records[2].Record.Id, StringComparison.Ordinal));
            if (path.StartsWith("/playground", StringComparison.Ordinal) && !empty)
            {
                await test.AskAsync("Name three ways to save energy.");
                await Assertions.Expect(test.Page.Locator("[data-settled=true]")).ToHaveCountAsync(path.Contains("side", StringComparison.Ordinal) ? 2 : 1);
            }

            foreach (var width in Widths)
            {
                await test.ResizeAsync(width);
                problems.AddRange((await PageChecks.SidewaysAsync(test.Page)).Concat(await PageChecks.AccessibilityAsync(test.Page)).Select(p => $"{path} at {width}: {p}"));
                foreach (var theme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
                {
                    await test.Page.EmulateMediaAsync(new() { ColorScheme = theme });
                    problems.AddRange((await PageChecks.ContrastAsync(test.Page)).Select(p => $"{path} at {width}, {theme}: {p}"));
                }
            }
        }

        Assert.Equal([], problems);
        Assert.Equal([], test.Errors);
    }
}
