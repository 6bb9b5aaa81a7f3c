using System.Collections.Concurrent;
using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Budgets;

/// <summary>Which tenants have a budget, or share one with all, so that requests of the others need not ask.</summary>
internal sealed class BudgetBook
{
    private readonly ConcurrentDictionary<Guid, Budget> _budgets = [];
    private volatile bool _known;

    /// <summary>False when Accounting's list is not known: then every request asks.</summary>
    public bool MayHaveBudget(string tenant) => !_known || _budgets.Values.Any(budget => !budget.Paused && (budget.Tenant is null || budget.Tenant == tenant));

    public void Replace(IEnumerable<BudgetStatus> budgets)
    {
        _budgets.Clear();
        foreach (BudgetStatus status in budgets)
        {
            Set(status.Budget);
        }

        _known = true;
    }

    public void Set(Budget budget) => _budgets[budget.Id] = budget;

    public void Remove(Guid id) => _budgets.TryRemove(id, out _);

    public void Forget() => _known = false;
}
