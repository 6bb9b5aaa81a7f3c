using System.Net;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Tests.Budgets;

public sealed class ReservationsApiTests
{
    private static readonly PredictedCost Nano = new("greentune-nano-int8", 1, 2);

    /// <summary>A budget of one watt-hour: 3,600 J a day.</summary>
    private static async Task<Guid> WattHourAsync(AccountingHost host, params BudgetThreshold[] thresholds) => (await host.SendAsync<BudgetStatus>(
        HttpMethod.Post, "/api/budgets", Samples.Budget(limit: 0.001, quantity: BudgetQuantity.KilowattHours, thresholds: thresholds), HttpStatusCode.Created)).Budget.Id;

    private static Task<ReservationDecision> ReserveAsync(AccountingHost host, string id, double joules, params PredictedCost[] alternatives) =>
        host.SendAsync<ReservationDecision>(HttpMethod.Post, "/api/budgets/reservations", Samples.Reservation(id, joules, alternatives: alternatives));

    private static async Task<BudgetStatus> StatusAsync(AccountingHost host, Guid id) => await host.GetAsync<BudgetStatus>($"/api/budgets/{id}");

    [Theory]
    [OnEveryStore]
    public async Task Without_a_budget_everything_is_allowed(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        ReservationDecision decision = await ReserveAsync(host, "chatcmpl-0001", 1e9);
        Assert.True(decision.Allowed);
        Assert.Null(decision.Action);
        Assert.Null(decision.BudgetId);
        Assert.Equal("greentune-tiny-int4", decision.ConfigurationId);
    }

    [Theory]
    [OnEveryStore]
    public async Task A_reservation_holds_until_its_record_settles_it(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        Guid id = await WattHourAsync(host);
        ReservationDecision decision = await ReserveAsync(host, "chatcmpl-0001", 360);
        Assert.True(decision.Allowed);
        Assert.Null(decision.Action);
        Assert.Equal(0.1, decision.Fraction!.Value, 9);
        Assert.Equal(0.0009, decision.Left!.Value, 12);
        Assert.Equal("playground", decision.BudgetName);
        Assert.Equal(BudgetQuantity.KilowattHours, decision.Quantity);
        BudgetStatus held = await StatusAsync(host, id);
        Assert.Equal(0.0001, held.Reserved, 12);
        Assert.Equal(0, held.Used.Value);

        await host.StoreAsync(Samples.Record("chatcmpl-0001", 36));
        BudgetStatus settled = await StatusAsync(host, id);
        Assert.Equal(0, settled.Reserved);
        Assert.Equal(0.00001, settled.Used.Value, 12);
    }

    [Theory]
    [OnEveryStore]
    public async Task Asking_again_gives_the_same_answer_and_reserves_once(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        Guid id = await WattHourAsync(host);
        await ReserveAsync(host, "chatcmpl-full", 3400);
        ReservationDecision first = await ReserveAsync(host, "chatcmpl-0001", 100, Nano);
        ReservationDecision again = await ReserveAsync(host, "chatcmpl-0001", 100, Nano);
        Assert.Equal(BudgetAction.Degrade, first.Action);
        Assert.Equal("greentune-nano-int8", first.ConfigurationId);
        Assert.Equal(first with { Left = null, Fraction = null }, again with { Left = null, Fraction = null });
        Assert.Equal(first.Fraction!.Value, again.Fraction!.Value, 12);
        Assert.Equal(0.000055, again.Left!.Value, 12);
        Assert.Equal(3402 / 3.6e6, (await StatusAsync(host, id)).Reserved, 12);
        await host.StoreAsync(Samples.Record("chatcmpl-0001", 2));
        // A retry that comes after the record has nothing left to hold.
        await ReserveAsync(host, "chatcmpl-0001", 100, Nano);
        Assert.Equal(3400 / 3.6e6, (await StatusAsync(host, id)).Reserved, 12);
    }

    [Theory]
    [OnEveryStore]
    public async Task A_request_that_never_ran_gives_its_reservation_back(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        Guid id = await WattHourAsync(host);
        await ReserveAsync(host, "chatcmpl-0001", 360);
        foreach (int _ in (int[])[1, 2])
        {
            using HttpResponseMessage released = await host.SendAsync(HttpMethod.Delete, "/api/budgets/reservations/chatcmpl-0001");
            Assert.Equal(HttpStatusCode.NoContent, released.StatusCode);
        }

        Assert.Equal(0, (await StatusAsync(host, id)).Reserved);
        await host.RefusedAsync(HttpMethod.Delete, "/api/budgets/reservations/bad!", null, HttpStatusCode.BadRequest);
    }

