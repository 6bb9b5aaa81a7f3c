using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Budgets;
using GreenTune.Core.Contracts;

namespace GreenTune.Core.Tests.Budgets;

public sealed class BudgetDeciderTests
{
    private static readonly PredictedCost Tiny = new("tiny-int4", 8, 10);
    private static readonly PredictedCost Nano = new("nano-int8", 3, 4);
    private static readonly PredictedCost Nano4 = new("nano-int4", 1, 2);

    private static Budget Budget(params BudgetThreshold[] thresholds) => new()
    {
        Id = Guid.NewGuid(),
        Name = "playground",
        Tenant = "team",
        Quantity = BudgetQuantity.GramsCO2e,
        Limit = 100,
        Thresholds = thresholds,
        Paused = false,
        Version = 1,
        CreatedAt = default,
        UpdatedAt = default,
    };

    private static Budget All(string? degradeTo = null) => Budget(
        new(0.5, BudgetAction.Notify), new(0.8, BudgetAction.Notify), new(0.9, BudgetAction.Degrade, degradeTo), new(1, BudgetAction.Block));

    // One gram per joule keeps the arithmetic readable.
    private static BudgetPosition At(double settled, double reserved = 0) => new(settled, reserved, 1);

    [Fact]
    public void Below_every_threshold_it_says_nothing_and_reserves_the_upper_cost()
    {
        BudgetOutcome outcome = BudgetDecider.Decide(All(), At(10), Tiny, [Nano]);
        Assert.Null(outcome.Action);
        Assert.True(outcome.Allowed);
        Assert.Equal(Tiny, outcome.Serve);
        Assert.Equal(10, outcome.Reserve);
    }

    [Theory]
    [InlineData(41, 0.5)]
    [InlineData(75, 0.8)]
    public void A_notify_threshold_counts_with_the_request_included_and_the_highest_one_is_named(double settled, double fraction)
    {
        BudgetOutcome outcome = BudgetDecider.Decide(All(), At(settled), Tiny, [Nano]);
        Assert.Equal(BudgetAction.Notify, outcome.Action);
        Assert.Equal(fraction, outcome.Threshold!.Fraction);
        Assert.Equal(Tiny, outcome.Serve);
        Assert.Contains("settled or reserved", outcome.Detail);
    }

    [Fact]
    public void Degrading_takes_the_first_alternative_that_is_cheaper_and_fits()
    {
        BudgetOutcome outcome = BudgetDecider.Decide(All(), At(80, 5), Tiny, [Nano, Nano4]);
        Assert.Equal(BudgetAction.Degrade, outcome.Action);
        Assert.Equal(Nano, outcome.Serve);
        Assert.Equal(4, outcome.Reserve);
        Assert.Equal("tiny-int4 to nano-int8", outcome.Effect);
        Assert.Equal("85 % used; tiny-int4 would need 10.0 g CO2e, nano-int8 4.00 g CO2e", outcome.Detail);

        Assert.Equal(Nano4, BudgetDecider.Decide(All(), At(97), Tiny, [Nano, Nano4]).Serve);
    }

    [Fact]
    public void Degrading_prefers_the_configuration_that_the_threshold_names()
    {
        Assert.Equal(Nano4, BudgetDecider.Decide(All("nano-int4"), At(85), Tiny, [Nano, Nano4]).Serve);
        Assert.Equal(Nano, BudgetDecider.Decide(All("gone"), At(85), Tiny, [Nano, Nano4]).Serve);
    }

    [Fact]
    public void When_even_the_named_configuration_passes_the_limit_it_blocks()
    {
        BudgetOutcome outcome = BudgetDecider.Decide(All("nano-int8"), At(97), Tiny, [Nano, Nano4]);
        Assert.Equal(BudgetAction.Block, outcome.Action);
        Assert.False(outcome.Allowed);
    }

    [Fact]
    public void Without_a_greener_configuration_a_degrading_budget_serves_what_still_fits()
    {
        BudgetOutcome outcome = BudgetDecider.Decide(All(), At(85), Nano4 with { UpperJoules = 6 }, [Tiny]);
        Assert.Equal(BudgetAction.Notify, outcome.Action);
        Assert.True(outcome.Allowed);
        Assert.Contains("no greener configuration", outcome.Effect);
    }

    [Fact]
    public void A_request_that_would_pass_the_limit_is_blocked_and_one_that_just_reaches_it_is_not()
    {
        Budget budget = Budget(new BudgetThreshold(1, BudgetAction.Block));
        Assert.True(BudgetDecider.Decide(budget, At(90), Tiny, []).Allowed);
        BudgetOutcome blocked = BudgetDecider.Decide(budget, At(90, 0.5), Tiny, []);
        Assert.False(blocked.Allowed);
        Assert.Equal(0, blocked.Reserve);
        Assert.Equal("90.0 g CO2e settled, 500 mg CO2e reserved; 10.0 g CO2e would pass 100 % of 100 g CO2e", blocked.Detail);
    }

