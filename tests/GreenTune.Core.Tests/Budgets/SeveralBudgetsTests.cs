using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Budgets;
using GreenTune.Core.Contracts;

namespace GreenTune.Core.Tests.Budgets;

public sealed class SeveralBudgetsTests
{
    private static readonly PredictedCost Tiny = new("tiny-int4", 8, 10);
    private static readonly PredictedCost Nano = new("nano-int8", 3, 4);

    [Fact]
    public void Without_budgets_the_wanted_configuration_answers()
    {
        SeveralOutcome outcome = SeveralBudgets.Decide([], Tiny, [Nano]);
        Assert.Equal((Tiny, null, null), (outcome.Serve, outcome.Action, outcome.Decisive));
    }

    [Fact]
    public void All_have_to_allow_and_the_one_that_lasts_longest_answers()
    {
        Budget full = Budget(100, new BudgetThreshold(1, BudgetAction.Block));
        SeveralOutcome outcome = SeveralBudgets.Decide([At(full, 0), At(full, 50, 49), At(full, 95)], Tiny, []);
        Assert.Equal((BudgetAction.Block, 2), (outcome.Action, outcome.Decisive));
        Assert.True(outcome.Each[1].FreesWhenSettled);
        Assert.Null(outcome.Each[0].Action);
        Assert.All(outcome.Each, each => Assert.Equal(0, each.Reserve));
    }

    [Fact]
    public void One_that_degrades_spares_another_its_block()
    {
        Budget degrades = Budget(100, new BudgetThreshold(0.5, BudgetAction.Degrade));
        Budget blocks = Budget(100, new BudgetThreshold(1, BudgetAction.Block));
        SeveralOutcome outcome = SeveralBudgets.Decide([At(blocks, 95), At(degrades, 60)], Tiny, [Nano]);
        Assert.Equal((BudgetAction.Degrade, Nano, 1), (outcome.Action, outcome.Serve, outcome.Decisive));
        Assert.Equal(4, outcome.Each[0].Reserve);
        Assert.Null(outcome.Each[0].Action);
    }

    [Fact]
    public void A_configuration_to_degrade_to_has_to_fit_all()
    {
        Budget degrades = Budget(100, new BudgetThreshold(0.5, BudgetAction.Degrade));
        Budget blocks = Budget(100, new BudgetThreshold(1, BudgetAction.Block));
        SeveralOutcome outcome = SeveralBudgets.Decide([At(degrades, 60), At(blocks, 97)], Tiny, [Nano]);
        Assert.Equal((BudgetAction.Block, 1), (outcome.Action, outcome.Decisive));
    }

    [Fact]
    public void A_models_budget_counts_its_own_configurations_alone()
    {
        Budget tinys = Budget(100, new BudgetThreshold(1, BudgetAction.Block)) with { Scope = BudgetScope.Model, Model = "tiny-*" };
        Assert.False(SeveralBudgets.Decide([At(tinys, 95)], Tiny, []).Allowed);
        SeveralOutcome other = SeveralBudgets.Decide([At(tinys, 95)], Nano, []);
        Assert.True(other.Allowed);
        Assert.Equal(0, other.Each[0].Reserve);

        // Degrading leads out of it, and then it holds nothing.
        Budget degrades = tinys with { Thresholds = [new(0.5, BudgetAction.Degrade), new(1, BudgetAction.Block)] };
        SeveralOutcome outcome = SeveralBudgets.Decide([At(degrades, 99)], Tiny, [Nano]);
        Assert.Equal((BudgetAction.Degrade, Nano, 0.0), (outcome.Action, outcome.Serve, outcome.Each[0].Reserve));
    }

    [Fact]
    public void However_many_budgets_none_is_reserved_beyond_its_blocking_limit()
    {
        Gen<Budget> budgets =
            from limit in Gen.Choose(20, 200)
            from block in Gen.Choose(5, 10)
            from degrade in Gen.Choose(1, 4)
            from degrades in Gen.Elements(true, false)
            from model in Gen.Elements(null, "tiny-*", "nano-int8")
            select Budget(limit, [.. degrades ? [new BudgetThreshold(degrade / 10.0, BudgetAction.Degrade)] : Array.Empty<BudgetThreshold>(), new BudgetThreshold(block / 10.0, BudgetAction.Block)])
                with
            { Model = model, Scope = model is null ? BudgetScope.Tenant : BudgetScope.Model };
        var worlds = from some in budgets.ListOf(3) from costs in Gen.Choose(1, 30).ListOf(60) select (Budgets: some.ToArray(), Costs: costs.ToArray());
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(200), Prop.ForAll(worlds.ToArbitrary(), world =>
        {
            double[] used = new double[world.Budgets.Length];
            foreach (int cost in world.Costs)
            {
                var wanted = new PredictedCost("tiny-int4", cost, cost);
                SeveralOutcome outcome = SeveralBudgets.Decide([.. world.Budgets.Select((budget, i) => At(budget, used[i]))], wanted, [new PredictedCost("nano-int8", cost / 3.0, cost / 3.0)]);
                for (int i = 0; i < used.Length; i++)
                {
                    used[i] += outcome.Each[i].Reserve;
                    if (used[i] > BudgetDecider.Ceiling(world.Budgets[i]) * 1.000001 || (!outcome.Allowed && outcome.Each[i].Reserve != 0))
                    {
                        return false;
                    }
                }
            }

            return true;
        }));
    }

    private static BudgetEntry At(Budget budget, double settled, double reserved = 0) => new(budget, new BudgetPosition(settled, reserved, 1));

    private static Budget Budget(double limit, params BudgetThreshold[] thresholds) => new()
    {
        Id = Guid.NewGuid(),
        Name = "one",
        Tenant = "team",
        Quantity = BudgetQuantity.Joules,
        Limit = limit,
        Thresholds = thresholds,
        Paused = false,
        Version = 1,
        CreatedAt = default,
        UpdatedAt = default,
    };
}
