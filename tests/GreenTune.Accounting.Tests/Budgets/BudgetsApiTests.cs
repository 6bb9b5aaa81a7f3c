using System.Net;
using System.Text.Json;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Tests.Budgets;

public sealed class BudgetsApiTests
{
    [Theory]
    [OnEveryStore]
    public async Task A_budget_is_created_read_changed_and_deleted_and_the_log_tells_it(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        using HttpResponseMessage created = await host.SendAsync(HttpMethod.Post, "/api/budgets", Samples.Budget(limit: 8));
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        BudgetStatus budget = JsonSerializer.Deserialize<BudgetStatus>(await created.Content.ReadAsStringAsync(), ContractJson.Options)!;
        Guid id = budget.Budget.Id;
        Assert.Equal($"/api/budgets/{id}", created.Headers.Location?.ToString());
        Assert.Equal((1, 8.0, BudgetState.OnTrack), (budget.Budget.Version, budget.Left, budget.State));
        Assert.Equal(new DateTimeOffset(2026, 11, 19, 0, 0, 0, TimeSpan.FromHours(1)), budget.WindowStart);
        Assert.Equal(new DateTimeOffset(2026, 11, 20, 0, 0, 0, TimeSpan.FromHours(1)), budget.ResetsAt);
        Assert.Equal(EnergyQuality.None, budget.Quality);

        Assert.Equal(id, (await host.GetAsync<BudgetStatus>($"/api/budgets/{id}")).Budget.Id);
        Assert.Single(await host.GetAsync<BudgetStatus[]>("/api/budgets"));

        BudgetInput edit = Samples.Budget(limit: 6) with { Version = 1, Paused = true, Name = "play" };
        BudgetStatus edited = await host.SendAsync<BudgetStatus>(HttpMethod.Put, $"/api/budgets/{id}", edit);
        Assert.Equal((2, 6.0, BudgetState.Paused), (edited.Budget.Version, edited.Budget.Limit, edited.State));
        await host.SendAsync<BudgetStatus>(HttpMethod.Put, $"/api/budgets/{id}", edit with { Version = 2, Paused = false });

        using HttpResponseMessage deleted = await host.SendAsync(HttpMethod.Delete, $"/api/budgets/{id}");
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Empty(await host.GetAsync<BudgetStatus[]>("/api/budgets"));

        BudgetDecision[] log = [.. (await host.GetAsync<Page<BudgetDecision>>($"/api/budgets/decisions?budget={id}")).Items];
        Assert.Equal(["deleted", "resumed", "edited", "paused", "created"], log.Select(line => line.Action));
        Assert.Equal("name \"playground\" to \"play\"; limit 8.00 g CO2e to 6.00 g CO2e", log[2].Effect);
        Assert.Equal("8.00 g CO2e a day", log[4].Effect);
        Assert.Equal("notify at 80 %, degrade at 95 %, block at 100 %", log[4].Detail);
        Assert.All(log, line => Assert.Equal((AccountingHost.Noon, "local"), (line.At, line.Actor)));
    }

    [Theory]
    [OnEveryStore]
    public async Task A_second_budget_of_the_same_scope_unit_and_window_is_refused_and_another_is_not(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await host.SendAsync<BudgetStatus>(HttpMethod.Post, "/api/budgets", Samples.Budget(), HttpStatusCode.Created);
        JsonElement problem = await host.RefusedAsync(HttpMethod.Post, "/api/budgets", Samples.Budget(), HttpStatusCode.Conflict);
        Assert.Contains("team-support", problem.GetProperty("detail").GetString());
        await host.SendAsync<BudgetStatus>(HttpMethod.Post, "/api/budgets", Samples.Budget() with { Period = BudgetPeriod.Month }, HttpStatusCode.Created);
        BudgetStatus other = await host.SendAsync<BudgetStatus>(HttpMethod.Post, "/api/budgets", Samples.Budget(tenant: "other"), HttpStatusCode.Created);
        await host.RefusedAsync(HttpMethod.Put, $"/api/budgets/{other.Budget.Id}", Samples.Budget(), HttpStatusCode.Conflict);
    }