    [Fact]
    public void A_block_that_only_reservations_cause_frees_when_they_settle()
    {
        Budget budget = Budget(new BudgetThreshold(1, BudgetAction.Block));
        Assert.True(BudgetDecider.Decide(budget, At(10, 85), Tiny, []).FreesWhenSettled);
        Assert.False(BudgetDecider.Decide(budget, At(95), Tiny, []).FreesWhenSettled);
        Assert.True(BudgetDecider.Decide(budget, At(95, 3), Tiny, [Nano]).FreesWhenSettled);
    }

    [Fact]
    public void A_budget_without_a_block_never_blocks()
    {
        Budget budget = Budget(new(0.5, BudgetAction.Notify), new BudgetThreshold(0.9, BudgetAction.Degrade));
        Assert.Equal(Nano, BudgetDecider.Decide(budget, At(5000), Tiny, [Nano]).Serve);
        Assert.True(BudgetDecider.Decide(budget, At(5000), Tiny, []).Allowed);
    }

    [Fact]
    public void A_paused_budget_reserves_but_says_nothing()
    {
        BudgetOutcome outcome = BudgetDecider.Decide(All() with { Paused = true }, At(500), Tiny, []);
        Assert.Null(outcome.Action);
        Assert.Equal(10, outcome.Reserve);
        Assert.Equal(BudgetState.Paused, BudgetDecider.StateOf(All() with { Paused = true }, 5, BudgetAction.Block));
    }

    [Fact]
    public void The_unit_of_the_budget_turns_joules_into_amounts()
    {
        Assert.Equal(475 / 3.6e6, BudgetQuantities.PerJoule(BudgetQuantity.GramsCO2e, 475 / 3.6e6));
        Assert.Equal(1 / 3.6e6, BudgetQuantities.PerJoule(BudgetQuantity.KilowattHours, 475 / 3.6e6));
        BudgetOutcome outcome = BudgetDecider.Decide(All(), new BudgetPosition(0, 0, 0.5), Tiny, []);
        Assert.Equal(5, outcome.Reserve);
    }

    [Theory]
    [InlineData(0.4, null, BudgetState.OnTrack)]
    [InlineData(0.5, null, BudgetState.Notifying)]
    [InlineData(0.9, null, BudgetState.Degrading)]
    [InlineData(1.0, null, BudgetState.Blocking)]
    [InlineData(0.1, BudgetAction.Block, BudgetState.Blocking)]
    [InlineData(0.95, BudgetAction.Notify, BudgetState.Degrading)]
    public void The_state_is_the_reached_threshold_or_what_the_last_request_met(double fraction, BudgetAction? last, BudgetState expected) =>
        Assert.Equal(expected, BudgetDecider.StateOf(All(), fraction, last));

    [Theory]
    [InlineData(0, BudgetQuantity.GramsCO2e, "0 g CO2e")]
    [InlineData(2.794, BudgetQuantity.GramsCO2e, "2.79 g CO2e")]
    [InlineData(0.000144, BudgetQuantity.GramsCO2e, "144 µg CO2e")]
    [InlineData(12345, BudgetQuantity.GramsCO2e, "12.3 kg CO2e")]
    [InlineData(0.35, BudgetQuantity.KilowattHours, "350 Wh")]
    [InlineData(1.2, BudgetQuantity.KilowattHours, "1.20 kWh")]
    public void Amounts_read_with_three_digits_and_a_prefix(double amount, BudgetQuantity quantity, string words) =>
        Assert.Equal(words, BudgetQuantities.InWords(amount, quantity));

    [Fact]
    public void Whatever_is_asked_settled_and_reserved_never_pass_the_blocking_limit()
    {
        var costs = Gen.Choose(1, 400).Select(n => n / 10.0).Select(joules => new PredictedCost("wanted", joules / 2, joules));
        var requests = costs.Zip(costs.Select(cost => cost with { ConfigurationId = "other" }), (wanted, other) => (wanted, other));
        var budgets = Gen.Elements(All(), All("other"), Budget(new BudgetThreshold(0.7, BudgetAction.Block)), Budget(new(0.2, BudgetAction.Degrade), new BudgetThreshold(1, BudgetAction.Block)));
        var cases = from budget in budgets from asked in requests.ListOf(60) select (budget, asked);
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(cases.ToArbitrary(), test =>
        {
            double limit = 100 * test.budget.Thresholds.Single(threshold => threshold.Action == BudgetAction.Block).Fraction;
            double used = 0;
            foreach ((PredictedCost wanted, PredictedCost other) in test.asked)
            {
                BudgetOutcome outcome = BudgetDecider.Decide(test.budget, At(used / 2, used / 2), wanted, [other]);
                used += outcome.Reserve;
                if (used > limit * 1.000001 || (outcome.Allowed && outcome.Reserve <= 0))
                {
                    return false;
                }
            }

            return true;
        }));
    }
}
