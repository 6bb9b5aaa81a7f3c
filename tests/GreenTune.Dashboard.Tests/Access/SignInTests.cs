using System.Net;
using System.Text.RegularExpressions;
using GreenTune.Core.Access;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Access;
using GreenTune.Dashboard.Tests.FakeBackend;
using GreenTune.Dashboard.Tests.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;

namespace GreenTune.Dashboard.Tests.Access;

/// <summary>Signing in over HTTP, as a browser does it.</summary>
public sealed partial class SignInTests
{
    private static readonly (string, string)[] KeysOn = [("Access:RequireKeys", "true"), ("Access:ServiceKey", "service-key-of-a-test-0123456789abcdef")];

    private static readonly KeyIdentity Desk = new() { Id = Guid.NewGuid(), Name = "desk", Tenant = "default", Role = AccessRole.Operate };

    [Fact]
    public async Task Without_a_session_pages_lead_to_the_sign_in_and_everything_else_is_refused()
    {
        await using var world = await StartAsync();
        using var page = await world.GetAsync("/budgets?edit=new", "text/html");
        Assert.Equal((HttpStatusCode.Redirect, "/sign-in?return=%2Fbudgets%3Fedit%3Dnew"), (page.StatusCode, page.Headers.Location?.ToString()));
        foreach (var path in (string[])["/_blazor/negotiate?negotiateVersion=1", "/_framework/blazor.web.js", "/budgets"])
        {
            using var refused = await world.GetAsync(path, "*/*");
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }

        foreach (var path in (string[])["/alive", "/health", "/css/tokens.css", "/favicon.svg", "/sign-in"])
        {
            using var open = await world.GetAsync(path, "*/*");
            Assert.True(open.IsSuccessStatusCode, $"{path}: {open.StatusCode}");
        }
    }

    [Fact]
    public async Task A_key_that_may_operate_signs_in_by_a_cookie_that_no_script_reads()
    {
        await using var world = await StartAsync();
        var key = world.Add(Desk);
        using var signed = await world.SignInAsync(key, "/budgets");
        Assert.Equal((HttpStatusCode.Redirect, "/budgets"), (signed.StatusCode, signed.Headers.Location?.ToString()));
        var cookie = signed.Headers.GetValues("Set-Cookie").Single(value => value.StartsWith("greentune-session=", StringComparison.Ordinal));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(key, cookie);
        using var page = await world.GetAsync("/budgets", "text/html");
        var html = await page.Content.ReadAsStringAsync();
        Assert.Contains("<h1 tabindex=\"-1\">Budgets</h1>", html);
        Assert.Contains("Sign out", html);
        Assert.Contains(">desk</span>", html);
    }

    [Fact]
    public async Task A_key_that_is_unknown_or_may_only_make_requests_does_not_sign_in()
    {
        await using var world = await StartAsync();
        using var unknown = await world.SignInAsync(AccessKeys.Create(), "/");
        Assert.Equal(HttpStatusCode.Unauthorized, unknown.StatusCode);
        Assert.Contains("unknown, was revoked or has expired", await unknown.Content.ReadAsStringAsync());
        var client = world.Add(Desk with { Id = Guid.NewGuid(), Name = "client<b>", Role = AccessRole.Use });
        using var weak = await world.SignInAsync(client, "/");
        var html = await weak.Content.ReadAsStringAsync();
        Assert.Contains("role operate or admin", html);
        Assert.DoesNotContain("<b>", html);
        Assert.DoesNotContain(client, html);
        using var page = await world.GetAsync("/", "text/html");
        Assert.Equal(HttpStatusCode.Redirect, page.StatusCode);
    }

