using Microsoft.Playwright;

namespace GreenTune.Dashboard.Tests.Browser;

/// <summary>Every page at every width in both themes: nothing scrolls sideways, everything has a name, text can be read, the console is silent.</summary>
public sealed class EveryPageTests(ChromiumFixture chromium)
{
    private static readonly string[] Paths = ["/", "/requests", "/requests?record={record}", "/compare", "/budgets", "/budgets?edit=new", "/playground", "/playground?mode=side&tenant=team-support"];

    [Theory]
    [CombinatorialWidthsAndThemes]
    public async Task Holds_at(int width, ColorScheme theme, bool empty)
    {
        await using var test = await BrowserTest.StartAsync(chromium, width, 900, theme, empty);
        var problems = new List<string>();
        foreach (var path in Paths.Where(p => !empty || !p.Contains("record")))
        {
            var target = empty ? path : path.Replace("{record}", test.Services.World.Records[2].Record.Id, StringComparison.Ordinal);
            await test.OpenAsync(target);
            if (path.StartsWith("/playground", StringComparison.Ordinal) && !empty)
            {
                await test.AskAsync("Name three ways to save energy.");
                await test.Page.WaitForSelectorAsync("[data-settled=true]");
            }

            foreach (var check in (Func<IPage, Task<string[]>>[])[PageChecks.SidewaysAsync, PageChecks.AccessibilityAsync, PageChecks.ContrastAsync, PageChecks.DrawingTextAsync])
            {
                problems.AddRange((await check(test.Page)).Select(p => $"{path}: {p}"));
            }
        }

        Assert.Equal([], problems);
        Assert.Equal([], test.Errors);
    }

    private sealed class CombinatorialWidthsAndThemesAttribute : Xunit.v3.DataAttribute
    {
        public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(System.Reflection.MethodInfo testMethod, Xunit.Sdk.DisposalTracker disposalTracker) => ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(
        [
            .. from width in (int[])[1440, 820, 390, 320]
               from theme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark]
               select new TheoryDataRow<int, ColorScheme, bool>(width, theme, false),
            new TheoryDataRow<int, ColorScheme, bool>(1440, ColorScheme.Light, true),
            new TheoryDataRow<int, ColorScheme, bool>(320, ColorScheme.Dark, true),
        ]);

        public override bool SupportsDiscoveryEnumeration() => true;
    }
}