    [Theory]
    [OnEveryStore]
    public async Task An_edit_of_an_old_version_is_refused(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        Guid id = (await host.SendAsync<BudgetStatus>(HttpMethod.Post, "/api/budgets", Samples.Budget(), HttpStatusCode.Created)).Budget.Id;
        await host.SendAsync<BudgetStatus>(HttpMethod.Put, $"/api/budgets/{id}", Samples.Budget(limit: 5) with { Version = 1 });
        JsonElement problem = await host.RefusedAsync(HttpMethod.Put, $"/api/budgets/{id}", Samples.Budget(limit: 7) with { Version = 1 }, HttpStatusCode.Conflict);
        Assert.Contains("version 1 was edited, 2 is there now", problem.GetProperty("detail").GetString());
        Assert.Equal(5, (await host.GetAsync<BudgetStatus>($"/api/budgets/{id}")).Budget.Limit);
    }

    [Theory]
    [OnEveryStore]
    public async Task What_contradicts_itself_is_refused_by_field(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        BudgetInput bad = Samples.Budget(limit: 0, tenant: " ", thresholds: [new(0.9, BudgetAction.Block), new(0.95, BudgetAction.Notify)]) with { Name = "" };
        JsonElement errors = (await host.RefusedAsync(HttpMethod.Post, "/api/budgets", bad, HttpStatusCode.BadRequest)).GetProperty("errors");
        Assert.Equal(["limit", "name", "tenant", "thresholds[1].fraction"], errors.EnumerateObject().Select(error => error.Name).Order());

        JsonElement word = await host.RefusedAsync(HttpMethod.Post, "/api/budgets",
            """{"name":"p","tenant":"t","quantity":"gramsCO2e","limit":8,"thresholds":[{"fraction":0.8,"action":"shout"}]}""", HttpStatusCode.BadRequest);
        Assert.True(word.GetProperty("errors").TryGetProperty("thresholds[0].action", out _), word.ToString());
        JsonElement missing = await host.RefusedAsync(HttpMethod.Post, "/api/budgets", """{"name":"p"}""", HttpStatusCode.BadRequest);
        Assert.Contains("'quantity'", missing.GetProperty("detail").GetString());
        Guid id = (await host.SendAsync<BudgetStatus>(HttpMethod.Post, "/api/budgets", Samples.Budget(), HttpStatusCode.Created)).Budget.Id;
        await host.RefusedAsync(HttpMethod.Put, $"/api/budgets/{id}", bad, HttpStatusCode.BadRequest);
    }

    [Theory]
    [OnEveryStore]
    public async Task An_unknown_budget_is_not_found(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        Guid id = Guid.NewGuid();
        await host.RefusedAsync(HttpMethod.Get, $"/api/budgets/{id}", null, HttpStatusCode.NotFound);
        await host.RefusedAsync(HttpMethod.Put, $"/api/budgets/{id}", Samples.Budget(), HttpStatusCode.NotFound);
        await host.RefusedAsync(HttpMethod.Delete, $"/api/budgets/{id}", null, HttpStatusCode.NotFound);
        await host.RefusedAsync(HttpMethod.Get, $"/api/budgets/{id}/usage", null, HttpStatusCode.NotFound);
        await host.RefusedAsync(HttpMethod.Get, "/api/budgets/no-guid", null, HttpStatusCode.NotFound);
    }

