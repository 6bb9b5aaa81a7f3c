using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Pages.Budgets;

namespace GreenTune.Dashboard.Tests.Pages.Budgets;

public sealed class BudgetFormTests
{
    [Fact]
    public void A_new_budget_has_the_three_usual_thresholds()
    {
        var form = Filled();
        var input = form.Read()!;
        Assert.Equal(("Support", "team-support", BudgetQuantity.GramsCO2e, 4.0), (input.Name, input.Tenant, input.Quantity, input.Limit));
        Assert.Equal([new(0.8, BudgetAction.Notify), new(0.95, BudgetAction.Degrade), new(1, BudgetAction.Block)], input.Thresholds);
        Assert.Null(input.Version);
    }

    [Theory]
    [InlineData("4,5", 4.5)]
    [InlineData(" 0.02 ", 0.02)]
    [InlineData("1e-3", 0.001)]
    public void A_limit_is_read_with_a_point_or_a_comma(string text, double limit)
    {
        var form = Filled();
        form.Limit = text;
        Assert.Equal(limit, form.Read()!.Limit);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-4")]
    [InlineData("four")]
    [InlineData("1e999")]
    public void A_limit_that_is_none_is_refused_with_an_example(string text)
    {
        var form = Filled();
        form.Limit = text;
        Assert.Null(form.Read());
        Assert.Contains("4.00", form.ErrorOf(BudgetForm.LimitField));
    }

    [Fact]
    public void All_mistakes_are_told_at_once()
    {
        var form = BudgetForm.New(null);
        Assert.Null(form.Read());
        Assert.All([BudgetForm.NameField, BudgetForm.TenantField, BudgetForm.LimitField], field => Assert.NotNull(form.ErrorOf(field)));
    }

    [Theory]
    [InlineData("120", "95", "100", "at most 100")]
    [InlineData("0", "95", "100", "above 0")]
    [InlineData("x", "95", "100", "above 0")]
    [InlineData("95", "95", "100", "same percentage")]
    [InlineData("98", "95", "100", "at least as strict")]
    public void Thresholds_rise_with_their_severity(string notify, string degrade, string block, string message)
    {
        var form = Filled();
        form.Thresholds[0].Percent = notify;
        form.Thresholds[1].Percent = degrade;
        form.Thresholds[2].Percent = block;
        Assert.Null(form.Read());
        Assert.Contains(message, form.ErrorOf(BudgetForm.ThresholdsField));
    }

    [Fact]
    public void Without_any_threshold_there_is_no_budget()
    {
        var form = Filled();
        foreach (var threshold in form.Thresholds)
        {
            threshold.Choice = ThresholdField.Off;
        }

        Assert.Null(form.Read());
        Assert.Contains("at least one", form.ErrorOf(BudgetForm.ThresholdsField));
    }

    [Fact]
    public void Editing_gives_back_what_was_stored_with_its_version()
    {
        var budget = new Budget
        {
            Id = Guid.NewGuid(),
            Name = "Playground",
            Tenant = "playground",
            Quantity = BudgetQuantity.KilowattHours,
            Limit = 0.0056,
            Thresholds = [new(0.955, BudgetAction.Degrade, "greentune-nano-int8"), new(1, BudgetAction.Block)],
            Paused = true,
            Version = 3,
            CreatedAt = default,
            UpdatedAt = default,
        };
        var form = BudgetForm.Edit(budget);
        Assert.Equal(("0.0056", "95.5"), (form.Limit, form.Thresholds[0].Percent));
        Assert.Contains("5.60\u00A0Wh", form.LimitHint);
        var input = form.Read()!;
        Assert.Equal((budget.Limit, budget.Paused, 3L), (input.Limit, input.Paused, input.Version!.Value));
        Assert.Equal(budget.Thresholds, input.Thresholds);
    }

    [Fact]
    public void What_the_service_refuses_is_shown_at_the_field_it_names()
    {
        var form = Filled();
        form.Refuse("invalid", new Dictionary<string, string> { ["limit"] = "too large", ["thresholds[1].fraction"] = "not rising" });
        Assert.Equal(("too large", "not rising"), (form.ErrorOf(BudgetForm.LimitField), form.ErrorOf(BudgetForm.ThresholdsField)));
        Assert.Null(form.Problem);
        form.Refuse("The database is locked.", new Dictionary<string, string>());
        Assert.Equal("The database is locked.", form.Problem);
    }

    private static BudgetForm Filled()
    {
        var form = BudgetForm.New("team-support");
        form.Name = " Support ";
        form.Limit = "4.00";
        return form;
    }
}
