using System.Net;
using System.Text.Json;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Tests.ThreeE;

public sealed class ThreeEApiTests
{
    private const string Tiny = "greentune-tiny-int4";
    private const string Nano = "greentune-nano-int4";
    private const string Reference = "greentune-tiny-fp32";

    private static Task<PlanSummary> PlanAsync(AccountingHost host, MeasurementPlan? plan = null) =>
        host.SendAsync<PlanSummary>(HttpMethod.Post, "/api/plans", plan ?? Samples.Plan(), HttpStatusCode.Created);

    [Theory]
    [OnEveryStore]
    public async Task Before_a_plan_there_are_defaults_and_no_ranking(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        ThreeEView view = await host.GetAsync<ThreeEView>("/api/threee");
        Assert.Equal(ThreeESettings.Default, view.Settings);
        Assert.Null(view.Plan);
        Assert.Empty(view.Ranking);
        Assert.Null(view.Auto.ConfigurationId);
        Assert.Empty((await host.GetAsync<WeightTriangle>("/api/threee/triangle?steps=5")).Cells);
    }

    [Theory]
    [OnEveryStore]
    public async Task A_plan_is_stored_once_numbered_and_comes_back_with_its_samples(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        MeasurementPlan plan = Samples.Plan();
        PlanSummary first = await PlanAsync(host, plan);
        Assert.Equal((1, 30, 100, Reference), (first.Number, first.Items, first.ScoredItems, first.Reference));
        PlanSummary again = await host.SendAsync<PlanSummary>(HttpMethod.Post, "/api/plans", plan);
        Assert.Equal(1, again.Number);
        MeasurementPlan older = Samples.Plan(endedAt: AccountingHost.Noon.AddHours(-1));
        Assert.Equal(2, (await PlanAsync(host, older)).Number);

        PlanSummary[] all = await host.GetAsync<PlanSummary[]>("/api/plans");
        Assert.Equal([plan.Id, older.Id], all.Select(summary => summary.Id));
        MeasurementPlan back = await host.GetAsync<MeasurementPlan>($"/api/plans/{plan.Id}");
        Assert.Equal(JsonSerializer.Serialize(plan, ContractJson.Options), JsonSerializer.Serialize(back, ContractJson.Options));
        await host.RefusedAsync(HttpMethod.Get, $"/api/plans/{Guid.NewGuid()}", null, HttpStatusCode.NotFound);
        // Scores come from the plan that was measured last, whatever arrived last.
        Assert.Equal(plan.Id, (await host.GetAsync<ThreeEView>("/api/threee")).Plan!.Id);
    }

    [Theory]
    [OnEveryStore]
    public async Task The_view_ranks_and_chooses(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await PlanAsync(host);
        ThreeEView view = await host.GetAsync<ThreeEView>("/api/threee");
        Assert.Equal(Tiny, view.Auto.ConfigurationId);
        Assert.Equal([Tiny, Reference, Nano], view.Ranking.Select(score => score.ConfigurationId));
        Assert.Equal(2, view.Ranking[0].Energy!.Value, 9);
        Assert.Equal(2.5, view.Ranking[0].Efficiency!.Value, 9);
        Assert.Equal(Math.Cbrt(2 * 2.5), view.Ranking[0].Score!.Value, 9);
        Assert.True(view.Ranking[2].BelowFloor);
        Assert.Equal(Reference, view.Reference);
        Assert.StartsWith("Joules per output token", view.EnergyBasis);
    }

    [Theory]
    [OnEveryStore]
    public async Task Saving_settings_makes_a_new_version_that_a_restart_keeps(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await PlanAsync(host);
        var input = new ThreeESettingsInput { Weights = new(0.6, 0.3, 0.1), Floor = 0.8, Version = 0 };
        ThreeEView saved = await host.SendAsync<ThreeEView>(HttpMethod.Put, "/api/threee/settings", input);
        Assert.Equal((1, 0.8, AccountingHost.Noon), (saved.Settings.Version, saved.Settings.Floor, saved.Settings.UpdatedAt));
        Assert.Equal(Nano, saved.Auto.ConfigurationId);

        JsonElement old = await host.RefusedAsync(HttpMethod.Put, "/api/threee/settings", input, HttpStatusCode.Conflict);
        Assert.Contains("version 0 was edited, 1 is there now", old.GetProperty("detail").GetString());
        ThreeEView pinned = await host.SendAsync<ThreeEView>(HttpMethod.Put, "/api/threee/settings", input with { Version = 1, Pinned = Tiny });
        Assert.True(pinned.Auto.Pinned);
        await host.RestartAsync();
        ThreeEView after = await host.GetAsync<ThreeEView>("/api/threee");
        Assert.Equal(pinned.Settings, after.Settings);
        Assert.Equal(Tiny, after.Auto.ConfigurationId);
    }

