using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using GreenTune.Accounting.Access;
using GreenTune.Accounting.Store;
using GreenTune.Accounting.Tests.Events;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Access;
using GreenTune.Core.Contracts;
using GreenTune.ServiceDefaults.Access;
using GreenTune.Tests;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace GreenTune.Accounting.Tests.Access;

public sealed class KeysApiTests
{
    private const string ServiceKey = "service-key-of-a-test-0123456789abcdef";

    private static readonly string Bootstrap = AccessKeys.Create();

    private static Task<AccountingHost> StartAsync() => StartAsync(AccountingHost.Usual);

    private static Task<AccountingHost> StartAsync(StoreKind store) =>
        AccountingHost.StartAsync(store, ["--Access:RequireKeys", "true", "--Access:ServiceKey", ServiceKey, "--Access:BootstrapKey", Bootstrap]);

    private static async Task<HttpResponseMessage> SendAsync(AccountingHost host, string? key, HttpMethod method, string path, object? body = null, Guid? behalf = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (key is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        if (behalf is { } id)
        {
            request.Headers.Add(Headers.OnBehalfOf, id.ToString());
        }

        request.Content = body is null ? null : JsonContent.Create(body, body.GetType(), options: ContractJson.Options);
        return await host.Http.SendAsync(request);
    }

    private static async Task<HttpStatusCode> StatusAsync(AccountingHost host, string? key, HttpMethod method, string path, object? body = null, Guid? behalf = null)
    {
        using HttpResponseMessage response = await SendAsync(host, key, method, path, body, behalf);
        return response.StatusCode;
    }

    private static async Task<KeyCreated> CreateAsync(AccountingHost host, KeyInput input)
    {
        using HttpResponseMessage response = await SendAsync(host, Bootstrap, HttpMethod.Post, "/api/keys", input);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.True(response.Headers.CacheControl?.NoStore);
        return (await response.Content.ReadFromJsonAsync<KeyCreated>(ContractJson.Options))!;
    }

    [Fact]
    public async Task Every_endpoint_has_a_rule_and_every_rule_an_endpoint()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        EndpointDataSource[] sources = [.. host.Services.GetServices<EndpointDataSource>()];
        Assert.Empty(AccountingAccess.Matrix.Closed(sources));
        HashSet<string> mapped = [.. sources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [], (endpoint, method) => $"{method} /{endpoint.RoutePattern.RawText!.Trim('/')}")];
        Assert.Empty(AccountingAccess.Matrix.Rules.Select(rule => $"{rule.Method} {rule.Pattern}").Except(mapped));
    }

    [Fact]
    public async Task An_endpoint_without_a_rule_is_closed_to_everybody()
    {
        await using AccountingHost host = await StartAsync();
        var matrix = new AccessMatrix(AccountingAccess.Matrix.Rules.Where(rule => rule.Pattern != "/api/tenants").ToArray());
        RouteEndpoint tenants = host.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().Single(endpoint => endpoint.RoutePattern.RawText == "/api/tenants");
        Assert.Null(matrix.Find(tenants, "GET"));
        Assert.Equal(["GET /api/tenants"], matrix.Closed(host.Services.GetServices<EndpointDataSource>()));
    }

    [Fact]
    public async Task Roles_may_do_what_the_matrix_says_and_no_more()
    {
        await using AccountingHost host = await StartAsync();
        string use = (await CreateAsync(host, new KeyInput { Name = "client", Tenant = "team-support" })).Key;
        string operate = (await CreateAsync(host, new KeyInput { Name = "desk", Role = AccessRole.Operate })).Key;
        foreach (AccessRule rule in AccountingAccess.Matrix.Rules)
        {
            string path = rule.Pattern.Replace("{id:guid}", Guid.NewGuid().ToString(), StringComparison.Ordinal).Replace("{id}", "chatcmpl-none1", StringComparison.Ordinal).Replace("{requestId}", "chatcmpl-none1", StringComparison.Ordinal)
                .Replace("{session}", "nightly", StringComparison.Ordinal).Replace("{documentName}", "v1", StringComparison.Ordinal);
            // A stream would not end; that it is let in is seen elsewhere.
            if (path == "/api/events")
            {
                continue;
            }

            var method = new HttpMethod(rule.Method);
            object? body = rule.Method is "POST" or "PUT" ? new { } : null;
            string asked = $"{rule.Method} {path}";
            Assert.True(HttpStatusCode.Unauthorized == await StatusAsync(host, null, method, path, body), asked);
            Assert.True(HttpStatusCode.Unauthorized == await StatusAsync(host, AccessKeys.Create(), method, path, body), asked);
            Assert.True(rule.Level is AccessLevel.Use == await LetInAsync(use), asked);
            Assert.True(rule.Level is AccessLevel.Use or AccessLevel.Operate == await LetInAsync(operate), asked);
            Assert.True(rule.Level is not AccessLevel.Service == await LetInAsync(Bootstrap), asked);
            Assert.True(await LetInAsync(ServiceKey), asked);

            async Task<bool> LetInAsync(string key) => await StatusAsync(host, key, method, path, body) is not (HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized);
        }

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(host, null, HttpMethod.Get, "/alive"));
    }

    [Theory]
    [OnEveryStore]
    public async Task A_key_is_shown_once_kept_as_its_hash_and_listed_by_its_beginning(StoreKind store)
    {
        await using AccountingHost host = await StartAsync(store);
        KeyCreated created = await CreateAsync(host, new KeyInput
        {
            Name = " support desk ",
            Tenant = "team-support",
            ExpiresAt = AccountingHost.Noon.AddDays(1),
            Limits = new KeyLimits { RequestsPerMinute = 60, TokensPerMinute = 10_000, Concurrent = 4 },
        });
        Assert.True(AccessKeys.IsKey(created.Key));
        Assert.Equal(("support desk", created.Key[..7], "bootstrap", AccessRole.Use), (created.View.Name, created.View.Prefix, created.View.CreatedBy, created.View.Role));
        using HttpResponseMessage listed = await SendAsync(host, Bootstrap, HttpMethod.Get, "/api/keys");
        string text = await listed.Content.ReadAsStringAsync();
        Assert.DoesNotContain(created.Key, text);
        Assert.DoesNotContain(AccessKeys.Hash(created.Key), text);
        Assert.Equal(["bootstrap", "support desk"], JsonSerializer.Deserialize<KeyView[]>(text, ContractJson.Options)!.Select(key => key.Name).Order());
        byte[] file = await ReadDatabaseAsync(host);
        Assert.True(file.AsSpan().IndexOf("support desk"u8) >= 0, "the key is not in the database at all");
        Assert.True(file.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(created.Key)) < 0, "the key itself is in the database");

        KeyIdentity identity = await VerifyAsync(host, created.Key);
        Assert.Equal((created.View.Id, "team-support", 60), (identity.Id, identity.Tenant, identity.Limits.RequestsPerMinute));
        host.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(host, ServiceKey, HttpMethod.Post, "/api/keys/verify", new KeyCheck(created.Key)));
    }

    [Theory]
    [OnEveryStore]
    public async Task A_revoked_key_holds_no_longer_and_listeners_hear_of_it(StoreKind store)
    {
        await using AccountingHost host = await StartAsync(store);
        KeyCreated created = await CreateAsync(host, new KeyInput { Name = "desk", Role = AccessRole.Operate });
        host.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ServiceKey);
        using EventListener listener = await EventListener.ConnectAsync(host);
        host.Http.DefaultRequestHeaders.Authorization = null;
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(host, created.Key, HttpMethod.Get, "/api/budgets"));
        using HttpResponseMessage revoked = await SendAsync(host, Bootstrap, HttpMethod.Delete, $"/api/keys/{created.View.Id}");
        KeyView view = (await revoked.Content.ReadFromJsonAsync<KeyView>(ContractJson.Options))!;
        Assert.Equal((AccountingHost.Noon, "bootstrap"), (view.RevokedAt, view.RevokedBy));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(host, created.Key, HttpMethod.Get, "/api/budgets"));
        Assert.Contains(created.View.Id.ToString(), await listener.NextAsync(EventNames.KeyRevoked));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(host, Bootstrap, HttpMethod.Delete, $"/api/keys/{Guid.NewGuid()}"));
    }

    [Theory]
    [OnEveryStore]
    public async Task A_client_sees_its_own_tenants_records_whatever_it_asks_for(StoreKind store)
    {
        await using AccountingHost host = await StartAsync(store);
        string use = (await CreateAsync(host, new KeyInput { Name = "client", Tenant = "team-support" })).Key;
        using HttpResponseMessage stored = await SendAsync(host, ServiceKey, HttpMethod.Post, "/api/records", new RecordBatch([Samples.Record("chatcmpl-mine", 1), Samples.Record("chatcmpl-other", 2, tenant: "other")]));
        Assert.Equal(HttpStatusCode.OK, stored.StatusCode);
        foreach (string query in (string[])["", "?tenant=other", "?TENANT=other&limit=5"])
        {
            using HttpResponseMessage page = await SendAsync(host, use, HttpMethod.Get, "/api/records" + query);
            Assert.Equal(["chatcmpl-mine"], (await page.Content.ReadFromJsonAsync<Page<RecordView>>(ContractJson.Options))!.Items.Select(view => view.Record.Id));
        }

        using HttpResponseMessage summary = await SendAsync(host, use, HttpMethod.Get, "/api/summary?tenant=other&period=today");
        Assert.Equal(1, (await summary.Content.ReadFromJsonAsync<Summary>(ContractJson.Options))!.Requests);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(host, use, HttpMethod.Get, "/api/records/chatcmpl-mine"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(host, use, HttpMethod.Get, "/api/records/chatcmpl-other"));
    }

    [Fact]
    public async Task A_service_that_asks_for_somebody_may_do_what_that_key_may_and_the_log_names_it()
    {
        await using AccountingHost host = await StartAsync();
        Guid operate = (await CreateAsync(host, new KeyInput { Name = "desk", Role = AccessRole.Operate })).View.Id;
        using HttpResponseMessage budget = await SendAsync(host, ServiceKey, HttpMethod.Post, "/api/budgets", Samples.Budget(), operate);
        Assert.Equal(HttpStatusCode.Created, budget.StatusCode);
        using HttpResponseMessage log = await SendAsync(host, ServiceKey, HttpMethod.Get, "/api/budgets/decisions", behalf: operate);
        Assert.Equal("desk", (await log.Content.ReadFromJsonAsync<Page<BudgetDecision>>(ContractJson.Options))!.Items.Single().Actor);
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(host, ServiceKey, HttpMethod.Get, "/api/keys", behalf: operate));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(host, ServiceKey, HttpMethod.Get, "/api/budgets", behalf: Guid.NewGuid()));
        // A client cannot borrow another key by its id.
        string use = (await CreateAsync(host, new KeyInput { Name = "client" })).Key;
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(host, use, HttpMethod.Get, "/api/budgets", behalf: operate));
    }

    [Fact]
    public async Task When_a_key_was_last_used_is_noted_in_steps()
    {
        await using AccountingHost host = await StartAsync();
        KeyCreated created = await CreateAsync(host, new KeyInput { Name = "client" });
        await VerifyAsync(host, created.Key);
        await Eventually.TrueAsync(async () => await LastUsedAsync() == AccountingHost.Noon);
        host.Clock.Advance(TimeSpan.FromMinutes(9));
        await VerifyAsync(host, created.Key);
        host.Clock.Advance(TimeSpan.FromMinutes(1));
        await VerifyAsync(host, created.Key);
        await Eventually.TrueAsync(async () => await LastUsedAsync() == AccountingHost.Noon.AddMinutes(10));

        async Task<DateTimeOffset?> LastUsedAsync()
        {
            using HttpResponseMessage listed = await SendAsync(host, Bootstrap, HttpMethod.Get, "/api/keys");
            return (await listed.Content.ReadFromJsonAsync<KeyView[]>(ContractJson.Options))!.Single(key => key.Id == created.View.Id).LastUsedAt;
        }
    }

    [Fact]
    public async Task What_a_key_cannot_be_is_refused_by_field()
    {
        await using AccountingHost host = await StartAsync();
        using HttpResponseMessage response = await SendAsync(host, Bootstrap, HttpMethod.Post, "/api/keys",
            new KeyInput { Name = "", Tenant = " x", ExpiresAt = AccountingHost.Noon, Limits = new KeyLimits { Concurrent = 0 } });
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        JsonElement errors = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("errors");
        Assert.Equal(["expiresAt", "limits.concurrent", "name", "tenant"], errors.EnumerateObject().Select(error => error.Name).Order());
    }

    [Fact]
    public async Task The_bootstrap_key_is_made_once_and_not_again_when_it_was_revoked()
    {
        await using AccountingHost host = await StartAsync();
        using HttpResponseMessage listed = await SendAsync(host, Bootstrap, HttpMethod.Get, "/api/keys");
        Guid id = (await listed.Content.ReadFromJsonAsync<KeyView[]>(ContractJson.Options))!.Single().Id;
        await host.RestartAsync();
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(host, Bootstrap, HttpMethod.Delete, $"/api/keys/{id}"));
        await host.RestartAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(host, Bootstrap, HttpMethod.Get, "/api/keys"));
    }

    private static async Task<KeyIdentity> VerifyAsync(AccountingHost host, string key)
    {
        using HttpResponseMessage response = await SendAsync(host, ServiceKey, HttpMethod.Post, "/api/keys/verify", new KeyCheck(key));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<KeyIdentity>(ContractJson.Options))!;
    }

    private static async Task<byte[]> ReadDatabaseAsync(AccountingHost host)
    {
        await using (AccountingDb db = await host.Get<IDbContextFactory<AccountingDb>>().CreateDbContextAsync())
        {
            if (host.Postgres is not null)
            {
                return System.Text.Encoding.UTF8.GetBytes(string.Join('\n', await db.Database.SqlQueryRaw<string>("SELECT row_to_json(key)::text AS \"Value\" FROM access_keys AS key").ToListAsync()));
            }

            await db.Database.ExecuteSqlRawAsync("PRAGMA wal_checkpoint(TRUNCATE)");
        }

        await using var stream = new FileStream(host.Database, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[stream.Length];
        await stream.ReadExactlyAsync(bytes);
        return bytes;
    }
}
