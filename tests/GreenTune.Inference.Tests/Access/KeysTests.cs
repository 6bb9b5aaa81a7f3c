using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using GreenTune.Core.Access;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Access;
using GreenTune.Inference.Tests.Service;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace GreenTune.Inference.Tests.Access;

public sealed class KeysTests
{
    private const string Configuration = "greentune-nano-fp32";
    private const string ServiceKey = "service-key-of-a-test-0123456789abcdef";

    private static readonly KeyIdentity Client = new() { Id = Guid.NewGuid(), Name = "client", Tenant = "team-key", Role = AccessRole.Use };

    private static async Task<InferenceService> StartAsync(FakeAccounting accounting)
    {
        await accounting.StartAsync();
        return await InferenceService.StartAsync(accounting, settings:
        [
            ("Inference:Configurations:0", Configuration),
            ("Inference:DefaultConfiguration", Configuration),
            ("Access:RequireKeys", "true"),
            ("Access:ServiceKey", ServiceKey),
        ]);
    }

    private static async Task<HttpResponseMessage> AskAsync(InferenceService service, string? key, string path = "v1/chat/completions", int maxTokens = 2)
    {
        using var request = new HttpRequestMessage(path.StartsWith("v1/chat", StringComparison.Ordinal) ? HttpMethod.Post : HttpMethod.Get, path);
        if (request.Method == HttpMethod.Post)
        {
            request.Content = JsonContent.Create(new { model = Configuration, messages = new[] { new { role = "user", content = "Hi" } }, max_tokens = maxTokens });
        }

        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        request.Headers.Add(Headers.Tenant, "somebody-else");
        return await service.Http.SendAsync(request);
    }

    [Fact]
    public async Task Every_endpoint_has_a_rule_and_every_rule_an_endpoint()
    {
        await using InferenceService service = await InferenceService.StartAsync(settings: [("Inference:Configurations:0", Configuration), ("Inference:DefaultConfiguration", Configuration)]);
        EndpointDataSource[] sources = [.. service.Services.GetServices<EndpointDataSource>()];
        Assert.Empty(InferenceAccess.Matrix.Closed(sources));
        HashSet<string> mapped = [.. sources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [], (endpoint, method) => $"{method} /{endpoint.RoutePattern.RawText!.Trim('/')}")];
        Assert.Empty(InferenceAccess.Matrix.Rules.Select(rule => $"{rule.Method} {rule.Pattern}").Except(mapped));
    }

    [Fact]
    public async Task A_key_is_asked_for_its_tenant_counts_and_its_revocation_is_heard()
    {
        await using var accounting = new FakeAccounting();
        string key = AccessKeys.Create();
        accounting.Keys[key] = Client;
        await using InferenceService service = await StartAsync(accounting);

        using HttpResponseMessage without = await AskAsync(service, null);
        Assert.Equal(HttpStatusCode.Unauthorized, without.StatusCode);
        Assert.Equal("Bearer", without.Headers.WwwAuthenticate.Single().Scheme);
        Assert.Equal("missing_api_key", await CodeAsync(without));
        using HttpResponseMessage unknown = await AskAsync(service, AccessKeys.Create());
        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_api_key"), (unknown.StatusCode, await CodeAsync(unknown)));
        using HttpResponseMessage forbidden = await AskAsync(service, key, "api/meter");
        Assert.Equal((HttpStatusCode.Forbidden, "application/problem+json"), (forbidden.StatusCode, forbidden.Content.Headers.ContentType?.MediaType));
        using HttpResponseMessage models = await AskAsync(service, key, "v1/models");
        Assert.Equal(HttpStatusCode.OK, models.StatusCode);
        using HttpResponseMessage alive = await AskAsync(service, null, "alive");
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);

        using HttpResponseMessage answer = await AskAsync(service, key);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await Eventually.TrueAsync(() => !accounting.Records.IsEmpty);
        Assert.All(accounting.Records.Values, record => Assert.Equal("team-key", record.Tenant));
        // One question for all of these requests, with the services' own key.
        Assert.Equal(1, accounting.Verifications.Count(asked => asked == key));
        Assert.All(accounting.Presented, presented => Assert.Equal($"Bearer {ServiceKey}", presented));

        accounting.Keys.Remove(key, out _);
        accounting.Send(EventNames.KeyRevoked, new KeyRevoked(Client.Id));
        await Eventually.TrueAsync(async () =>
        {
            using HttpResponseMessage after = await AskAsync(service, key, "v1/models");
            return after.StatusCode == HttpStatusCode.Unauthorized;
        }, TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task While_Accounting_is_away_known_keys_hold_and_unknown_ones_are_told_to_wait()
    {
        await using var accounting = new FakeAccounting();
        string key = AccessKeys.Create();
        accounting.Keys[key] = Client;
        await using InferenceService service = await StartAsync(accounting);
        using HttpResponseMessage before = await AskAsync(service, key, "v1/models");
        Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        await accounting.KillAsync();
        using HttpResponseMessage known = await AskAsync(service, key, "v1/models");
        Assert.Equal(HttpStatusCode.OK, known.StatusCode);
        using HttpResponseMessage unknown = await AskAsync(service, AccessKeys.Create(), "v1/models");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "keys_unavailable", 5.0), (unknown.StatusCode, await CodeAsync(unknown), unknown.Headers.RetryAfter?.Delta?.TotalSeconds));
    }

    [Fact]
    public async Task Limits_of_a_key_are_told_in_OpenAIs_words_and_kept()
    {
        await using var accounting = new FakeAccounting();
        string requests = AccessKeys.Create(), tokens = AccessKeys.Create();
        accounting.Keys[requests] = Client with { Id = Guid.NewGuid(), Limits = new KeyLimits { RequestsPerMinute = 2 } };
        accounting.Keys[tokens] = Client with { Id = Guid.NewGuid(), Limits = new KeyLimits { TokensPerMinute = 300 } };
        await using InferenceService service = await StartAsync(accounting);
        using (HttpResponseMessage first = await AskAsync(service, requests, "v1/models"))
        {
            Assert.Equal("1", first.Headers.GetValues("x-ratelimit-remaining-requests").Single());
        }

        (await AskAsync(service, requests, "v1/models")).Dispose();
        using HttpResponseMessage third = await AskAsync(service, requests);
        Assert.Equal((HttpStatusCode.TooManyRequests, "requests_per_minute"), (third.StatusCode, await CodeAsync(third)));
        Assert.InRange(third.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 30);

        // What a request may use at most is taken before it runs, and what it did not use is there again after it.
        using (HttpResponseMessage small = await AskAsync(service, tokens, maxTokens: 200))
        {
            Assert.Equal(HttpStatusCode.OK, small.StatusCode);
            using JsonDocument body = JsonDocument.Parse(await small.Content.ReadAsStringAsync());
            Assert.True(body.RootElement.GetProperty("usage").GetProperty("total_tokens").GetInt32() < 300);
        }

        using HttpResponseMessage large = await AskAsync(service, tokens, maxTokens: 290);
        Assert.Equal((HttpStatusCode.TooManyRequests, "tokens_per_minute"), (large.StatusCode, await CodeAsync(large)));
        using JsonDocument error = JsonDocument.Parse(await large.Content.ReadAsStringAsync());
        Assert.Equal("rate_limit_error", error.RootElement.GetProperty("error").GetProperty("type").GetString());
    }

    private static async Task<string?> CodeAsync(HttpResponseMessage response)
    {
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return document.RootElement.GetProperty("error").GetProperty("code").GetString();
    }
}
