using System.Net;
using System.Text.Json;

namespace GreenTune.Accounting.Tests.Hosting;

/// <summary>One service for tests that change nothing; a plan is in it.</summary>
public sealed class SharedHost : IAsyncLifetime
{
    internal AccountingHost Host { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Host = await AccountingHost.StartAsync();
        using HttpResponseMessage stored = await Host.SendAsync(HttpMethod.Post, "/api/plans", Samples.Plan());
        Assert.Equal(HttpStatusCode.Created, stored.StatusCode);
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}

/// <summary>Whatever is malformed is answered with a problem document that names the field.</summary>
public sealed class RefusalTests(SharedHost shared) : IClassFixture<SharedHost>
{
    private const string Cost = """{"configurationId":"c","joules":1,"upperJoules":2}""";

    [Theory]
    [InlineData("records?limit=0", "limit")]
    [InlineData("records?limit=501", "limit")]
    [InlineData("records?limit=ten", "limit")]
    [InlineData("records?cursor=nonsense", "cursor")]
    [InlineData("records?outcome=fine", "outcome")]
    [InlineData("records?quality=3", "quality")]
    [InlineData("records?degraded=yes", "degraded")]
    [InlineData("records?from=yesterday", "from")]
    [InlineData("records?from=2026-11-19T10:00:00Z&to=2026-11-18T10:00:00Z", "to")]
    [InlineData("records?tenat=x", "tenat")]
    [InlineData("summary?period=fortnight", "period")]
    [InlineData("summary?period=7d&from=2026-11-19T00:00:00Z", "period")]
    [InlineData("summary?to=2026-11-19T00:00:00Z", "from")]
    [InlineData("summary?from=2026-11-19T00:00:00Z&to=2026-11-19T00:00:00Z", "to")]
    [InlineData("summary?from=now", "from")]
    [InlineData("summary?spam=1", "spam")]
    [InlineData("budgets/decisions?budget=x", "budget")]
    [InlineData("budgets/decisions?limit=0", "limit")]
    [InlineData("threee/preview?energy=1", "weights")]
    [InlineData("threee/preview?energy=-1&efficiency=1&effectiveness=1", "weights")]
    [InlineData("threee/preview?energy=much", "energy")]
    [InlineData("threee/preview?floor=2", "floor")]
    [InlineData("threee/preview?reference=never-measured", "reference")]
    [InlineData("threee/preview?pinned=not%20an%20id", "pinned")]
    [InlineData("threee/preview?weight=1", "weight")]
    [InlineData("threee/triangle?steps=4", "steps")]
    [InlineData("threee/triangle?steps=61", "steps")]
    [InlineData("threee/triangle?reference=nobody", "reference")]
    public Task A_malformed_query_is_refused_by_parameter(string path, string field) => RefusedAsync(HttpMethod.Get, path, null, field);

    [Theory]
    [InlineData("records", "{", "$")]
    [InlineData("records", "[]", "records")]
    [InlineData("records", "{}", "records")]
    [InlineData("records", """{"records": 7}""", "records")]
    [InlineData("periods", "{}", "periods")]
    [InlineData("plans", "null", "$")]
    [InlineData("plans", """{"id":"no"}""", "id")]
    [InlineData("budgets", "7", "$")]
    [InlineData("budgets/reservations", $$"""{"requestId":"x","tenant":"t","wanted":{{Cost}}}""", "requestId")]
    [InlineData("budgets/reservations", $$"""{"requestId":"chatcmpl-1","tenant":"","wanted":{{Cost}}}""", "tenant")]
    [InlineData("budgets/reservations", $$"""{"requestId":"chatcmpl-1","tenant":"t","session":"","wanted":{{Cost}}}""", "session")]
    [InlineData("budgets/reservations", """{"requestId":"chatcmpl-1","tenant":"t","wanted":{"configurationId":"c","joules":1,"upperJoules":-2}}""", "wanted.upperJoules")]
    [InlineData("budgets/reservations", """{"requestId":"chatcmpl-1","tenant":"t","wanted":{"configurationId":"c","joules":3,"upperJoules":2}}""", "wanted.joules")]
    [InlineData("budgets/reservations", """{"requestId":"chatcmpl-1","tenant":"t","wanted":{"configurationId":"","joules":1,"upperJoules":2}}""", "wanted.configurationId")]
    [InlineData("budgets/reservations", $$"""{"requestId":"chatcmpl-1","tenant":"t","wanted":{{Cost}},"alternatives":[null]}""", "alternatives[0]")]
    [InlineData("budgets/reservations", """{"requestId":"chatcmpl-1","tenant":"t","wanted":null}""", "wanted")]
    public Task A_malformed_body_is_refused_by_field(string path, string body, string field) => RefusedAsync(HttpMethod.Post, path, body, field);

    private async Task RefusedAsync(HttpMethod method, string path, string? body, string field)
    {
        JsonElement problem = await shared.Host.RefusedAsync(method, $"/api/{path}", body, HttpStatusCode.BadRequest);
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out JsonElement messages), problem.ToString());
        Assert.True(messages[0].GetString()!.Length > 10, problem.ToString());
    }
}
