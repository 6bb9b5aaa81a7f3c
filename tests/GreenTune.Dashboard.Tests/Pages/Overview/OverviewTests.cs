using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Live;
using GreenTune.Dashboard.Pages;
using GreenTune.Dashboard.Pages.Overview;
using GreenTune.Dashboard.Tests.FakeBackend;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Tests.Pages.Overview;

public sealed class OverviewTests
{
    private static readonly SampleWorld World = SampleWorld.Busy(new ManualClock(SampleWorld.Morning));
    private static readonly LocalTimes Utc = LocalTimes.ForZone("Etc/UTC");

    private static Summary Today { get; } = SampleSummary.Of(World.Records, "today", null, World.Now, hasPlan: true, refused: 3);

    [Fact]
    public void The_headline_says_what_was_saved_and_which_budgets_press()
    {
        var text = OverviewHeadline.Of(Today, World.Budgets, PeriodChoice.Today, Utc);
        Assert.StartsWith($"Today until 09:42: {Figures.Percent(Today.Saving!.Fraction.Value)} less energy than tiny fp32, the reference, would have taken.", text);
        Assert.Contains("The budget Batch evaluation blocks requests now. The budget Playground is degrading now.", text);
    }

    [Fact]
    public void The_headline_without_a_plan_names_the_energy_and_without_requests_says_so()
    {
        Assert.Contains($"for {Figures.Count(Today.Requests)} requests.", OverviewHeadline.Of(Today with { Saving = null }, [], PeriodChoice.Today, Utc));
        var none = SampleSummary.Of([], "today", null, World.Now, hasPlan: false, refused: 0);
        Assert.Equal("Today until 09:42: no requests yet.", OverviewHeadline.Of(none, [], PeriodChoice.Today, Utc));
    }

    [Fact]
    public void Figures_come_with_their_interval_and_provenance()
    {
        var kpis = OverviewKpis.Of(Today, PeriodChoice.Today);
        Assert.Equal(["energy", "carbon", "per-token", "requests", "saved"], kpis.Select(k => k.Key));
        var energy = kpis[0];
        Assert.Equal(Figures.Of(Today.Joules!.Value, Unit.Joule), energy.Value);
        Assert.Equal(Figures.Range(Today.Joules, Unit.Joule), energy.Range);
        Assert.Equal(EnergyQuality.Estimated, energy.Quality);
        Assert.Contains("yesterday, same hour", energy.Note);
        Assert.Equal("445 g/kWh world average, PUE 1.2", kpis[1].Note);
        Assert.Equal("against tiny fp32, plan 14", kpis[4].Note);
    }

    [Fact]
    public void What_is_unknown_is_not_measured_and_says_why()
    {
        var kpis = OverviewKpis.Of(Today with { Joules = null, CO2eGrams = null, JoulesPerOutputToken = null, Saving = null, Quality = EnergyQuality.None }, PeriodChoice.Today);
        Assert.All(kpis.Where(k => k.Key != "requests"), k => Assert.Null(k.Value));
        Assert.Equal("none of the requests was metered", kpis[0].Note);
        Assert.Contains("Measure configurations", kpis[4].Note);
    }

    [Fact]
    public void The_parts_of_the_split_sum_to_the_whole()
    {
        var parts = EnergySplit.Of(Today.Devices!);
        Assert.Equal(1, parts.Sum(p => p.Share), 9);
        Assert.EndsWith("was idle.", EnergySplit.Finding(Today.Devices!)!.Value.Finding);
        var busy = new EnergyBuckets(new Joules(100), new Joules(60), new Joules(30), new Joules(5), new Joules(5), Joules.Zero, EnergyQuality.Measured);
        Assert.Contains("unattributed", EnergySplit.Finding(busy)!.Value.Finding);
    }

    [Fact]
    public async Task Panels_fail_and_recover_on_their_own()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        services.Fail("/api/budgets", 500);
        using var model = new OverviewModel(services.Accounting(), services.Inference(), services.World.Clock);
        await model.LoadAsync(PeriodChoice.Today, null);
        Assert.Equal((LoadState.Failed, LoadState.Ready, LoadState.Ready), (model.Budgets.State, model.Summary.State, model.Devices.State));
        services.Heal();
        await model.ReloadFailedAsync();
        Assert.Equal(LoadState.Ready, model.Budgets.State);
    }

    [Fact]
    public async Task A_record_joins_the_list_and_makes_the_sums_old()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = new OverviewModel(services.Accounting(), services.Inference(), services.World.Clock);
        await model.LoadAsync(PeriodChoice.Today, "team-support");
        var clock = (ManualClock)services.World.Clock;
        var arrived = SampleRecords.Make("chatcmpl-new00001", services.World.Now, "team-support", SampleConfiguration.All[0], null, RequestOutcome.Completed, 10, 20);
        services.World.Add(arrived);
        Assert.True(model.Apply(new RecordArrived(arrived)));
        Assert.Equal("chatcmpl-new00001", model.Latest.Items[0].Record.Id);
        Assert.False(model.Apply(new RecordArrived(arrived with { Record = arrived.Record with { Id = "chatcmpl-other001", Tenant = "playground" } })));
        var before = model.Summary.Value!.Requests;
        Assert.False(await model.RefreshSummaryAsync());
        clock.Advance(TimeSpan.FromSeconds(5));
        Assert.True(await model.RefreshSummaryAsync());
        Assert.Equal(before + 1, model.Summary.Value!.Requests);
    }
}