    [Theory]
    [OnEveryStore]
    public async Task Reservations_of_dead_requests_expire(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        Guid id = await WattHourAsync(host);
        await ReserveAsync(host, "chatcmpl-0001", 3600);
        Assert.False((await ReserveAsync(host, "chatcmpl-0002", 36)).Allowed);
        host.Clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(0, (await StatusAsync(host, id)).Reserved);
        Assert.True((await ReserveAsync(host, "chatcmpl-0002", 36)).Allowed);
        // The dead one may still come back to life: it is asked for anew.
        Assert.False((await ReserveAsync(host, "chatcmpl-0001", 3600)).Allowed);
    }

    [Theory]
    [OnEveryStore]
    public async Task A_blocked_request_is_told_when_to_come_back(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        Guid id = await WattHourAsync(host);
        await host.StoreAsync(Samples.Record("chatcmpl-0000", 3590));
        ReservationDecision blocked = await ReserveAsync(host, "chatcmpl-0001", 36);
        Assert.False(blocked.Allowed);
        Assert.Equal(BudgetAction.Block, blocked.Action);
        // From noon to midnight in Berlin.
        Assert.Equal(12 * 3600, blocked.RetryAfterSeconds);
        Assert.Equal(new DateTimeOffset(2026, 11, 20, 0, 0, 0, TimeSpan.FromHours(1)), blocked.ResetsAt);
        Assert.Contains("\"playground\"", blocked.Message);
        Assert.Equal(BudgetState.Blocking, (await StatusAsync(host, id)).State);
        BudgetDecision line = (await host.GetAsync<Page<BudgetDecision>>("/api/budgets/decisions?limit=1")).Items[0];
        Assert.Equal(("block", "429, Retry-After 43200 s", "chatcmpl-0001"), (line.Action, line.Effect, line.RequestId));

        // Midnight opens a new window.
        host.Clock.Advance(TimeSpan.FromHours(12));
        ReservationDecision tomorrow = await ReserveAsync(host, "chatcmpl-0001", 36);
        Assert.True(tomorrow.Allowed);
        Assert.Equal(0.01, tomorrow.Fraction!.Value, 9);
    }

    [Theory]
    [OnEveryStore]
    public async Task A_block_by_reservations_alone_asks_to_come_back_soon(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await WattHourAsync(host);
        await ReserveAsync(host, "chatcmpl-0001", 3600);
        Assert.Equal(5, (await ReserveAsync(host, "chatcmpl-0002", 36)).RetryAfterSeconds);
    }

    [Theory]
    [OnEveryStore]
    public async Task A_budget_too_small_for_any_request_is_blocking_although_nothing_is_used(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        Guid id = await WattHourAsync(host);
        Assert.False((await ReserveAsync(host, "chatcmpl-0001", 4000)).Allowed);
        BudgetStatus status = await StatusAsync(host, id);
        Assert.Equal((0.0, BudgetState.Blocking), (status.Fraction, status.State));
        await ReserveAsync(host, "chatcmpl-0002", 1);
        Assert.Equal(BudgetState.OnTrack, (await StatusAsync(host, id)).State);
    }

    [Theory]
    [OnEveryStore]
    public async Task Notice_is_logged_once_per_window_and_threshold(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await WattHourAsync(host, new(0.5, BudgetAction.Notify), new(0.8, BudgetAction.Notify));
        for (int i = 0; i < 10; i++)
        {
            ReservationDecision decision = await ReserveAsync(host, $"chatcmpl-{i:0000}", 360);
            Assert.Equal(i >= 4 ? BudgetAction.Notify : null, decision.Action);
        }

        async Task<string[]> Effects() => [.. (await host.GetAsync<Page<BudgetDecision>>("/api/budgets/decisions")).Items.Where(line => line.Action == "notify").Select(line => line.Effect)];
        Assert.Equal(["threshold 80 % reached", "threshold 50 % reached"], await Effects());
        host.Clock.Advance(TimeSpan.FromHours(12));
        await ReserveAsync(host, "chatcmpl-next", 2000);
        Assert.Equal(3, (await Effects()).Length);
    }

    [Theory]
    [OnEveryStore]
    public async Task Notice_is_given_when_a_record_crosses_the_threshold_without_a_reservation(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await WattHourAsync(host);
        await host.StoreAsync(Samples.Record("chatcmpl-0001", 3000));
        await host.StoreAsync(Samples.Record("chatcmpl-0002", 10));
        Assert.Equal(["notify", "created"], (await host.GetAsync<Page<BudgetDecision>>("/api/budgets/decisions")).Items.Select(line => line.Action));
    }