    [Theory]
    [OnEveryStore]
    public async Task Use_is_settled_from_records_in_the_budgets_own_unit(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await host.StoreAsync(Samples.Record("chatcmpl-0001", 3.6e5, seconds: 10), Samples.Record("chatcmpl-0002", joules: null),
            Samples.Record("chatcmpl-other", 9e5, tenant: "other", seconds: 10),
            Samples.Record("chatcmpl-yester", 3.6e5, startedAt: AccountingHost.Noon.AddDays(-1), seconds: 10));
        Guid id = (await host.SendAsync<BudgetStatus>(HttpMethod.Post, "/api/budgets", Samples.Budget(limit: 1, quantity: BudgetQuantity.KilowattHours), HttpStatusCode.Created)).Budget.Id;
        BudgetStatus energy = await host.GetAsync<BudgetStatus>($"/api/budgets/{id}");
        Assert.Equal(0.1, energy.Used.Value, 12);
        Assert.True(energy.Used.Low < 0.1 && energy.Used.High > 0.1);
        Assert.Equal(0.1, energy.Fraction, 12);
        Assert.Equal(EnergyQuality.Estimated, energy.Quality);
        // Grams hold PUE, kilowatt-hours do not.
        BudgetStatus grams = await host.SendAsync<BudgetStatus>(HttpMethod.Put, $"/api/budgets/{id}", Samples.Budget(limit: 1000));
        Assert.Equal(0.1 * 1.2 * 342, grams.Used.Value, 9);
    }

    [Theory]
    [OnEveryStore]
    public async Task The_burn_down_is_cumulative_from_the_windows_start_to_now(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        Guid id = (await host.SendAsync<BudgetStatus>(HttpMethod.Post, "/api/budgets", Samples.Budget(limit: 1, quantity: BudgetQuantity.KilowattHours), HttpStatusCode.Created)).Budget.Id;
        DateTimeOffset midnight = new(2026, 11, 19, 0, 0, 0, TimeSpan.FromHours(1));
        await host.StoreAsync([.. Enumerable.Range(0, 600).Select(i => Samples.Record($"chatcmpl-{i:0000}", 3600, startedAt: midnight.AddMinutes(i), seconds: 10))]);
        UsagePoint[] points = await host.GetAsync<UsagePoint[]>($"/api/budgets/{id}/usage");
        Assert.InRange(points.Length, 100, 288);
        Assert.Equal(new UsagePoint(midnight, 0), points[0]);
        Assert.Equal(0.6, points[^1].Used, 9);
        Assert.Equal(AccountingHost.Noon, points[^1].At);
        Assert.All(points.Zip(points.Skip(1)), pair => Assert.True(pair.First.At < pair.Second.At && pair.First.Used <= pair.Second.Used));
        // Half of the requests had started by 05:00.
        Assert.Equal(0.3, points.Last(point => point.At <= midnight.AddHours(5)).Used, 0.006);
    }

    [Theory]
    [OnEveryStore]
    public async Task The_burn_down_is_level_where_nothing_was_used(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        Guid id = (await host.SendAsync<BudgetStatus>(HttpMethod.Post, "/api/budgets", Samples.Budget(limit: 1, quantity: BudgetQuantity.KilowattHours), HttpStatusCode.Created)).Budget.Id;
        DateTimeOffset midnight = new(2026, 11, 19, 0, 0, 0, TimeSpan.FromHours(1));
        await host.StoreAsync(Samples.Record("chatcmpl-early", 3600, startedAt: midnight.AddHours(2), seconds: 10), Samples.Record("chatcmpl-late", 7200, startedAt: midnight.AddHours(11), seconds: 10));
        UsagePoint[] points = await host.GetAsync<UsagePoint[]>($"/api/budgets/{id}/usage");
        Assert.Equal([0, 0, 0.001, 0.001, 0.003, 0.003], points.Select(point => Math.Round(point.Used, 9)));
        // Each rise is within a slice of five minutes about its request.
        Assert.All(
            new[] { (Rise: 1, At: midnight.AddHours(2)), (Rise: 3, At: midnight.AddHours(11)) },
            step =>
            {
                Assert.InRange(step.At, points[step.Rise].At, points[step.Rise + 1].At);
                Assert.InRange((points[step.Rise + 1].At - points[step.Rise].At).TotalMinutes, 5, 5.1);
            });
    }
}