    [Theory]
    [OnEveryStore]
    public async Task A_preview_shows_other_settings_and_saves_nothing(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await PlanAsync(host);
        ThreeEView preview = await host.GetAsync<ThreeEView>($"/api/threee/preview?energy=1&efficiency=0&effectiveness=0&floor=0&reference={Tiny}&pinned={Reference}");
        Assert.Equal(new ThreeEWeights(1, 0, 0), preview.Settings.Weights);
        Assert.Equal(Tiny, preview.Reference);
        Assert.Equal(Reference, preview.Auto.ConfigurationId);
        Assert.Equal(Nano, preview.Ranking[0].ConfigurationId);
        Assert.Equal(ThreeESettings.Default, (await host.GetAsync<ThreeEView>("/api/threee")).Settings);
        Assert.Equal(Nano, (await host.GetAsync<ThreeEView>("/api/threee/preview?floor=0")).Auto.ConfigurationId);
    }

    [Theory]
    [OnEveryStore]
    public async Task An_absent_pin_keeps_the_saved_one_and_an_empty_one_lifts_it(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await PlanAsync(host);
        await host.SendAsync<ThreeEView>(HttpMethod.Put, "/api/threee/settings", new ThreeESettingsInput { Weights = ThreeEWeights.Equal, Floor = 0.95, Pinned = Reference });
        Assert.Equal(Reference, (await host.GetAsync<ThreeEView>("/api/threee/preview?floor=0.9")).Auto.ConfigurationId);
        Assert.Equal(Tiny, (await host.GetAsync<ThreeEView>("/api/threee/preview?floor=0.9&pinned=")).Auto.ConfigurationId);
    }

    [Theory]
    [OnEveryStore]
    public async Task Settings_that_make_no_sense_are_refused_by_field(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await PlanAsync(host);
        var bad = new ThreeESettingsInput { Weights = new(1, 1, 1), Floor = -1, Reference = "never-measured" };
        JsonElement errors = (await host.RefusedAsync(HttpMethod.Put, "/api/threee/settings", bad, HttpStatusCode.BadRequest)).GetProperty("errors");
        Assert.Equal(["floor", "reference", "weights"], errors.EnumerateObject().Select(error => error.Name).Order());
    }

    [Theory]
    [OnEveryStore]
    public async Task The_triangle_has_a_cell_for_every_weight_vector(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await PlanAsync(host);
        WeightTriangle triangle = await host.GetAsync<WeightTriangle>("/api/threee/triangle?steps=10&floor=0");
        Assert.Equal(66, triangle.Cells.Count);
        Assert.Contains(Nano, triangle.Configurations);
        Assert.DoesNotContain(Nano, (await host.GetAsync<WeightTriangle>("/api/threee/triangle")).Configurations);
    }

    [Theory]
    [OnEveryStore]
    public async Task A_plan_that_cannot_be_true_is_refused_by_field(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        MeasurementPlan plan = Samples.Plan();
        ConfigurationMeasurement first = plan.Configurations[0];
        (MeasurementPlan Plan, string Field)[] bad =
        [
            (plan with { Id = Guid.Empty }, "id"),
            (plan with { EndedAt = plan.StartedAt.AddSeconds(-1) }, "endedAt"),
            (plan with { EndedAt = AccountingHost.Noon.AddHours(1) }, "endedAt"),
            (plan with { Workload = "" }, "workload"),
            (plan with { Repeats = 0 }, "repeats"),
            (plan with { Concurrency = 0 }, "concurrency"),
            (plan with { OfferedRequestsPerSecond = 0 }, "offeredRequestsPerSecond"),
            (plan with { Configurations = [] }, "configurations"),
            (plan with { Configurations = [first, first] }, "configurations"),
            (plan with { Reference = "nobody" }, "reference"),
            (plan with { Configurations = [.. plan.Configurations.Select(c => c with { SourceQuantized = true })] }, "reference"),
            (plan with { Configurations = [first, plan.Configurations[1] with { Correct = [true] }] }, "configurations"),
            (plan with { Configurations = [first with { ConfigurationId = "" }] }, "configurations[0].configurationId"),
            (plan with { Configurations = [first with { ClosedLoop = [first.ClosedLoop[0] with { Seconds = 0 }] }] }, "configurations[0].closedLoop"),
            (plan with { Configurations = [first with { OfferedLoadSeconds = [-1] }] }, "configurations[0].offeredLoadSeconds"),
            (plan with { Configurations = [first with { Unparsable = 101 }] }, "configurations[0].unparsable"),
        ];
        foreach ((MeasurementPlan refused, string field) in bad)
        {
            JsonElement problem = await host.RefusedAsync(HttpMethod.Post, "/api/plans", refused, HttpStatusCode.BadRequest);
            Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
        }

        Assert.Empty(await host.GetAsync<PlanSummary[]>("/api/plans"));
    }
}
