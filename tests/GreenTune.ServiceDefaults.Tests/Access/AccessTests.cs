using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using GreenTune.Core.Access;
using GreenTune.Core.Contracts;
using GreenTune.ServiceDefaults.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Tests.Access;

public sealed class AccessTests
{
    private const string ServiceKey = "service-key-of-a-test-0123456789abcdef";

    private static readonly AccessMatrix Matrix = new(
        new("GET", "/mine", AccessLevel.Use, Tenant: true), new("GET", "/all", AccessLevel.Operate), new("POST", "/ingest", AccessLevel.Service));

    [Fact]
    public void A_key_has_256_random_bits_and_its_form_is_known()
    {
        string key = AccessKeys.Create();
        Assert.Equal(3 + 43, key.Length);
        Assert.True(AccessKeys.IsKey(key));
        Assert.NotEqual(key, AccessKeys.Create());
        Assert.All((string?[])[null, "", "gt_", key[..^1], key + "A", "xx_" + key[3..], key[..^1] + "!"], text => Assert.False(AccessKeys.IsKey(text)));
        Assert.Equal(64, AccessKeys.Hash(key).Length);
        Assert.True(AccessKeys.SameText(key, string.Concat(key)));
        Assert.False(AccessKeys.SameText(key, key[..^1]));
    }

    [Theory]
    [InlineData("http://localhost:5101", null, null, false)]
    [InlineData("http://0.0.0.0:5101", null, null, true)]
    [InlineData("http://localhost:5101", true, null, true)]
    [InlineData("http://0.0.0.0:5101", false, null, false)]
    [InlineData("http://0.0.0.0:5101", null, true, false)]
    [InlineData("http://0.0.0.0:5101", true, true, true)]
    public async Task Keys_are_off_on_loopback_and_on_otherwise_unless_something_else_is_said(string urls, bool? require, bool? open, bool on)
    {
        await using WebApplication app = TestService.Build(Temporary(), configure: builder => builder.AddKeySwitch(), settings:
        [
            new("urls", urls),
            new("Access:RequireKeys", require?.ToString()),
            new("Access:ServiceKey", ServiceKey),
            new("Security:AllowUnauthenticatedNonLoopback", open?.ToString()),
        ]);
        Assert.Equal(on, app.Services.GetRequiredService<KeySwitch>().On);
    }

    [Fact]
    public async Task With_keys_on_a_service_may_listen_beyond_loopback_and_without_a_service_key_it_does_not_start()
    {
        await using TestService service = await StartAsync(urls: "http://0.0.0.0:0");
        Assert.Contains("0.0.0.0", service.App.Urls.First(), StringComparison.Ordinal);
        await using WebApplication without = TestService.Build(Temporary(), configure: builder => builder.AddKeySwitch(), settings: [new("Access:RequireKeys", "true")]);
        OptionsValidationException e = Assert.Throws<OptionsValidationException>(() => without.Services.GetRequiredService<IOptions<AccessOptions>>().Value);
        Assert.Contains("Access__ServiceKey", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_pass_by_their_role_and_an_endpoint_without_a_rule_is_closed()
    {
        await using TestService service = await StartAsync();
        Assert.Equal((HttpStatusCode.Unauthorized, "missing_api_key"), await AskAsync(service, null, HttpMethod.Get, "/mine"));
        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_api_key"), await AskAsync(service, "gt_x", HttpMethod.Get, "/mine"));
        Assert.Equal((HttpStatusCode.Forbidden, "role_missing"), await AskAsync(service, Keys.Use, HttpMethod.Get, "/all"));
        Assert.Equal((HttpStatusCode.OK, "everything"), await AskAsync(service, Keys.Operate, HttpMethod.Get, "/all"));
        Assert.Equal((HttpStatusCode.Forbidden, "services_only"), await AskAsync(service, Keys.Operate, HttpMethod.Post, "/ingest"));
        Assert.Equal((HttpStatusCode.OK, "service"), await AskAsync(service, ServiceKey, HttpMethod.Post, "/ingest"));
        Assert.Equal((HttpStatusCode.Forbidden, "closed"), await AskAsync(service, Keys.Operate, HttpMethod.Get, "/forgotten"));
        Assert.Equal((HttpStatusCode.NotFound, null), await AskAsync(service, null, HttpMethod.Get, "/nowhere"));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(service, null, HttpMethod.Get, "/alive")).Status);
        Assert.Equal(["GET /forgotten"], Matrix.Closed(service.App.Services.GetServices<Microsoft.AspNetCore.Routing.EndpointDataSource>()));
    }

    [Fact]
    public async Task A_client_is_given_its_own_tenant_whatever_it_asks_for()
    {
        await using TestService service = await StartAsync();
        Assert.Equal((HttpStatusCode.OK, "?a=1&tenant=team"), await AskAsync(service, Keys.Use, HttpMethod.Get, "/mine?tenant=other&a=1&TENANT=third"));
        Assert.Equal((HttpStatusCode.OK, "?tenant=other"), await AskAsync(service, Keys.Operate, HttpMethod.Get, "/mine?tenant=other"));
    }

    [Fact]
    public async Task Keys_that_cannot_be_checked_are_told_to_come_back()
    {
        await using TestService service = await StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/all");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Keys.Unknowable);
        using HttpResponseMessage response = await service.Client.SendAsync(request);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, 5.0), (response.StatusCode, response.Headers.RetryAfter?.Delta?.TotalSeconds));
    }

    private static Task<TestService> StartAsync(string? urls = null) => TestService.StartAsync(
        app =>
        {
            app.UseAccess();
            app.MapGet("/mine", (HttpRequest request) => request.QueryString.ToString());
            app.MapGet("/all", () => "everything");
            app.MapPost("/ingest", (HttpContext context) => context.Actor());
            app.MapGet("/forgotten", () => "secret");
        },
        builder =>
        {
            builder.AddAccess(Matrix);
            builder.Services.AddSingleton<IKeyVerifier, Keys>();
            if (urls is not null)
            {
                builder.WebHost.UseUrls(urls);
            }
        },
        [new("Access:RequireKeys", "true"), new("Access:ServiceKey", ServiceKey)],
        listen: urls is not null);

    private static async Task<(HttpStatusCode Status, string? Said)> AskAsync(TestService service, string? key, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        using HttpResponseMessage response = await service.Client.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        if (response.IsSuccessStatusCode)
        {
            return (response.StatusCode, text);
        }

        using JsonDocument problem = JsonDocument.Parse(text);
        return (response.StatusCode, problem.RootElement.TryGetProperty("code", out JsonElement code) ? code.GetString() : null);
    }

    private static string Temporary() => Path.Combine(Path.GetTempPath(), "greentune-tests", Guid.NewGuid().ToString("N"));

    private sealed class Keys : IKeyVerifier
    {
        public static string Use { get; } = AccessKeys.Create();

        public static string Operate { get; } = AccessKeys.Create();

        public static string Unknowable { get; } = AccessKeys.Create();

        public ValueTask<KeyIdentity?> VerifyAsync(string key, CancellationToken cancellation) => ValueTask.FromResult(
            key == Use ? Identity("client", AccessRole.Use)
            : key == Operate ? Identity("desk", AccessRole.Operate)
            : key == Unknowable ? throw new KeysUnavailableException()
            : null);

        public ValueTask<KeyIdentity?> FindAsync(Guid id, CancellationToken cancellation) => ValueTask.FromResult<KeyIdentity?>(null);

        private static KeyIdentity Identity(string name, AccessRole role) => new() { Id = Guid.NewGuid(), Name = name, Tenant = "team", Role = role };
    }
}