    [Fact]
    public async Task Without_the_forms_token_nobody_signs_in_or_out()
    {
        await using var world = await StartAsync();
        var key = world.Add(Desk);
        using var forged = await world.PostAsync("/sign-in", new() { ["key"] = key });
        Assert.Equal(HttpStatusCode.BadRequest, forged.StatusCode);
        (await world.SignInAsync(key, "/")).Dispose();
        using var outside = await world.PostAsync("/sign-out", []);
        Assert.Equal(HttpStatusCode.BadRequest, outside.StatusCode);
        using var still = await world.GetAsync("/", "text/html");
        Assert.Equal(HttpStatusCode.OK, still.StatusCode);
        using var left = await world.PostAsync("/sign-out", new() { ["__RequestVerificationToken"] = await world.TokenAsync("/") });
        Assert.Equal("/sign-in", left.Headers.Location?.ToString());
        using var gone = await world.GetAsync("/", "text/html");
        Assert.Equal(HttpStatusCode.Redirect, gone.StatusCode);
    }

    [Fact]
    public async Task A_revoked_key_ends_its_session()
    {
        await using var world = await StartAsync(("Access:VerificationSeconds", "1"));
        var key = world.Add(Desk);
        (await world.SignInAsync(key, "/")).Dispose();
        using var before = await world.GetAsync("/", "text/html");
        Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        world.Services.Keys.Clear();
        ((ManualClock)world.Services.World.Clock).Advance(TimeSpan.FromSeconds(1));
        using var after = await world.GetAsync("/", "text/html");
        Assert.Equal(HttpStatusCode.Redirect, after.StatusCode);
    }

    [Fact]
    public async Task While_keys_are_off_there_is_nothing_to_sign_in_to()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        await using var app = DashboardApp.Over(services);
        using var client = app.CreateClient(new WebApplicationFactoryClientOptions { AllowAutoRedirect = false });
        using var page = await client.GetAsync("/");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.DoesNotContain("Sign out", await page.Content.ReadAsStringAsync());
        using var signIn = await client.GetAsync("/sign-in");
        Assert.Equal("/", signIn.Headers.Location?.ToString());
    }

    [Theory]
    [InlineData("/budgets?edit=new", "/budgets?edit=new")]
    [InlineData("//evil.example/", "/")]
    [InlineData("/\\evil.example/", "/")]
    [InlineData("https://evil.example/", "/")]
    [InlineData("/a\r\nSet-Cookie: x=y", "/")]
    [InlineData(null, "/")]
    public void Signing_in_leads_to_a_page_of_this_site_alone(string? target, string path) => Assert.Equal(path, SignInHosting.Local(target));

    private static async Task<World> StartAsync(params (string, string)[] settings)
    {
        var services = await FakeServicesClients.StartBusyAsync();
        var data = Directory.CreateTempSubdirectory("greentune-dashboard-").FullName;
        var app = DashboardApp.Over(services, [.. KeysOn, ("Data:Directory", data), .. settings]);
        return new World(services, app, app.CreateClient(new WebApplicationFactoryClientOptions { AllowAutoRedirect = false }), data);
    }

    private sealed record World(FakeServices Services, DashboardApp App, HttpClient Client, string Data) : IAsyncDisposable
    {
        public string Add(KeyIdentity identity)
        {
            var key = AccessKeys.Create();
            Services.Keys[key] = identity;
            return key;
        }

        public async Task<HttpResponseMessage> GetAsync(string path, string accept)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Accept.ParseAdd(accept);
            return await Client.SendAsync(request);
        }

        public async Task<HttpResponseMessage> PostAsync(string path, Dictionary<string, string> form)
        {
            using var content = new FormUrlEncodedContent(form);
            return await Client.PostAsync(path, content);
        }

        public async Task<HttpResponseMessage> SignInAsync(string key, string target) => await PostAsync(
            "/sign-in", new() { ["key"] = key, ["return"] = target, ["__RequestVerificationToken"] = await TokenAsync("/sign-in") });

        public async Task<string> TokenAsync(string path)
        {
            using var page = await GetAsync(path, "text/html");
            return Token().Match(await page.Content.ReadAsStringAsync()).Groups[1].Value;
        }

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await App.DisposeAsync();
            await Services.DisposeAsync();
            Directory.Delete(Data, recursive: true);
        }
    }

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]+)\"")]
    private static partial Regex Token();
}
