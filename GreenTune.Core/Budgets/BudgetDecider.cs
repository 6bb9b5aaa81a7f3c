using GreenTune.Core.Contracts;

namespace GreenTune.Core.Budgets;

/// <summary>Where a budget stands at the moment of a decision, in the unit of its quantity.</summary>
/// <param name="Settled">Used by records of the window.</param>
/// <param name="Reserved">Held for requests in flight.</param>
/// <param name="PerJoule">Amount per joule (<see cref="BudgetQuantities.PerJoule"/>).</param>
public readonly record struct BudgetPosition(double Settled, double Reserved, double PerJoule)
{
    public double Used => Settled + Reserved;
}

/// <summary>What a budget decided for one request.</summary>
/// <param name="Action">What it did; null when it had nothing to say.</param>
/// <param name="Serve">The configuration that answers, with its cost; the wanted one when blocked.</param>
/// <param name="Reserve">Amount to hold, in the quantity's unit; 0 when blocked.</param>
/// <param name="Threshold">The threshold that was reached; null when none was.</param>
/// <param name="Effect">What it did, in one line; null without an action.</param>
/// <param name="Detail">Why, in one line; null without an action.</param>
/// <param name="FreesWhenSettled">Blocked only by what is reserved: worth asking again once requests in flight have settled.</param>
public sealed record BudgetOutcome(
    BudgetAction? Action,
    PredictedCost Serve,
    double Reserve,
    BudgetThreshold? Threshold = null,
    string? Effect = null,
    string? Detail = null,
    bool FreesWhenSettled = false)
{
    public bool Allowed => Action != BudgetAction.Block;
}

/// <summary>
/// Decides on one request (design section 4.7). What counts is the share of the limit that would be settled or reserved with the request's upper cost
/// included, so a blocking limit is never passed by what was reserved.
/// </summary>
public static class BudgetDecider
{
    /// <summary>Room for rounding in sums of many doubles, as a share of the limit.</summary>
    private const double Rounding = 1e-9;

    public static BudgetOutcome Decide(Budget budget, BudgetPosition position, PredictedCost wanted, IReadOnlyList<PredictedCost> alternatives)
    {
        var request = new Request(budget, position, wanted);
        if (budget.Paused || !BudgetScopes.CountsConfiguration(budget, wanted.ConfigurationId))
        {
            return new BudgetOutcome(null, wanted, request.Cost(wanted));
        }

        if (Reached(budget, BudgetAction.Degrade, request.Projected) is { } degrade)
        {
            if (Greener(request, degrade, alternatives) is { } greener)
            {
                return new BudgetOutcome(BudgetAction.Degrade, greener, request.Cost(greener), degrade,
                    $"{wanted.ConfigurationId} to {greener.ConfigurationId}",
                    $"{BudgetQuantities.Percent(request.Now)} used; {wanted.ConfigurationId} would need {request.InWords(wanted)}, {greener.ConfigurationId} {request.InWords(greener)}");
            }

            if (request.Fits(wanted))
            {
                return new BudgetOutcome(BudgetAction.Notify, wanted, request.Cost(wanted), degrade,
                    $"threshold {BudgetQuantities.Percent(degrade.Fraction)} reached, no greener configuration to degrade to",
                    $"{BudgetQuantities.Percent(request.Now)} used; {wanted.ConfigurationId} needs {request.InWords(wanted)}");
            }
        }

        if (!request.Fits(wanted))
        {
            return Blocked(request, alternatives);
        }

        return Reached(budget, BudgetAction.Notify, request.Projected) is { } notify
            ? new BudgetOutcome(BudgetAction.Notify, wanted, request.Cost(wanted), notify,
                NotifyEffect(notify), UsedInWords(budget, position.Used + request.Cost(wanted)))
            : new BudgetOutcome(null, wanted, request.Cost(wanted));
    }

    /// <summary>What a configuration's answer would take of a budget, in the quantity's unit: nothing where the budget does not count that configuration.</summary>
    public static double Cost(Budget budget, BudgetPosition position, PredictedCost cost) =>
        BudgetScopes.CountsConfiguration(budget, cost.ConfigurationId) ? cost.UpperJoules * position.PerJoule : 0;

    /// <summary>Whether a budget would not block a configuration's answer.</summary>
    public static bool Fits(Budget budget, BudgetPosition position, PredictedCost cost) =>
        budget.Paused || !BudgetScopes.CountsConfiguration(budget, cost.ConfigurationId) || new Request(budget, position, cost).Fits(cost);

