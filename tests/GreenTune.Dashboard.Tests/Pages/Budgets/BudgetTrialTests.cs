using System.Net;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Pages.Budgets;
using GreenTune.Dashboard.Tests.FakeBackend;
using GreenTune.Dashboard.Tests.Ui;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Tests.Pages.Budgets;

/// <summary>A budget tried on the past before it holds.</summary>
public sealed class BudgetTrialTests
{
    private static readonly BudgetInput Input = new()
    {
        Name = "Support desk",
        Tenant = "team-support",
        Quantity = BudgetQuantity.GramsCO2e,
        Limit = 0.003,
        Thresholds = [new(0.8, BudgetAction.Notify), new(1, BudgetAction.Block)],
    };

    private static readonly BudgetPreview Some = new()
    {
        From = SampleWorld.Morning.AddDays(-30),
        To = SampleWorld.Morning,
        Requests = 1204,
        Unmetered = 0,
        Notified = 120,
        Degraded = 0,
        Blocked = 12,
        Used = 0.0361,
        Passed = 0.0342,
        Windows = [],
        Notes = ["Each request counts with what it used."],
    };

    [Fact]
    public void What_is_tried_and_what_came_of_it_are_sentences()
    {
        Assert.Equal("3.00\u00A0mg CO2e a day: notify at 80\u00A0%, block at 100\u00A0%", BudgetTrialText.Rule(Input));
        Assert.Equal("3.00\u00A0mg CO2e in any 24 hours: notify at 80\u00A0%, block at 100\u00A0%", BudgetTrialText.Rule(Input with { Window = BudgetWindowKind.Rolling }));
        Assert.Equal("Of 1 204 requests, 120 would have passed with a warning, 12 would have been refused.", Plain(BudgetTrialText.Headline(Some)));
        Assert.Equal("They used 36.1 mg CO2e; those that would have passed used 34.2 mg.", Plain(BudgetTrialText.Amounts(Input, Some)));
        Assert.Equal("All 1 204 requests would have passed.", Plain(BudgetTrialText.Headline(Some with { Notified = 0, Blocked = 0 })));
        Assert.Equal("The one request would have passed.", BudgetTrialText.Headline(Some with { Requests = 1, Notified = 0, Blocked = 0 }));
        Assert.Equal("There was no request of team-support in the last 30 days to try it on.", BudgetTrialText.Nothing(Input, Some with { Requests = 0 }, 30));
        Assert.Contains("nothing metered it", BudgetTrialText.Nothing(Input, Some with { Requests = 0, Unmetered = 1 }, 30), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_heaviest_windows_are_listed_in_the_budgets_own_days()
    {
        // Midnight in Berlin is still the day before in UTC.
        var first = new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.FromHours(1));
        var trial = Some with { Windows = [.. Enumerable.Range(0, 12).Select(day => new BudgetPreviewWindow(first.AddDays(day), first.AddDays(day + 1), 0.003, 1, 1, 0, day))] };
        Assert.Equal(Enumerable.Range(4, 8).Select(day => (long)day), BudgetTrialText.Heaviest(trial).Select(window => window.Blocked));
        using var loaded = new Loadable<BudgetPreview>(TimeProvider.System);
        loaded.Set(trial);
        var html = Plain(WebUtility.HtmlDecode(await Rendering.HtmlOfAsync<BudgetTrialPanel>(new() { [nameof(BudgetTrialPanel.Tried)] = Input, [nameof(BudgetTrialPanel.Trial)] = loaded, [nameof(BudgetTrialPanel.Days)] = 30 })));
        Assert.Contains("<td>12 Nov</td>", html);
        Assert.DoesNotContain("<td>4 Nov</td>", html);
        Assert.Contains("The 8 heaviest of 12 days in which it would have done something", html);
        Assert.Contains("Each request counts with what it used.", html);
    }

    [Fact]
    public async Task Nothing_is_saved_and_the_form_stays()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        model.OpenNew("team-support");
        Assert.False(await model.TryAsync());
        Assert.NotNull(model.Form!.ErrorOf(BudgetForm.LimitField));
        Assert.Null(model.Tried);

        model.Form.Limit = "0.0001";
        Assert.True(await model.TryAsync());
        BudgetPreview trial = model.Trial.Value!;
        Assert.Equal(TimeSpan.FromDays(30), trial.To - trial.From);
        Assert.True(trial.Requests > 0 && trial.Blocked > 0 && trial.Passed < trial.Used);
        Assert.Equal(4, services.World.Budgets.Count);
        Assert.NotNull(model.Form);

        await model.TryOverAsync(7);
        Assert.Equal(TimeSpan.FromDays(7), model.Trial.Value!.To - model.Trial.Value.From);
        model.CloseForm();
        Assert.Null(model.Tried);
        Assert.Null(model.Trial.Value);
    }

    [Fact]
    public async Task That_Accounting_is_away_is_said_and_can_be_tried_again()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        model.OpenNew("team-support");
        model.Form!.Limit = "4";
        services.Up = false;
        Assert.True(await model.TryAsync());
        Assert.Equal(LoadState.Failed, model.Trial.State);
        services.Up = true;
        await model.RunTrialAsync();
        Assert.Equal(LoadState.Ready, model.Trial.State);
    }

    private static async Task<BudgetsModel> LoadedAsync(FakeServices services)
    {
        var model = new BudgetsModel(services.Accounting(), services.World.Clock);
        await model.LoadAsync(null, null);
        return model;
    }

    private static string Plain(string text) => text.Replace('\u00A0', ' ').Replace('\u202F', ' ');
}
