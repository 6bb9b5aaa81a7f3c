using GreenTune.Core.Contracts;

namespace GreenTune.Core.Budgets;

/// <summary>
/// What a budget would have done to requests of the past. Requests come in the order of their start, each with what it really used; a blocked one uses nothing,
/// a degraded one what it used, since what another configuration would have used is not known. Not thread-safe.
/// </summary>
public sealed class BudgetReplay(Budget budget, TimeZoneInfo zone)
{
    /// <summary>Most windows that are told one by one.</summary>
    public const int MaxWindows = 100;

    private readonly BudgetThreshold[] _thresholds = [.. budget.Thresholds.OrderBy(threshold => threshold.Fraction)];
    private readonly Queue<(DateTimeOffset Start, double Amount)> _slices = [];
    private readonly List<BudgetPreviewWindow> _windows = [];
    private BudgetWindow _window;
    private double _inWindow;
    private long _notifiedHere, _degradedHere, _blockedHere;

    public long Requests { get; private set; }

    public long Notified { get; private set; }

    public long Degraded { get; private set; }

    public long Blocked { get; private set; }

    /// <summary>Of all requests, in the quantity's unit.</summary>
    public double Used { get; private set; }

    /// <summary>Of those that were let pass.</summary>
    public double Passed { get; private set; }

    /// <summary>Takes the next request.</summary>
    /// <param name="startedAt">Not before that of the one before.</param>
    /// <param name="amount">What it used, in the quantity's unit.</param>
    /// <returns>What the budget would have done; null when nothing.</returns>
    public BudgetAction? Next(DateTimeOffset startedAt, double amount)
    {
        Move(startedAt);
        Requests++;
        Used += amount;
        BudgetAction? action = null;
        foreach (BudgetThreshold threshold in _thresholds)
        {
            double at = threshold.Fraction * budget.Limit;
            // A block lets pass what just reaches it; the others count from there on.
            if (threshold.Action == BudgetAction.Block ? _inWindow + amount > at * (1 + 1e-9) : _inWindow + amount >= at)
            {
                action = threshold.Action;
            }
        }

        Count(action);
        if (action != BudgetAction.Block)
        {
            _inWindow += amount;
            Passed += amount;
            if (budget.Window == BudgetWindowKind.Rolling)
            {
                _slices.Enqueue((startedAt, amount));
            }
        }

        return action;
    }

    /// <summary>The calendar windows in which something was done, oldest first.</summary>
    public IReadOnlyList<BudgetPreviewWindow> Windows()
    {
        Close();
        return _windows;
    }

    private void Count(BudgetAction? action)
    {
        switch (action)
        {
            case BudgetAction.Notify:
                Notified++;
                _notifiedHere++;
                break;
            case BudgetAction.Degrade:
                Degraded++;
                _degradedHere++;
                break;
            case BudgetAction.Block:
                Blocked++;
                _blockedHere++;
                break;
        }
    }

    private void Move(DateTimeOffset to)
    {
        if (_window != default && _window.Contains(to) && budget.Window == BudgetWindowKind.Calendar)
        {
            return;
        }

        BudgetWindow next = BudgetWindow.At(budget.Period, budget.Window, zone, to);
        if (budget.Window == BudgetWindowKind.Calendar)
        {
            Close();
            _inWindow = 0;
        }

        _window = next;
        while (_slices.TryPeek(out var oldest) && oldest.Start < next.Start)
        {
            _inWindow = Math.Max(0, _inWindow - _slices.Dequeue().Amount);
        }

        if (budget.Window == BudgetWindowKind.Rolling && _slices.Count == 0)
        {
            _inWindow = 0;
        }
    }

    private void Close()
    {
        if (budget.Window == BudgetWindowKind.Calendar && _window != default && _windows.Count < MaxWindows && _notifiedHere + _degradedHere + _blockedHere > 0)
        {
            _windows.Add(new BudgetPreviewWindow(_window.Start, _window.End, _inWindow, _inWindow / budget.Limit, _notifiedHere, _degradedHere, _blockedHere));
        }

        (_notifiedHere, _degradedHere, _blockedHere) = (0, 0, 0);
    }
}
