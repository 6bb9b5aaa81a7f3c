using GreenTune.Core.Budgets;
using GreenTune.Core.Contracts;

namespace GreenTune.Core.Tests.Budgets;

public sealed class BudgetInputValidatorTests
{
    private static BudgetInput Input(params BudgetThreshold[] thresholds) => new()
    {
        Name = "playground",
        Tenant = "team-support",
        Quantity = BudgetQuantity.GramsCO2e,
        Limit = 8,
        Thresholds = thresholds.Length > 0 ? thresholds : [new(0.8, BudgetAction.Notify), new(0.95, BudgetAction.Degrade, "nano-int8"), new(1, BudgetAction.Block)],
    };

    private static void Refused(BudgetInput input, string field, string part)
    {
        IReadOnlyDictionary<string, string[]> errors = BudgetInputValidator.Validate(input);
        Assert.True(errors.ContainsKey(field), $"{field} was not refused; these were: {string.Join(", ", errors.Keys)}");
        Assert.Contains(errors[field], message => message.Contains(part, StringComparison.Ordinal));
    }

    [Fact]
    public void A_sound_budget_passes() => Assert.Empty(BudgetInputValidator.Validate(Input()));

    [Fact]
    public void Several_notify_thresholds_are_fine() =>
        Assert.Empty(BudgetInputValidator.Validate(Input(new(0.5, BudgetAction.Notify), new(0.8, BudgetAction.Notify), new(1, BudgetAction.Block))));

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("a\nb")]
    [InlineData("123456789012345678901234567890123456789012345678901234567890123456789012345678901")]
    public void A_name_is_needed(string name) => Refused(Input() with { Name = name }, "name", "1 to 80");

    [Theory]
    [InlineData("")]
    [InlineData(" team")]
    [InlineData("te\tam")]
    public void A_tenant_is_needed(string tenant) => Refused(Input() with { Tenant = tenant }, "tenant", "team-support");

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void The_limit_is_above_nought(double limit) => Refused(Input() with { Limit = limit }, "limit", "above 0");

    [Fact]
    public void Every_scope_takes_its_own_names_and_no_others()
    {
        BudgetInput input = Input();
        Assert.Empty(BudgetInputValidator.Validate(input with { Scope = BudgetScope.Everything, Tenant = null }));
        Assert.Empty(BudgetInputValidator.Validate(input with { Scope = BudgetScope.Model, Model = "greentune-tiny-*" }));
        Assert.Empty(BudgetInputValidator.Validate(input with { Scope = BudgetScope.Model, Model = "greentune-tiny-int4", Tenant = null }));
        Assert.Empty(BudgetInputValidator.Validate(input with { Scope = BudgetScope.Session, Session = "s-1" }));
        Refused(input with { Scope = BudgetScope.Everything }, "tenant", "names no tenant");
        Refused(input with { Tenant = null }, "tenant", "team-support");
        Refused(input with { Model = "tiny" }, "model", "scope \"model\"");
        Refused(input with { Session = "s-1" }, "session", "scope \"session\"");
        Refused(input with { Scope = BudgetScope.Model }, "model", "greentune-tiny-*");
        Refused(input with { Scope = BudgetScope.Model, Model = "a b" }, "model", "greentune-tiny-*");
        Refused(input with { Scope = BudgetScope.Model, Model = "m", Session = "s-1" }, "session", "scope \"session\"");
        Refused(input with { Scope = BudgetScope.Session }, "session", "nightly-report");
        Refused(input with { Scope = BudgetScope.Session, Session = "s-1", Tenant = null }, "tenant", "team-support");
        Refused(input with { Scope = (BudgetScope)9 }, "scope", "everything");
    }

    [Fact]
    public void A_window_is_of_a_calendar_or_rolls()
    {
        Assert.Empty(BudgetInputValidator.Validate(Input() with { Period = BudgetPeriod.Month, TimeZone = "Europe/Berlin" }));
        Refused(Input() with { TimeZone = "Mars/Olympus" }, "timeZone", "Europe/Berlin");
        Refused(Input() with { TimeZone = "Europe/Berlin", Window = BudgetWindowKind.Rolling }, "timeZone", "follows no calendar");
        Refused(Input() with { Period = (BudgetPeriod)9 }, "period", "month");
        Refused(Input() with { Window = (BudgetWindowKind)9 }, "window", "rolling");
    }

    [Fact]
    public void A_models_budget_does_not_degrade_to_that_model() => Refused(
        Input(new BudgetThreshold(0.9, BudgetAction.Degrade, "nano-int8")) with { Scope = BudgetScope.Model, Model = "nano-int8" }, "thresholds[0].degradeTo", "change nothing");

    [Fact]
    public void At_least_one_threshold() => Refused(Input() with { Thresholds = [] }, "thresholds", "1 to 8");

    [Theory]
    [InlineData(0)]
    [InlineData(1.01)]
    [InlineData(double.NaN)]
    public void A_fraction_is_a_share_of_the_limit(double fraction) => Refused(Input(new BudgetThreshold(fraction, BudgetAction.Block)), "thresholds[0].fraction", "at most 1");

    [Fact]
    public void A_missing_threshold_is_named() => Refused(Input(new BudgetThreshold(0.5, BudgetAction.Notify), null!), "thresholds[1]", "fraction and an action");

    [Fact]
    public void Severity_rises_with_the_fraction()
    {
        Refused(Input(new(0.9, BudgetAction.Notify), new(0.8, BudgetAction.Block)), "thresholds[1].fraction", "Notify at 90 % has to come before Block at 80 %");
        Refused(Input(new(0.9, BudgetAction.Block), new(0.9, BudgetAction.Degrade)), "thresholds[1].fraction", "has to come before");
        Refused(Input(new(0.9, BudgetAction.Notify), new(0.9, BudgetAction.Notify)), "thresholds[1].fraction", "do the same");
        Refused(Input(new(0.9, BudgetAction.Block), new(1, BudgetAction.Block)), "thresholds[1].action", "never be reached");
    }

    [Fact]
    public void Only_degrading_names_a_configuration()
    {
        Refused(Input(new BudgetThreshold(1, BudgetAction.Block, "nano-int8")), "thresholds[0].degradeTo", "degrade");
        Refused(Input(new BudgetThreshold(1, BudgetAction.Degrade, "no such thing")), "thresholds[0].degradeTo", "greentune-nano-int8");
    }
}