    [Theory]
    [OnEveryStore]
    public async Task A_client_that_hammers_a_blocked_budget_makes_one_line_a_second_with_a_count(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await WattHourAsync(host);
        for (int i = 0; i < 5; i++)
        {
            await ReserveAsync(host, $"chatcmpl-{i:0000}", 4000);
        }

        host.Clock.Advance(TimeSpan.FromSeconds(1));
        await ReserveAsync(host, "chatcmpl-0005", 4000);
        BudgetDecision[] lines = [.. (await host.GetAsync<Page<BudgetDecision>>("/api/budgets/decisions")).Items.Where(line => line.Action == "block")];
        Assert.Equal([1, 5], lines.Select(line => line.Count));
        host.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(6, (await host.GetAsync<Summary>("/api/summary")).Refused);
    }

    [Theory]
    [OnEveryStore]
    public async Task Decisions_come_in_pages(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await WattHourAsync(host);
        for (int i = 0; i < 5; i++)
        {
            await ReserveAsync(host, $"chatcmpl-{i:0000}", 4000);
            host.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        Page<BudgetDecision> first = await host.GetAsync<Page<BudgetDecision>>("/api/budgets/decisions?limit=4");
        Page<BudgetDecision> second = await host.GetAsync<Page<BudgetDecision>>($"/api/budgets/decisions?limit=4&cursor={first.Next}");
        Assert.Equal(4, first.Items.Count);
        Assert.Null(second.Next);
        Assert.Equal(6, first.Items.Concat(second.Items).Select(line => line.Id).Distinct().Count());
        Assert.Equal("created", second.Items[^1].Action);
    }

    [Theory]
    [OnEveryStore]
    public async Task A_paused_budget_decides_nothing_but_keeps_counting(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        Guid id = await WattHourAsync(host);
        await host.SendAsync<BudgetStatus>(HttpMethod.Put, $"/api/budgets/{id}", Samples.Budget(limit: 0.001, quantity: BudgetQuantity.KilowattHours) with { Paused = true });
        ReservationDecision decision = await ReserveAsync(host, "chatcmpl-0001", 40_000);
        Assert.True(decision.Allowed);
        Assert.Null(decision.Action);
        Assert.True((await StatusAsync(host, id)).Reserved > 0.01);
    }

    [Theory]
    [OnEveryStore]
    public async Task Two_hundred_clients_at_once_do_not_pass_a_blocking_limit(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        Guid id = await WattHourAsync(host, new BudgetThreshold(1, BudgetAction.Block));
        // 200 x 36 J ask for twice the limit; what each really uses is a little less than its upper bound.
        ReservationDecision[] decisions = await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            ReservationDecision decision = await ReserveAsync(host, $"chatcmpl-{i:0000}", 36);
            if (decision.Allowed && i % 2 == 0)
            {
                await host.StoreAsync(Samples.Record($"chatcmpl-{i:0000}", 35));
            }

            return decision;
        }));
        BudgetStatus status = await StatusAsync(host, id);
        Assert.InRange(status.Used.Value + status.Reserved, 0.95 * 0.001, 1.01 * 0.001);
        Assert.InRange(decisions.Count(decision => decision.Allowed), 100, 103);
        Assert.Equal(decisions.Count(decision => !decision.Allowed), (await host.GetAsync<Page<BudgetDecision>>("/api/budgets/decisions")).Items.Where(line => line.Action == "block").Sum(line => line.Count));
    }

    [Theory]
    [OnEveryStore]
    public async Task Kept_sums_are_what_adding_up_the_records_gives_and_survive_a_restart(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        Guid id = await WattHourAsync(host);
        await host.StoreAsync(Samples.Record("chatcmpl-early", 100));
        await ReserveAsync(host, "chatcmpl-open1", 36);
        for (int i = 0; i < 30; i++)
        {
            await host.StoreAsync(Samples.Record($"chatcmpl-{i:0000}", 1 + i / 7.0) with { Energy = Samples.Energy(1 + i / 7.0, sensitivity: i - 15, device: i % 3 == 0 ? "cpu-0" : "gpu-0") });
        }

        await host.StoreAsync(Samples.Record("chatcmpl-yester", 500, startedAt: AccountingHost.Noon.AddDays(-1)));
        BudgetStatus kept = await StatusAsync(host, id);
        await host.RestartAsync();
        Assert.Equal(kept, (await StatusAsync(host, id)) with { Budget = kept.Budget });

        // Another time zone with the same midnight in UTC+1 has the same window; one with another midnight has none kept and adds up anew.
        await host.StopAsync();
        await using AccountingHost lagos = host.Beside("--Data:Directory", host.Folder, "--Accounting:TimeZone", "Europe/London");
        await lagos.StartAsync();
        BudgetStatus fresh = await StatusAsync(lagos, id);
        Assert.Equal(kept.Used.Value, fresh.Used.Value, 15);
        Assert.Equal(kept.Used.High, fresh.Used.High, 15);
        Assert.Equal(kept.Reserved, fresh.Reserved);
    }
}
