using System.Net;
using System.Text.Json;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Tests.Budgets;

public sealed class BudgetScopesApiTests
{
    private static readonly BudgetThreshold Block = new(1, BudgetAction.Block);

    private static BudgetInput Joules(double limit, params BudgetThreshold[] thresholds) =>
        Samples.Budget(limit, quantity: BudgetQuantity.Joules, thresholds: thresholds.Length > 0 ? thresholds : [Block]);

    private static Task<BudgetStatus> CreateAsync(AccountingHost host, BudgetInput input) =>
        host.SendAsync<BudgetStatus>(HttpMethod.Post, "/api/budgets", input, HttpStatusCode.Created);

    private static Task<ReservationDecision> ReserveAsync(AccountingHost host, string id, double joules, string tenant = "team-support", string? session = null, string configuration = "greentune-tiny-int4") =>
        host.SendAsync<ReservationDecision>(HttpMethod.Post, "/api/budgets/reservations", Samples.Reservation(id, joules, tenant) with
        {
            Session = session,
            Wanted = new PredictedCost(configuration, joules / 2, joules),
        });

    private static async Task<BudgetStatus> StatusAsync(AccountingHost host, BudgetStatus budget) => await host.GetAsync<BudgetStatus>($"/api/budgets/{budget.Budget.Id}");

    [Theory]
    [OnEveryStore]
    public async Task Each_scope_counts_its_own_requests_and_all_that_count_a_request_must_allow_it(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        BudgetStatus all = await CreateAsync(host, Joules(1000) with { Name = "all", Scope = BudgetScope.Everything, Tenant = null });
        BudgetStatus team = await CreateAsync(host, Joules(500) with { Name = "team" });
        BudgetStatus tiny = await CreateAsync(host, Joules(300) with { Name = "tiny", Scope = BudgetScope.Model, Model = "greentune-tiny-*", Tenant = null });
        BudgetStatus night = await CreateAsync(host, Joules(100) with { Name = "night", Scope = BudgetScope.Session, Session = "nightly" });

        Assert.True((await ReserveAsync(host, "chatcmpl-0001", 90, session: "nightly")).Allowed);
        ReservationDecision session = await ReserveAsync(host, "chatcmpl-0002", 20, session: "nightly");
        Assert.Equal((false, "night"), (session.Allowed, session.BudgetName));
        // The same session of another tenant is another session.
        Assert.True((await ReserveAsync(host, "chatcmpl-0003", 20, tenant: "other", session: "nightly")).Allowed);
        ReservationDecision model = await ReserveAsync(host, "chatcmpl-0004", 250, tenant: "other");
        Assert.Equal((false, "tiny"), (model.Allowed, model.BudgetName));
        Assert.True((await ReserveAsync(host, "chatcmpl-0005", 250, tenant: "other", configuration: "greentune-nano-int8")).Allowed);
        ReservationDecision tenant = await ReserveAsync(host, "chatcmpl-0006", 450, configuration: "greentune-nano-int8");
        Assert.Equal((false, "team"), (tenant.Allowed, tenant.BudgetName));
        ReservationDecision everything = await ReserveAsync(host, "chatcmpl-0007", 700, tenant: "third", configuration: "greentune-nano-int8");
        Assert.Equal((false, "all"), (everything.Allowed, everything.BudgetName));

        Assert.Equal([360.0, 90.0, 110.0, 90.0], new[] { all, team, tiny, night }.Select(async budget => (await StatusAsync(host, budget)).Reserved).Select(status => status.Result));
        await host.StoreAsync(Samples.Record("chatcmpl-0001", 40) with { Session = "nightly" }, Samples.Record("chatcmpl-0003", 10, tenant: "other") with { Session = "nightly" },
            Samples.Record("chatcmpl-0005", 200, tenant: "other", configuration: "greentune-nano-int8"));
        BudgetStatus[] settled = [await StatusAsync(host, all), await StatusAsync(host, team), await StatusAsync(host, tiny), await StatusAsync(host, night)];
        Assert.Equal([250.0, 40.0, 50.0, 40.0], settled.Select(status => Math.Round(status.Used.Value, 9)));
        Assert.All(settled, status => Assert.Equal(0, status.Reserved));
    }

