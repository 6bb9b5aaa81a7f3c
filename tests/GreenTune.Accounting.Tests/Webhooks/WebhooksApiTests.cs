using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Accounting.Webhooks;
using GreenTune.Core.Contracts;
using GreenTune.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace GreenTune.Accounting.Tests.Webhooks;

public sealed class WebhooksApiTests
{
    private const string Secret = "a-secret-of-a-test";

    [Theory]
    [OnEveryStore]
    public async Task A_budget_that_acts_is_told_signed_once_and_in_full(StoreKind store)
    {
        await using Receiver receiver = await Receiver.StartAsync();
        await using AccountingHost host = await StartAsync(store, receiver);
        WebhookCreated created = await CreateAsync(host, receiver);
        Assert.Equal(Secret, created.Secret);
        await BlockAsync(host);
        await host.Get<WebhookSender>().SendDueAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => receiver.Received.Count == 1);
        (IHeaderDictionary headers, string body) = receiver.Received.Single();
        WebhookEvent told = JsonSerializer.Deserialize<WebhookEvent>(body, ContractJson.Options)!;
        Assert.Equal(("budget.block", "playground", "block", "team-support"), (told.Event, told.Budget!.Name, told.Decision!.Action, told.Decision.Tenant));
        Assert.True(told.Decision.Id > 0);
        Assert.Equal(("budget.block", told.Id.ToString()), (headers[WebhookClient.EventHeader].ToString(), headers[WebhookClient.DeliveryHeader].ToString()));
        Dictionary<string, string> parts = headers[WebhookClient.SignatureHeader].ToString().Split(',').ToDictionary(part => part[..part.IndexOf('=')], part => part[(part.IndexOf('=') + 1)..]);
        Assert.Equal(AccountingHost.Noon.ToUnixTimeSeconds().ToString(), parts["t"]);
        Assert.Equal(Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes($"{parts["t"]}.{body}"))), parts["v1"]);

        await Eventually.TrueAsync(async () => (await host.GetAsync<WebhookView>($"/api/webhooks/{created.Webhook.Id}")) is { Waiting: 0, LastDeliveredAt: not null });
        string listed = await host.Http.GetStringAsync("/api/webhooks");
        Assert.DoesNotContain(Secret, listed);
    }

    [Theory]
    [OnEveryStore]
    public async Task A_delivery_that_fails_is_tried_again_later_with_the_same_id_also_after_a_restart(StoreKind store)
    {
        await using Receiver receiver = await Receiver.StartAsync();
        receiver.Answer = 500;
        await using AccountingHost host = await StartAsync(store, receiver);
        WebhookCreated created = await CreateAsync(host, receiver);
        await BlockAsync(host);
        await Eventually.TrueAsync(async () => (await ViewAsync()).LastFailedAt is not null);
        Assert.Equal("The receiver answered 500.", (await ViewAsync()).LastProblem);
        Assert.Equal(1, (await ViewAsync()).Waiting);
        await host.RestartAsync();
        receiver.Answer = 204;
        Assert.Single(receiver.Received);
        host.Clock.Advance(WebhookSender.Backoff(1));
        // The sender's own round may have looked just before the clock went on, and would sleep until it does so again.
        await host.Get<WebhookSender>().SendDueAsync(CancellationToken.None);
        await Eventually.TrueAsync(async () => (await ViewAsync()) is { Waiting: 0, LastDeliveredAt: not null });
        Assert.Equal(2, receiver.Received.Count);
        Assert.Single(receiver.Received.Select(one => one.Headers[WebhookClient.DeliveryHeader].ToString()).Distinct());

        Task<WebhookView> ViewAsync() => host.GetAsync<WebhookView>($"/api/webhooks/{created.Webhook.Id}");
    }

    [Fact]
    public void The_wait_doubles_up_to_an_hour()
    {
        Assert.Equal([5.0, 10, 20], Enumerable.Range(1, 3).Select(n => WebhookSender.Backoff(n).TotalSeconds));
        Assert.Equal(3600, WebhookSender.Backoff(WebhookSender.MaxAttempts).TotalSeconds);
    }

    [Theory]
    [InlineData("http://127.0.0.1:5102/", "inner address")]
    [InlineData("http://169.254.169.254/latest", "inner address")]
    [InlineData("http://localhost/", "inner address")]
    [InlineData("http://[::1]/", "inner address")]
    [InlineData("http://10.0.0.8/", "inner address")]
    [InlineData("https://hooks.elsewhere.example/", "OutgoingUrls__Allow__0=hooks.elsewhere.example")]
    [InlineData("ftp://hooks.example.com/", "http and https")]
    [InlineData("nothing", "https://hooks.example.com/greentune")]
    public async Task A_webhook_to_an_inner_or_unlisted_address_is_refused(string url, string says)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(["--OutgoingUrls:Allow:0", "hooks.example.com"]);
        JsonElement problem = await host.RefusedAsync(HttpMethod.Post, "/api/webhooks", new WebhookInput { Name = "hook", Url = url }, HttpStatusCode.BadRequest);
        Assert.Contains(says, problem.GetProperty("errors").GetProperty("url")[0].GetString());
    }

    [Fact]
    public async Task A_redirect_is_not_followed_and_a_test_says_what_came_of_it()
    {
        await using Receiver receiver = await Receiver.StartAsync();
        await using AccountingHost host = await StartAsync(receiver);
        WebhookCreated created = await CreateAsync(host, receiver);
        string test = $"/api/webhooks/{created.Webhook.Id}/test";
        Assert.Equal(new WebhookTest(true, 204, null), await host.SendAsync<WebhookTest>(HttpMethod.Post, test, null));
        receiver.Answer = 302;
        WebhookTest redirected = await host.SendAsync<WebhookTest>(HttpMethod.Post, test, null);
        Assert.Equal((false, 302), (redirected.Delivered, redirected.Status));
        Assert.Equal(2, receiver.Received.Count);
        await host.RefusedAsync(HttpMethod.Post, $"/api/webhooks/{Guid.NewGuid()}/test", null, HttpStatusCode.NotFound);
    }

    [Theory]
    [OnEveryStore]
    public async Task A_webhook_is_changed_without_its_secret_and_hears_of_what_it_asks_for(StoreKind store)
    {
        await using Receiver receiver = await Receiver.StartAsync();
        await using AccountingHost host = await StartAsync(store, receiver);
        WebhookCreated created = await CreateAsync(host, receiver);
        WebhookView changed = await host.SendAsync<WebhookView>(HttpMethod.Put, $"/api/webhooks/{created.Webhook.Id}",
            new WebhookInput { Name = "quiet", Url = receiver.Url, Actions = [BudgetAction.Notify] });
        Assert.Equal(("quiet", BudgetAction.Notify), (changed.Name, changed.Actions.Single()));
        await BlockAsync(host);
        Assert.Equal(0, (await host.GetAsync<WebhookView[]>("/api/webhooks")).Single().Waiting);
        JsonElement errors = (await host.RefusedAsync(HttpMethod.Post, "/api/webhooks", new WebhookInput { Name = "", Url = receiver.Url, Secret = "short", Actions = [], BudgetId = Guid.NewGuid() }, HttpStatusCode.BadRequest)).GetProperty("errors");
        Assert.Equal(["actions", "budgetId", "name", "secret"], errors.EnumerateObject().Select(error => error.Name).Order());
        using HttpResponseMessage deleted = await host.SendAsync(HttpMethod.Delete, $"/api/webhooks/{created.Webhook.Id}");
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Empty(await host.GetAsync<WebhookView[]>("/api/webhooks"));
    }

    private static Task<AccountingHost> StartAsync(Receiver receiver) => StartAsync(AccountingHost.Usual, receiver);

    private static Task<AccountingHost> StartAsync(StoreKind store, Receiver receiver) =>
        AccountingHost.StartAsync(store, ["--OutgoingUrls:Allow:0", $"127.0.0.1:{new Uri(receiver.Url).Port}"]);

    private static Task<WebhookCreated> CreateAsync(AccountingHost host, Receiver receiver) => host.SendAsync<WebhookCreated>(
        HttpMethod.Post, "/api/webhooks", new WebhookInput { Name = "channel", Url = receiver.Url, Secret = Secret }, HttpStatusCode.Created);

    private static async Task BlockAsync(AccountingHost host)
    {
        await host.SendAsync<BudgetStatus>(HttpMethod.Post, "/api/budgets", Samples.Budget(10, quantity: BudgetQuantity.Joules, thresholds: [new(1, BudgetAction.Block)]), HttpStatusCode.Created);
        // Two within a second make one line in the log and one delivery.
        for (int i = 0; i < 2; i++)
        {
            Assert.False((await host.SendAsync<ReservationDecision>(HttpMethod.Post, "/api/budgets/reservations", Samples.Reservation($"chatcmpl-000{i}", 100))).Allowed);
        }
    }

    /// <summary>Something that takes deliveries on a loopback port.</summary>
    private sealed class Receiver : IAsyncDisposable
    {
        private readonly WebApplication _app;

        private Receiver(WebApplication app) => _app = app;

        public ConcurrentQueue<(IHeaderDictionary Headers, string Body)> Received { get; } = [];

        public int Answer { get; set; } = 204;

        public string Url => _app.Urls.First() + "/hook";

        public static async Task<Receiver> StartAsync()
        {
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            WebApplication app = builder.Build();
            var receiver = new Receiver(app);
            app.MapPost("/hook", async (HttpContext context) =>
            {
                using var reader = new StreamReader(context.Request.Body);
                string body = await reader.ReadToEndAsync();
                receiver.Received.Enqueue((new HeaderDictionary(context.Request.Headers.ToDictionary()), body));
                context.Response.StatusCode = receiver.Answer;
                context.Response.Headers.Location = receiver.Answer == 302 ? "/hook" : default;
            });
            await app.StartAsync();
            return receiver;
        }

        public ValueTask DisposeAsync() => _app.DisposeAsync();
    }
}
