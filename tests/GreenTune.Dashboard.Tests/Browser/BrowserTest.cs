using GreenTune.Dashboard.Tests.FakeBackend;
using GreenTune.Dashboard.Tests.Hosting;
using Microsoft.Playwright;

namespace GreenTune.Dashboard.Tests.Browser;

/// <summary>A dashboard over a fake backend, and a page of the browser in it. Errors in the browser's console fail the test.</summary>
internal sealed class BrowserTest : IAsyncDisposable
{
    private readonly List<string> _errors = [];
    private DashboardApp _app;
    private readonly IBrowserContext _context;

    private BrowserTest(FakeServices services, DashboardApp app, Uri address, IBrowserContext context, IPage page)
    {
        Services = services;
        _app = app;
        Address = address;
        _context = context;
        Page = page;
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                _errors.Add(message.Text);
            }
        };
        page.PageError += (_, error) => _errors.Add(error);
    }

    public FakeServices Services { get; }

    public Uri Address { get; }

    public IPage Page { get; }

    /// <summary>What the browser complained about, less what a test expects.</summary>
    public IReadOnlyList<string> Errors => [.. _errors.Where(e => !Expected.Any(e.Contains))];

    /// <summary>Parts of messages that the test provokes.</summary>
    public List<string> Expected { get; } = [];

    public static async Task<BrowserTest> StartAsync(ChromiumFixture chromium, int width = 1440, int height = 900, ColorScheme theme = ColorScheme.Light, bool empty = false, params (string Key, string Value)[] settings)
    {
        var browser = chromium.Browser;
        var clock = new ShiftedClock(SampleWorld.Morning);
        var services = await FakeServices.StartAsync(empty ? SampleWorld.Empty(clock) : SampleWorld.Busy(clock));
        var app = DashboardApp.Over(services, settings);
        var address = app.Listen();
        var context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = height },
            ColorScheme = theme,
            TimezoneId = "UTC",
            ReducedMotion = ReducedMotion.Reduce,
            Permissions = ["clipboard-read", "clipboard-write"],
        });
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout(ChromiumFixture.Patience);
        return new BrowserTest(services, app, address, context, page);
    }

    /// <summary>Opens a page and waits until its panels have loaded.</summary>
    public async Task OpenAsync(string path)
    {
        await Page.GotoAsync(new Uri(Address, path).ToString());
        await LoadedAsync();
    }

    /// <summary>Waits until the circuit is there and no skeleton is left.</summary>
    public async Task LoadedAsync()
    {
        try
        {
            await Page.WaitForFunctionAsync("() => !document.querySelector('.skeleton') && document.documentElement.dataset.connected !== undefined");
            // Charts draw once their width is known.
            await Page.WaitForFunctionAsync("() => [...document.querySelectorAll('figure.chart')].every(f => f.clientWidth === 0 || f.children.length > 0)");
            await Page.WaitForFunctionAsync(PageChecks.DrawnToSize);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"The page did not finish loading. The browser said: {string.Join(" | ", _errors)}. It shows: {await Page.InnerTextAsync("body")}", e);
        }
    }

    /// <summary>Waits until the address holds all of these. Looks at it again and again: Playwright's own wait misses a change that comes as it begins.</summary>
    public async Task AddressAsync(params string[] parts)
    {
        try
        {
            await Page.WaitForFunctionAsync("parts => parts.every(part => location.href.includes(part))", parts);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"The address is {Page.Url}. The browser said: {string.Join(" | ", _errors)}", e);
        }
    }

    /// <summary>Makes the window another size, and waits until the charts have followed.</summary>
    public async Task ResizeAsync(int width, int height = 900)
    {
        await Page.SetViewportSizeAsync(width, height);
        await LoadedAsync();
    }

    /// <summary>Takes the dashboard away, as a restart does.</summary>
    public ValueTask StopDashboardAsync() => _app.DisposeAsync();

    /// <summary>Brings a new one up at the same address.</summary>
    public void StartDashboardAgain()
    {
        _app = DashboardApp.Over(Services);
        _app.Listen(Address.Port);
    }

    /// <summary>A picture of the page as it stands, where GREENTUNE_SCREENSHOTS names a folder; for looking at.</summary>
    public async Task ShootAsync(string name)
    {
        if (Environment.GetEnvironmentVariable("GREENTUNE_SCREENSHOTS") is { Length: > 0 } folder)
        {
            Directory.CreateDirectory(folder);
            await Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, name + ".png"), FullPage = true });
        }
    }

    /// <summary>Sends a message in the Playground.</summary>
    public async Task AskAsync(string prompt)
    {
        await Page.GetByRole(AriaRole.Textbox, new() { Name = "Message" }).FillAsync(prompt);
        await Page.WaitForSelectorAsync(".composer button[type=submit]:not([disabled])");
        await Page.GetByRole(AriaRole.Textbox, new() { Name = "Message" }).PressAsync("Enter");
    }

    public async ValueTask DisposeAsync()
    {
        await _context.CloseAsync();
        await Services.DisposeAsync();
        await _app.DisposeAsync();
    }
}