    [Theory]
    [OnEveryStore]
    public async Task A_request_is_in_the_log_of_each_budget_that_did_something(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await CreateAsync(host, Joules(100, new BudgetThreshold(0.5, BudgetAction.Notify)) with { Name = "watch", Scope = BudgetScope.Everything, Tenant = null });
        await CreateAsync(host, Joules(100, new BudgetThreshold(0.6, BudgetAction.Degrade), Block) with { Name = "team" });
        ReservationDecision decision = await host.SendAsync<ReservationDecision>(HttpMethod.Post, "/api/budgets/reservations",
            Samples.Reservation("chatcmpl-0001", 80, alternatives: new PredictedCost("greentune-nano-int8", 30, 55)));
        Assert.Equal((BudgetAction.Degrade, "team", "greentune-nano-int8"), (decision.Action, decision.BudgetName, decision.ConfigurationId));
        BudgetDecision[] log = [.. (await host.GetAsync<Page<BudgetDecision>>("/api/budgets/decisions")).Items.Where(line => line.Action is "notify" or "degrade")];
        Assert.Equal(["team degrade", "watch notify"], log.Select(line => $"{line.BudgetName} {line.Action}").Order());
        Assert.All(log, line => Assert.Equal(("team-support", null), (line.Tenant, line.Actor)));
    }