    /// <summary>The amount that settled and reserved may come up to; infinite for a budget that never blocks.</summary>
    public static double Ceiling(Budget budget) => budget.Thresholds.FirstOrDefault(threshold => threshold.Action == BudgetAction.Block) is { } block
        ? budget.Limit * (block.Fraction + Rounding)
        : double.PositiveInfinity;

    /// <summary>The state that a share of the limit means, or what the last decision of the window did where that is more severe.</summary>
    public static BudgetState StateOf(Budget budget, double fraction, BudgetAction? lastDecision)
    {
        if (budget.Paused)
        {
            return BudgetState.Paused;
        }

        BudgetAction? reached = budget.Thresholds.Where(threshold => threshold.Fraction <= fraction + Rounding)
            .Select(threshold => (BudgetAction?)threshold.Action).Max();
        BudgetAction? worst = reached is null || lastDecision > reached ? lastDecision ?? reached : reached;
        return worst switch
        {
            null => BudgetState.OnTrack,
            BudgetAction.Notify => BudgetState.Notifying,
            BudgetAction.Degrade => BudgetState.Degrading,
            _ => BudgetState.Blocking,
        };
    }

    public static string NotifyEffect(BudgetThreshold threshold) => $"threshold {BudgetQuantities.Percent(threshold.Fraction)} reached";

    public static string UsedInWords(Budget budget, double used) =>
        $"{BudgetQuantities.InWords(used, budget.Quantity)} of {BudgetQuantities.InWords(budget.Limit, budget.Quantity)} settled or reserved";

    private static BudgetOutcome Blocked(Request request, IReadOnlyList<PredictedCost> alternatives)
    {
        Budget budget = request.Budget;
        BudgetThreshold block = budget.Thresholds.First(threshold => threshold.Action == BudgetAction.Block);
        double needed = alternatives.Append(request.Wanted).Min(request.Cost);
        bool frees = request.Position.Settled + needed <= request.Ceiling;
        string held = request.Position.Reserved > 0 ? $", {BudgetQuantities.InWords(request.Position.Reserved, budget.Quantity)} reserved" : "";
        return new BudgetOutcome(BudgetAction.Block, request.Wanted, 0, block, "429",
            $"{BudgetQuantities.InWords(request.Position.Settled, budget.Quantity)} settled{held}; {request.InWords(request.Wanted)} would pass {BudgetQuantities.Percent(block.Fraction)} of {BudgetQuantities.InWords(budget.Limit, budget.Quantity)}",
            frees);
    }

    /// <summary>
    /// The configuration that the threshold names, if it is offered; else the first that is offered, costs less than the wanted one and fits. Null when
    /// there is none, or when it would pass a blocking limit.
    /// </summary>
    private static PredictedCost? Greener(Request request, BudgetThreshold degrade, IReadOnlyList<PredictedCost> alternatives)
    {
        if (alternatives.FirstOrDefault(alternative => alternative.ConfigurationId == degrade.DegradeTo) is { } named)
        {
            return request.Fits(named) ? named : null;
        }

        return degrade.DegradeTo == request.Wanted.ConfigurationId
            ? null
            : alternatives.FirstOrDefault(alternative => alternative.ConfigurationId != request.Wanted.ConfigurationId
                && alternative.UpperJoules < request.Wanted.UpperJoules && request.Fits(alternative));
    }

    private static BudgetThreshold? Reached(Budget budget, BudgetAction action, double fraction) => budget.Thresholds
        .Where(threshold => threshold.Action == action && threshold.Fraction <= fraction + Rounding)
        .MaxBy(threshold => threshold.Fraction);

    private sealed record Request(Budget Budget, BudgetPosition Position, PredictedCost Wanted)
    {
        public double Ceiling { get; } = BudgetDecider.Ceiling(Budget);

        public double Now => Position.Used / Budget.Limit;

        public double Projected => (Position.Used + Cost(Wanted)) / Budget.Limit;

        public double Cost(PredictedCost cost) => BudgetDecider.Cost(Budget, Position, cost);

        public bool Fits(PredictedCost cost) => Position.Used + Cost(cost) <= Ceiling;

        public string InWords(PredictedCost cost) => BudgetQuantities.InWords(Cost(cost), Budget.Quantity);
    }
}
