using GreenTune.Core.Contracts;

namespace GreenTune.Core.Budgets;

/// <summary>A budget that counts a request, and where it stands.</summary>
public readonly record struct BudgetEntry(Budget Budget, BudgetPosition Position);

/// <summary>What several budgets decided for one request together.</summary>
/// <param name="Serve">The configuration that answers, with its cost; the wanted one when blocked.</param>
/// <param name="Action">The strictest of what they did; null when none had anything to say.</param>
/// <param name="Decisive">Index of the budget to tell the client of; null without budgets.</param>
/// <param name="Each">What each did, in the order of the entries.</param>
public sealed record SeveralOutcome(PredictedCost Serve, BudgetAction? Action, int? Decisive, IReadOnlyList<BudgetOutcome> Each)
{
    public bool Allowed => Action != BudgetAction.Block;
}

/// <summary>
/// Decides on a request that several budgets count: all must allow it, and the strictest answers. A configuration to degrade to has to fit all of them; a budget
/// that would block the wanted configuration does not when another degrades to one that fits.
/// </summary>
public static class SeveralBudgets
{
    public static SeveralOutcome Decide(IReadOnlyList<BudgetEntry> entries, PredictedCost wanted, IReadOnlyList<PredictedCost> alternatives)
    {
        ArgumentNullException.ThrowIfNull(entries);
        ArgumentNullException.ThrowIfNull(wanted);
        if (entries.Count == 0)
        {
            return new SeveralOutcome(wanted, null, null, []);
        }

        PredictedCost[] fitting = [.. alternatives.Where(alternative => entries.All(entry => BudgetDecider.Fits(entry.Budget, entry.Position, alternative)))];
        BudgetOutcome[] first = [.. entries.Select(entry => BudgetDecider.Decide(entry.Budget, entry.Position, wanted, fitting))];
        int? degrader = Strictest(entries, first, BudgetAction.Degrade, wanted);
        if (degrader is { } index)
        {
            PredictedCost serve = first[index].Serve;
            return new SeveralOutcome(serve, BudgetAction.Degrade, index, [.. entries.Select((entry, i) => Degraded(entry, first[i], wanted, serve))]);
        }

        if (Strictest(entries, first, BudgetAction.Block, wanted) is { } blocker)
        {
            // A refused request uses nothing, so that the others have nothing to say of it.
            return new SeveralOutcome(wanted, BudgetAction.Block, blocker,
                [.. first.Select(outcome => outcome.Action == BudgetAction.Block ? outcome : new BudgetOutcome(null, wanted, 0))]);
        }

        int? notifier = Strictest(entries, first, BudgetAction.Notify, wanted);
        return new SeveralOutcome(wanted, notifier is null ? null : BudgetAction.Notify, notifier ?? Fullest(entries, Enumerable.Range(0, entries.Count), wanted), first);
    }

    private static BudgetOutcome Degraded(BudgetEntry entry, BudgetOutcome outcome, PredictedCost wanted, PredictedCost serve)
    {
        double reserve = BudgetDecider.Cost(entry.Budget, entry.Position, serve);
        if (outcome.Action == BudgetAction.Degrade)
        {
            return outcome.Serve == serve ? outcome : outcome with { Serve = serve, Reserve = reserve, Effect = $"{wanted.ConfigurationId} to {serve.ConfigurationId}" };
        }

        // This one did not ask for another configuration: what it says, it says of the one that answers.
        return BudgetDecider.Decide(entry.Budget, entry.Position, serve, []);
    }

    private static int? Strictest(IReadOnlyList<BudgetEntry> entries, BudgetOutcome[] outcomes, BudgetAction action, PredictedCost wanted)
    {
        int[] those = [.. Enumerable.Range(0, outcomes.Length).Where(i => outcomes[i].Action == action)];
        // A block that waits for the window's end outlasts one that only requests in flight cause.
        int[] lasting = [.. those.Where(i => !outcomes[i].FreesWhenSettled)];
        return Fullest(entries, lasting.Length > 0 ? lasting : those, wanted);
    }

    private static int? Fullest(IReadOnlyList<BudgetEntry> entries, IEnumerable<int> indices, PredictedCost wanted) => indices
        .OrderByDescending(i => (entries[i].Position.Used + BudgetDecider.Cost(entries[i].Budget, entries[i].Position, wanted)) / entries[i].Budget.Limit)
        .Select(i => (int?)i)
        .FirstOrDefault();
}