    [Theory]
    [OnEveryStore]
    public async Task A_month_in_its_own_time_zone_begins_at_its_midnight(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        BudgetStatus month = await CreateAsync(host, Joules(100) with { Period = BudgetPeriod.Month, TimeZone = "Asia/Tokyo" });
        Assert.Equal(new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.FromHours(9)), month.WindowStart);
        Assert.Equal(new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.FromHours(9)), month.ResetsAt);
        await host.StoreAsync(Samples.Record("chatcmpl-0001", 10, startedAt: month.WindowStart), Samples.Record("chatcmpl-0002", 20, startedAt: month.WindowStart.AddSeconds(-1)));
        Assert.Equal(10, (await StatusAsync(host, month)).Used.Value, 9);
    }

    [Theory]
    [OnEveryStore]
    public async Task A_rolling_budget_says_when_it_has_room_again_and_has_it_then(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        BudgetStatus hour = await CreateAsync(host, Joules(100) with { Period = BudgetPeriod.Hour, Window = BudgetWindowKind.Rolling });
        await host.StoreAsync(Samples.Record("chatcmpl-0001", 60, startedAt: AccountingHost.Noon.AddMinutes(-50)), Samples.Record("chatcmpl-0002", 30, startedAt: AccountingHost.Noon.AddMinutes(-20)),
            Samples.Record("chatcmpl-gone", 500, startedAt: AccountingHost.Noon.AddMinutes(-61)));
        ReservationDecision blocked = await ReserveAsync(host, "chatcmpl-0003", 40);
        Assert.False(blocked.Allowed);
        // The 60 J of ten past leave the window with the end of their minute, an hour later.
        Assert.Equal(AccountingHost.Noon.AddMinutes(11), blocked.ResetsAt);
        Assert.Equal(11 * 60, blocked.RetryAfterSeconds);
        Assert.Contains("has room for this request at 2026-11-19T11:11:00+00:00", blocked.Message);
        Assert.Equal((90.0, AccountingHost.Noon.AddMinutes(41)), (Math.Round((await StatusAsync(host, hour)).Used.Value, 9), (await StatusAsync(host, hour)).ResetsAt));

        host.Clock.Advance(TimeSpan.FromMinutes(11) - TimeSpan.FromSeconds(1));
        Assert.False((await ReserveAsync(host, "chatcmpl-0003", 40)).Allowed);
        host.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True((await ReserveAsync(host, "chatcmpl-0003", 40)).Allowed);
        Assert.Equal(30, (await StatusAsync(host, hour)).Used.Value, 9);
    }

    [Theory]
    [InlineData(StoreKind.Sqlite, BudgetWindowKind.Calendar)]
    [InlineData(StoreKind.Sqlite, BudgetWindowKind.Rolling)]
    [InlineData(StoreKind.Postgres, BudgetWindowKind.Calendar)]
    [InlineData(StoreKind.Postgres, BudgetWindowKind.Rolling)]
    public async Task Kept_sums_are_exact_under_late_and_repeated_arrivals(StoreKind store, BudgetWindowKind window)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        foreach (BudgetPeriod period in Enum.GetValues<BudgetPeriod>())
        {
            await CreateAsync(host, Joules(1e9) with { Name = period.ToString(), Period = period, Window = window, Scope = BudgetScope.Everything, Tenant = null });
            await CreateAsync(host, Joules(1e9) with { Name = $"{period} tiny", Period = period, Window = window, Scope = BudgetScope.Model, Model = "greentune-tiny-*" });
        }

        var random = new Random(7);
        RequestRecord[] records = [.. Enumerable.Range(0, 120).Select(i => Samples.Record(
            $"chatcmpl-{i:0000}", 1 + random.NextDouble(), tenant: i % 3 == 0 ? "other" : "team-support", configuration: i % 2 == 0 ? "greentune-tiny-int4" : "greentune-nano-int8",
            startedAt: AccountingHost.Noon.AddMinutes(-Math.Pow(random.NextDouble(), 6) * 45 * 24 * 60)))];
        await host.StoreAsync(records[..20]);
        // The first reservation makes the kept sums; what follows is carried on.
        await ReserveAsync(host, "chatcmpl-first", 1);
        for (int i = 20; i < records.Length; i += 20)
        {
            await host.StoreAsync([.. records[i..(i + 20)], .. records[(i - 10)..i]]);
            host.Clock.Advance(TimeSpan.FromMinutes(7));
            await ReserveAsync(host, $"chatcmpl-more{i}", 1);
        }

        DateTimeOffset now = host.Clock.GetUtcNow();
        foreach (BudgetStatus status in await host.GetAsync<BudgetStatus[]>("/api/budgets"))
        {
            double expected = records.Where(record => record.StartedAt >= status.WindowStart && record.StartedAt <= now
                && (status.Budget.Model is null || (record.Tenant == "team-support" && record.ConfigurationId.StartsWith("greentune-tiny-", StringComparison.Ordinal)))).Sum(record => record.Energy.Joules!.Value.Value);
            Assert.True(Math.Abs(expected - status.Used.Value) < 1e-9, $"{status.Budget.Name}: {status.Used.Value} kept, {expected} by the records");
        }
    }

    [Theory]
    [OnEveryStore]
    public async Task Two_hundred_clients_at_once_in_several_budgets_pass_none_of_them(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        BudgetStatus all = await CreateAsync(host, Joules(3600) with { Name = "all", Scope = BudgetScope.Everything, Tenant = null, Period = BudgetPeriod.Month });
        BudgetStatus hour = await CreateAsync(host, Joules(1800) with { Name = "hour", Period = BudgetPeriod.Hour, Window = BudgetWindowKind.Rolling });
        int allowed = 0;
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            string tenant = i % 2 == 0 ? "team-support" : "other";
            if ((await ReserveAsync(host, $"chatcmpl-{i:0000}", 36, tenant)).Allowed)
            {
                Interlocked.Increment(ref allowed);
                await host.StoreAsync(Samples.Record($"chatcmpl-{i:0000}", 36, tenant));
            }
        }));
        BudgetStatus[] after = [await StatusAsync(host, all), await StatusAsync(host, hour)];
        // A request that both refused is one refused request.
        Assert.Equal(100, (await host.GetAsync<Page<BudgetDecision>>("/api/budgets/decisions?limit=500")).Items.Where(line => line.Action == "block").Sum(line => line.Count));
        Assert.All(after, status => Assert.InRange(status.Used.Value + status.Reserved, 0.9 * status.Budget.Limit, 1.01 * status.Budget.Limit));
        Assert.Equal(100, allowed);
        Assert.All(after, status => Assert.Equal(0, status.Reserved));
    }

    [Theory]
    [OnEveryStore]
    public async Task A_preview_tells_what_a_budget_would_have_done_and_saves_nothing(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await host.StoreAsync([.. Enumerable.Range(0, 48).Select(i => Samples.Record($"chatcmpl-{i:0000}", 10, startedAt: AccountingHost.Noon.AddHours(-i - 1)))]);
        await host.StoreAsync(Samples.Record("chatcmpl-none", joules: null), Samples.Record("chatcmpl-other", 1e4, tenant: "other"));
        var request = new BudgetPreviewRequest { Budget = Joules(100, new BudgetThreshold(0.5, BudgetAction.Notify), Block), From = AccountingHost.Noon.AddDays(-3), To = AccountingHost.Noon };
        BudgetPreview preview = await host.SendAsync<BudgetPreview>(HttpMethod.Post, "/api/budgets/preview", request);
        // Berlin's 17th from noon, the 18th whole and the 19th to noon: 12, 24 and 12 requests of 10 J.
        Assert.Equal((48, 1, 18, 18), (preview.Requests, preview.Unmetered, preview.Notified, preview.Blocked));
        Assert.Equal([2, 14, 2], preview.Windows.Select(window => window.Blocked));
        Assert.Equal((480.0, 300.0), (Math.Round(preview.Used, 9), Math.Round(preview.Passed, 9)));
        Assert.Contains(preview.Notes, note => note.Contains("nothing metered", StringComparison.Ordinal));
        Assert.Empty(await host.GetAsync<BudgetStatus[]>("/api/budgets"));

        JsonElement errors = (await host.RefusedAsync(HttpMethod.Post, "/api/budgets/preview", request with { Budget = request.Budget with { Limit = 0 }, To = request.From }, HttpStatusCode.BadRequest)).GetProperty("errors");
        Assert.Equal(["budget.limit", "to"], errors.EnumerateObject().Select(error => error.Name).Order());
    }
}
