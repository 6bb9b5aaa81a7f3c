using GreenTune.Core.Contracts;

namespace GreenTune.Dashboard.Pages.Budgets;

/// <summary>
/// Where a budget ends if the rest of its window goes as the part so far: use over time elapsed, drawn on in a straight line. It is a reading aid, not
/// a forecast with an interval, and is named "at this pace" wherever it is shown. Amounts are in the contract's unit.
/// </summary>
/// <param name="AtEnd">Amount at the window's end.</param>
/// <param name="Next">The next threshold not reached yet that it passes, and when; null when it passes none.</param>
public sealed record BudgetPace(double AtEnd, (DateTimeOffset At, BudgetThreshold Threshold)? Next)
{
    /// <summary>Less of a window than this says nothing about the rest.</summary>
    private const double SmallestShare = 1.0 / 48;

    public static BudgetPace? Of(BudgetStatus status, DateTimeOffset now)
    {
        var window = (status.ResetsAt - status.WindowStart).TotalSeconds;
        var elapsed = (now - status.WindowStart).TotalSeconds;
        var used = status.Used.Value;
        // What leaves a rolling window is as much a part of its course as what comes in.
        if (status.Budget.Window == BudgetWindowKind.Rolling || status.State is BudgetState.Paused or BudgetState.Blocking || !(window > 0) || elapsed / window < SmallestShare || elapsed >= window || !(used > 0))
        {
            return null;
        }

        var perSecond = used / elapsed;
        var atEnd = perSecond * window;
        var next = status.Budget.Thresholds
            .OrderBy(t => t.Fraction)
            .Select(t => (Amount: t.Fraction * status.Budget.Limit, Threshold: t))
            .Where(t => t.Amount > used && t.Amount <= atEnd)
            .Select(t => ((DateTimeOffset, BudgetThreshold)?)(status.WindowStart.AddSeconds(t.Amount / perSecond), t.Threshold))
            .FirstOrDefault();
        return new BudgetPace(atEnd, next);
    }
}
