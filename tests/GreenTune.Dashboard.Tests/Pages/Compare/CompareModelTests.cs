using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Charts;
using GreenTune.Dashboard.Pages.Compare;
using GreenTune.Dashboard.Tests.FakeBackend;

namespace GreenTune.Dashboard.Tests.Pages.Compare;

public sealed class CompareModelTests
{
    [Fact]
    public async Task Moving_a_weight_previews_and_saves_nothing()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = Model(services);
        await model.LoadAsync();
        Assert.Equal("greentune-tiny-int4", model.Shown!.Auto.ConfigurationId);
        await model.SetWeightAsync(WeightAxis.Efficiency, 0.8);
        Assert.True(model.IsDirty);
        Assert.Equal("greentune-nano-fp32", model.Shown!.Auto.ConfigurationId);
        Assert.Equal("greentune-tiny-int4", model.Saved.Value!.Auto.ConfigurationId);
        Assert.Equal(6, services.World.Settings.Version);
    }

    [Fact]
    public async Task A_draft_made_while_a_reload_is_under_way_stays()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = Model(services);
        await model.LoadAsync();
        var reload = model.LoadAsync();
        await model.SetWeightAsync(WeightAxis.Efficiency, 0.8);
        await reload;
        Assert.Equal(0.8, model.Draft.Weights.Efficiency);
        Assert.True(model.IsDirty);
    }

    [Fact]
    public async Task Saving_makes_the_draft_hold()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = Model(services);
        await model.LoadAsync();
        await model.SetWeightAsync(WeightAxis.Efficiency, 0.8);
        Assert.True(await model.SaveAsync());
        Assert.False(model.IsDirty);
        Assert.Equal(7, services.World.Settings.Version);
        Assert.Equal(0.8, services.World.Settings.Weights.Efficiency);
    }

    [Fact]
    public async Task A_draft_made_while_another_is_being_saved_stays()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = Model(services);
        await model.LoadAsync();
        await model.SetWeightAsync(WeightAxis.Efficiency, 0.8);
        var save = model.SaveAsync();
        var move = model.SetWeightAsync(WeightAxis.Energy, 0.6);
        Assert.True(await save);
        await move;
        Assert.Equal(0.8, services.World.Settings.Weights.Efficiency);
        Assert.Equal(0.6, model.Draft.Weights.Energy);
        Assert.True(model.CanSave);
    }

    [Fact]
    public async Task Settings_that_somebody_saved_first_are_shown_and_ours_kept()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = Model(services);
        await model.LoadAsync();
        await model.SetWeightAsync(WeightAxis.Energy, 0.9);
        services.World.Settings = services.World.Settings with { Version = 7, Weights = new ThreeEWeights(0, 0, 1) };
        Assert.False(await model.SaveAsync());
        Assert.Equal(7, model.Theirs!.Settings.Version);
        Assert.Equal(0.9, model.Draft.Weights.Energy);
        Assert.True(await model.SaveAsync());
        Assert.Null(model.Theirs);
        Assert.Equal(0.9, services.World.Settings.Weights.Energy);
    }

    [Fact]
    public async Task Taking_theirs_drops_the_draft()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = Model(services);
        await model.LoadAsync();
        await model.SetWeightAsync(WeightAxis.Energy, 0.9);
        services.World.Settings = services.World.Settings with { Version = 7, Weights = new ThreeEWeights(0, 0, 1) };
        await model.SaveAsync();
        await model.ResetAsync();
        Assert.Null(model.Theirs);
        Assert.False(model.IsDirty);
        Assert.Equal(1, model.Draft.Weights.Effectiveness);
    }

    [Theory]
    [InlineData("1.5")]
    [InlineData("-0.1")]
    [InlineData("high")]
    [InlineData("")]
    public async Task A_floor_that_is_none_cannot_be_saved(string text)
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = Model(services);
        await model.LoadAsync();
        await model.SetWeightAsync(WeightAxis.Energy, 0.9);
        await model.SetFloorAsync(text);
        Assert.NotNull(model.FloorError);
        Assert.False(model.CanSave);
        Assert.False(await model.SaveAsync());
        Assert.Equal(text, model.FloorText);
    }

    [Fact]
    public async Task A_lower_floor_admits_more_and_draws_the_triangle_anew()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = Model(services);
        await model.LoadAsync();
        var before = model.Triangle.Value;
        await model.SetFloorAsync("0,9");
        Assert.Equal("greentune-nano-int4", model.Shown!.Auto.ConfigurationId);
        Assert.NotSame(before, model.Triangle.Value);
        Assert.Contains("greentune-nano-int4", model.Triangle.Value!.Configurations);
    }

    [Fact]
    public async Task A_pin_is_part_of_the_draft()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = Model(services);
        await model.LoadAsync();
        await model.PinAsync("greentune-tiny-fp32");
        Assert.True(model.Shown!.Auto.Pinned);
        Assert.Null(services.World.Settings.Pinned);
        await model.SaveAsync();
        Assert.Equal("greentune-tiny-fp32", services.World.Settings.Pinned);
    }

    [Fact]
    public async Task Measuring_starts_once_and_can_be_cancelled()
    {
        await using var services = await FakeServicesClients.StartEmptyAsync();
        using var model = Model(services);
        await model.LoadAsync();
        Assert.Null(model.Saved.Value!.Plan);
        Assert.Null(await model.MeasureAsync(new PlanRequest()));
        Assert.True(model.Measuring);
        Assert.Equal("A plan runs already.", await model.MeasureAsync(new PlanRequest()));
        Assert.Null(await model.CancelMeasuringAsync());
        Assert.Equal(PlanState.Cancelled, model.Plan!.State);
    }

    [Fact]
    public async Task A_preview_that_fails_is_said_and_the_draft_stays()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = Model(services);
        await model.LoadAsync();
        services.Fail("/api/threee/preview", 500);
        await model.SetWeightAsync(WeightAxis.Energy, 0.9);
        Assert.Equal("The database is locked.", model.Problem);
        Assert.Equal(0.9, model.Draft.Weights.Energy);
    }

    [Fact]
    public async Task Deep_linked_weights_become_the_draft()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = Model(services);
        await model.LoadAsync();
        await model.LoadAsync(CompareDraft.Of(model.Saved.Value!.Settings) with { Weights = new ThreeEWeights(0, 1, 0) });
        Assert.Equal("greentune-nano-fp32", model.Shown!.Auto.ConfigurationId);
        await model.LoadAsync();
        Assert.Equal(1, model.Draft.Weights.Efficiency);
    }

    private static CompareModel Model(FakeServices services) => new(services.Accounting(), services.Inference(), TimeProvider.System);
}
