using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Live;
using GreenTune.Dashboard.Pages.Budgets;
using GreenTune.Dashboard.Tests.FakeBackend;

namespace GreenTune.Dashboard.Tests.Pages.Budgets;

public sealed class BudgetsModelTests
{
    [Fact]
    public async Task The_most_pressing_budget_comes_first_and_is_shown()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        Assert.Equal(["Batch evaluation", "Playground", "Support desk", "Search"], model.Ordered(null).Select(b => b.Budget.Name));
        Assert.Equal("Batch evaluation", model.Selected!.Budget.Name);
        Assert.NotEmpty(model.Usage.Value!);
        Assert.Equal(7, model.DecisionList.Count());
    }

    [Fact]
    public async Task Creating_takes_it_into_the_list_and_shows_it()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        model.OpenNew("team-new");
        model.Form!.Limit = "4";
        var status = await model.SaveAsync();
        Assert.Equal("team-new", status!.Budget.Tenant);
        Assert.Null(model.Form);
        Assert.Equal(status.Budget.Id, model.SelectedId);
        Assert.Equal("created", model.DecisionList.First().Action);
    }

    [Fact]
    public async Task A_tenant_that_has_one_is_told_at_its_field()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        model.OpenNew("playground");
        model.Form!.Limit = "4";
        Assert.Null(await model.SaveAsync());
        Assert.Contains("has a budget already", model.Form!.ErrorOf(BudgetForm.TenantField));
    }

    [Fact]
    public async Task A_budget_that_somebody_changed_first_is_not_overwritten()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        var budget = model.Selected!.Budget;
        model.OpenEdit(budget.Id);
        model.Form!.Limit = "99";
        services.World.Put(budget with { Version = budget.Version + 1, Limit = 5 });
        Assert.Null(await model.SaveAsync());
        Assert.Contains("Somebody else", model.Form!.Problem);
        Assert.Equal("99", model.Form.Limit);
        Assert.Equal(5, services.World.Find(budget.Id)!.Limit);
    }

    [Fact]
    public async Task Pausing_and_deleting_say_nothing_when_they_work()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        var id = model.Selected!.Budget.Id;
        Assert.Null(await model.SetPausedAsync(id, paused: true));
        Assert.True(services.World.Find(id)!.Paused);
        Assert.Null(await model.DeleteAsync(id));
        Assert.Null(services.World.Find(id));
        Assert.Null(model.SelectedId);
        Assert.DoesNotContain(model.Ordered(null), b => b.Budget.Id == id);
    }

    [Fact]
    public async Task Events_change_the_list_in_place()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        var status = model.Ordered(null)[2];
        Assert.True(model.Apply(new BudgetChanged(status with { State = BudgetState.Notifying, Fraction = 0.9 })));
        Assert.Equal(BudgetState.Notifying, model.Budgets.Value!.Single(b => b.Budget.Id == status.Budget.Id).State);
        model.OpenEdit(status.Budget.Id);
        Assert.True(model.Apply(new BudgetRemoved(status.Budget.Id)));
        Assert.Null(model.Form);
        Assert.Equal(3, model.Budgets.Value!.Count);
    }

    [Fact]
    public async Task Older_decisions_are_added_below()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        var budget = services.World.Budgets[0].Budget;
        for (var i = 0; i < 30; i++)
        {
            services.World.Log(budget, "notify", $"line {i}", "");
        }

        using var model = await LoadedAsync(services);
        Assert.Equal(BudgetsModel.DecisionPage, model.DecisionList.Count());
        Assert.Null(await model.LoadOlderDecisionsAsync());
        Assert.Equal(37, model.DecisionList.Count());
        Assert.False(model.HasOlderDecisions);
    }

    private static async Task<BudgetsModel> LoadedAsync(FakeServices services)
    {
        var model = new BudgetsModel(services.Accounting(), services.World.Clock);
        await model.LoadAsync(null, null);
        return model;
    }
}
