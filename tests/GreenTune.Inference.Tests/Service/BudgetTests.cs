using System.ClientModel;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using GreenTune.Core.Contracts;
using OpenAI.Chat;

namespace GreenTune.Inference.Tests.Service;

public sealed class BudgetTests
{
    private const string Configuration = "greentune-nano-fp32";

    [Fact]
    public async Task A_tenant_without_a_budget_is_not_asked_about_and_one_with_is()
    {
        await using InferenceService service = await StartAsync(tenant: "payer");
        await service.Chat(Configuration, "free").CompleteChatAsync([new UserChatMessage("Hi")]);
        Assert.Empty(service.Accounting.Reservations);

        await service.Chat(Configuration, "payer").CompleteChatAsync([new UserChatMessage("Hi")], new ChatCompletionOptions { MaxOutputTokenCount = 20 });
        ReservationRequest asked = service.Accounting.Reservations.Single();
        Assert.Equal("payer", asked.Tenant);
        Assert.Equal(Configuration, asked.Wanted.ConfigurationId);
        Assert.True(asked.Wanted.Joules > 0 && asked.Wanted.UpperJoules > asked.Wanted.Joules);
        Assert.Equal(["greentune-nano-int4"], asked.Alternatives.Select(other => other.ConfigurationId));
        await Eventually.TrueAsync(() => service.Accounting.Records.ContainsKey(asked.RequestId));
    }

    [Fact]
    public async Task A_blocked_request_gets_429_with_what_a_client_needs_to_know()
    {
        await using InferenceService service = await StartAsync(tenant: "payer");
        service.Accounting.Decide = request => new ReservationDecision
        {
            Action = BudgetAction.Block,
            Allowed = false,
            ConfigurationId = request.Wanted.ConfigurationId,
            BudgetId = Guid.NewGuid(),
            BudgetName = "Käse",
            Fraction = 1.001,
            RetryAfterSeconds = 4711,
            Message = "The budget is used up.",
        };

        ClientResultException refused = await Assert.ThrowsAsync<ClientResultException>(() => service.Chat(Configuration, "payer").CompleteChatAsync([new UserChatMessage("Hi")]));
        Assert.Equal(429, refused.Status);
        System.ClientModel.Primitives.PipelineResponse raw = refused.GetRawResponse()!;
        Assert.True(raw.Headers.TryGetValue("Retry-After", out string? after));
        Assert.Equal("4711", after);
        Assert.True(raw.Headers.TryGetValue(Headers.Budget, out string? budget));
        Assert.Equal("block; budget=\"K?se\"; used=1.001", budget);
        JsonElement error = JsonDocument.Parse(raw.Content).RootElement.GetProperty("error");
        Assert.Equal("budget_exceeded", error.GetProperty("code").GetString());
        Assert.Equal("The budget is used up.", error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_degraded_request_is_answered_by_the_greener_configuration_and_says_so()
    {
        await using InferenceService service = await StartAsync(tenant: "payer");
        service.Accounting.Decide = request => new ReservationDecision
        {
            Action = BudgetAction.Degrade,
            Allowed = true,
            ConfigurationId = request.Alternatives[0].ConfigurationId,
            BudgetId = Guid.NewGuid(),
            BudgetName = "playground",
            Fraction = 0.96,
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = JsonContent.Create(new { model = Configuration, messages = new[] { new { role = "user", content = "Hi" } } }) };
        request.Headers.Add(Headers.Tenant, "payer");
        using HttpResponseMessage response = await service.Http.SendAsync(request);

        Assert.Equal("greentune-nano-int4", response.Headers.GetValues(Headers.Configuration).Single());
        Assert.Equal($"degrade; budget=\"playground\"; used=0.96; from=\"{Configuration}\"", response.Headers.GetValues(Headers.Budget).Single());
        using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal("greentune-nano-int4", answer.RootElement.GetProperty("model").GetString());
        string id = answer.RootElement.GetProperty("id").GetString()!;
        await Eventually.TrueAsync(() => service.Accounting.Records.ContainsKey(id));
        Assert.Equal(Configuration, service.Accounting.Records[id].DegradedFrom);
    }

    [Fact]
    public async Task A_budget_that_is_made_or_deleted_takes_effect_without_a_restart()
    {
        await using InferenceService service = await StartAsync(tenant: "payer");
        BudgetStatus fresh = FakeAccounting.Budget("newcomer");
        service.Accounting.Send(EventNames.Budget, fresh);
        await Eventually.TrueAsync(async () =>
        {
            await service.Chat(Configuration, "newcomer").CompleteChatAsync([new UserChatMessage("Hi")], new ChatCompletionOptions { MaxOutputTokenCount = 1 });
            return service.Accounting.Reservations.Any(asked => asked.Tenant == "newcomer");
        });

        service.Accounting.Send(EventNames.BudgetDeleted, new BudgetDeleted(fresh.Budget.Id));
        await Eventually.TrueAsync(async () =>
        {
            int before = service.Accounting.Reservations.Count;
            await service.Chat(Configuration, "newcomer").CompleteChatAsync([new UserChatMessage("Hi")], new ChatCompletionOptions { MaxOutputTokenCount = 1 });
            return service.Accounting.Reservations.Count == before;
        });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task While_Accounting_is_away_requests_pass_marked_or_are_refused_as_configured(bool failOpen)
    {
        await using InferenceService service = await StartAsync(tenant: "payer", ("Inference:BudgetsFailOpen", failOpen ? "true" : "false"));
        await service.Accounting.KillAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = JsonContent.Create(new { model = Configuration, messages = new[] { new { role = "user", content = "Hi" } } }) };
        request.Headers.Add(Headers.Tenant, "payer");
        using HttpResponseMessage response = await service.Http.SendAsync(request);
        if (failOpen)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("unchecked", response.Headers.GetValues(Headers.Budget).Single());
        }
        else
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.True(response.Headers.Contains("Retry-After"));
            Assert.Contains("Inference:BudgetsFailOpen", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    private static async Task<InferenceService> StartAsync(string tenant, params (string Key, string Value)[] settings)
    {
        var accounting = new FakeAccounting();
        accounting.Budgets.Add(FakeAccounting.Budget(tenant));
        await accounting.StartAsync();
        InferenceService service = await InferenceService.StartAsync(
            accounting,
            settings:
            [
                ("Inference:Configurations:0", Configuration),
                ("Inference:Configurations:1", "greentune-nano-int4"),
                ("Inference:DefaultConfiguration", Configuration),
                .. settings,
            ]);
        // The feed has connected when a tenant without a budget is no longer asked about.
        await Eventually.TrueAsync(async () =>
        {
            int before = accounting.Reservations.Count;
            await service.Chat(Configuration, "nobody").CompleteChatAsync([new UserChatMessage("Hi")], new ChatCompletionOptions { MaxOutputTokenCount = 1 });
            return accounting.Reservations.Count == before;
        });
        accounting.Reservations.Clear();
        return service;
    }
}
