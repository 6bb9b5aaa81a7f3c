using System.Net;
using System.Text.RegularExpressions;
using GreenTune.Dashboard.Tests.FakeBackend;

namespace GreenTune.Dashboard.Tests.Hosting;

/// <summary>The server's first answer to every page, with and without its backend.</summary>
public sealed partial class PagesTests(PagesTests.Served served) : IClassFixture<PagesTests.Served>
{
    private readonly HttpClient _client = served.Client;

    public static TheoryData<string, string> Pages => new()
    {
        { "/", "Overview" },
        { "/requests", "Requests" },
        { "/compare", "Compare" },
        { "/budgets", "Budgets" },
        { "/playground", "Playground" },
        { "/models", "Models" },
        { "/carbon", "Carbon" },
        { "/keys", "Access keys" },
        { "/webhooks", "Webhooks" },
    };

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task A_page_comes_with_its_frame_title_and_heading(string path, string title)
    {
        var html = await _client.GetStringAsync(path);
        Assert.Contains($"<title>{title} - GreenTune</title>", html);
        Assert.Matches($"<h1 tabindex=\"-1\">{title}</h1>", html);
        Assert.Contains("<main id=\"main\"", html);
        Assert.Contains("Skip to content", html);
        Assert.Contains("lang=\"en\"", html);
        Assert.Matches($"class=\"active\"[^>]*>(?s:.{{0,400}}){title}", html);
    }

    [Fact]
    public async Task A_page_needs_no_backend_to_come()
    {
        await using var alone = new Served();
        await alone.InitializeAsync();
        alone.Services.Up = false;
        foreach (var page in Pages)
        {
            Assert.Contains($">{page.Data.Item2}</h1>", await alone.Client.GetStringAsync(page.Data.Item1));
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task No_script_or_style_is_inline_and_the_policy_forbids_it(string path, string title)
    {
        using var response = await _client.GetAsync(path);
        var html = await response.Content.ReadAsStringAsync();
        Assert.Contains(title, html);
        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("script-src 'self';", policy);
        Assert.Contains("frame-ancestors 'none'", policy);
        Assert.DoesNotContain("unsafe-eval", policy);
        Assert.All(Scripts().Matches(html), script => Assert.Contains("src=", script.Value));
        Assert.DoesNotContain("<style", html);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
    }

    [Fact]
    public async Task Every_asset_that_a_page_names_is_there()
    {
        var html = await _client.GetStringAsync("/");
        var paths = Assets().Matches(html).Select(m => m.Groups[1].Value).Where(p => !p.StartsWith("data:")).Distinct().ToList();
        Assert.True(paths.Count >= 10, string.Join(", ", paths));
        Assert.Contains(paths, p => p.Contains("blazor.web"));
        foreach (var path in paths)
        {
            using var response = await _client.GetAsync("/" + path);
            Assert.True(response.IsSuccessStatusCode, $"{path}: {response.StatusCode}");
            Assert.NotEmpty(await response.Content.ReadAsByteArrayAsync());
        }
    }

    [Theory]
    [InlineData("dark", "dark")]
    [InlineData("light", "light")]
    [InlineData("neon\"><script>", null)]
    [InlineData(null, null)]
    public async Task A_chosen_theme_is_in_the_first_byte_and_nothing_else_gets_in(string? cookie, string? theme)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        if (cookie is not null)
        {
            request.Headers.Add("Cookie", "greentune-theme=" + Uri.EscapeDataString(cookie));
        }

        using var response = await _client.SendAsync(request);
        var html = await response.Content.ReadAsStringAsync();
        Assert.Equal(theme, Theme().Match(html) is { Success: true } match ? match.Groups[1].Value : null);
        Assert.DoesNotContain("neon", html);
    }

    [Fact]
    public async Task An_unknown_address_is_404_and_says_where_to_go()
    {
        using var response = await _client.GetAsync("/sessions");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains("No such page", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("/health")]
    [InlineData("/alive")]
    public async Task Probes_answer(string path) => Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync(path)).StatusCode);

    [GeneratedRegex("<script[^>]*>")]
    private static partial Regex Scripts();

    [GeneratedRegex("(?:src|href)=\"([^\"#?/][^\"#?]*\\.(?:css|js|svg))")]
    private static partial Regex Assets();

    [GeneratedRegex("<html[^>]*data-theme=\"([^\"]*)\"")]
    private static partial Regex Theme();

    /// <summary>A dashboard over a busy backend; the tests of this class only read it.</summary>
    public sealed class Served : IAsyncLifetime
    {
        private DashboardApp _app = null!;

        internal FakeServices Services { get; private set; } = null!;

        internal HttpClient Client { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Services = await FakeServicesClients.StartBusyAsync();
            _app = DashboardApp.Over(Services);
            Client = _app.CreateClient();
        }

        public async ValueTask DisposeAsync()
        {
            await _app.DisposeAsync();
            await Services.DisposeAsync();
        }
    }
}
