using System.Globalization;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Charts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Pages.Budgets;

/// <summary>Sentences, chart and tables of one budget.</summary>
public static class BudgetText
{
    /// <summary>How much is used, when it runs out at this pace, and what happens then.</summary>
    public static string Headline(BudgetStatus? status, DateTimeOffset now, LocalTimes times)
    {
        if (status is null)
        {
            return "A budget holds a tenant, a model, a session or everyone to grams or energy in an hour, a day, a week or a month: it warns, degrades or blocks at request time.";
        }

        var amounts = BudgetAmounts.Of(status.Budget.Quantity);
        var scale = UnitScale.For(amounts.ToBase(status.Budget.Limit), amounts.Unit);
        var used = $"{status.Budget.Name}: {scale.Number(amounts.ToBase(status.Used.Value))} of {scale.Figure(amounts.ToBase(status.Budget.Limit))}{amounts.Suffix} used";
        return status.State switch
        {
            BudgetState.Paused => $"{used}. It is paused: nothing is enforced.",
            BudgetState.Blocking => $"{used}. Requests of {BudgetWindowText.Whose(status.Budget)} are refused until {BudgetWindowText.When(status.Budget, status.ResetsAt, times)}.",
            BudgetState.Degrading => $"{used}. Greener configurations answer {BudgetWindowText.Whose(status.Budget)} now{Ahead(status, amounts, now, times, "; at this pace it", "")}.",
            _ => $"{used}{Ahead(status, amounts, now, times, ". At this pace it", $" and ends the {BudgetWindowText.Period(status.Budget)} at {EndOf(status, amounts, now)}")}.",
        };
    }

    /// <summary>"Notify 80 %: 6.40 g".</summary>
    public static ThresholdLine Threshold(Budget budget, BudgetThreshold threshold)
    {
        var amounts = BudgetAmounts.Of(budget.Quantity);
        var amount = amounts.ToBase(budget.Limit * threshold.Fraction);
        var word = threshold.Action switch
        {
            BudgetAction.Notify => "Notify",
            BudgetAction.Degrade => "Degrade",
            _ => "Block",
        };
        return new(threshold.Action, amount, $"{word} {Figures.Percent(threshold.Fraction)}: {Figures.Of(amount, amounts.Unit)}");
    }

    public static BudgetChartData Chart(BudgetStatus status, IReadOnlyList<UsagePoint> usage, DateTimeOffset now, LocalTimes times)
    {
        var budget = status.Budget;
        var amounts = BudgetAmounts.Of(budget.Quantity);
        var pace = BudgetPace.Of(status, now);
        List<ThresholdLine> thresholds = [.. budget.Thresholds.Select(t => Threshold(budget, t))];
        var used = amounts.ToBase(status.Used.Value);
        return new BudgetChartData
        {
            From = status.WindowStart,
            To = status.ResetsAt,
            Now = now < status.ResetsAt ? now : status.ResetsAt,
            Used = used,
            Points = [.. usage.Select(p => (p.At, amounts.ToBase(p.Used)))],
            Thresholds = thresholds,
            AtEnd = pace is { } p ? amounts.ToBase(p.AtEnd) : null,
            Crossing = pace?.Next is { } next ? (next.At, Threshold(budget, next.Threshold)) : null,
            Unit = amounts.Unit,
            Times = times,
            AxisTitle = unit => $"Used, {unit}{amounts.Suffix}",
            Description = $"Budget {budget.Name}: {Figures.Of(used, amounts.Unit)}{amounts.Suffix} used {BudgetWindowText.Now(budget)}, with {thresholds.Count} {(thresholds.Count == 1 ? "threshold" : "thresholds")}"
                + (pace is null ? string.Empty : $"; at this pace {Figures.Of(amounts.ToBase(pace.AtEnd), amounts.Unit)} at the end of the {BudgetWindowText.Period(budget)}"),
        };
    }

    /// <summary>Use over the day, thinned to about one line an hour.</summary>
    public static ChartTable UsageTable(BudgetStatus status, IReadOnlyList<UsagePoint> usage, LocalTimes times)
    {
        var amounts = BudgetAmounts.Of(status.Budget.Quantity);
        var scale = UnitScale.ForColumn(usage.Select(p => (double?)amounts.ToBase(p.Used)), amounts.Unit);
        var hourly = usage.Where((p, i) => i == 0 || i == usage.Count - 1 || times.In(p.At).Hour != times.In(usage[i - 1].At).Hour);
        return new ChartTable(
            [new("Time"), new($"Used, {scale.Symbol}{amounts.Suffix}", true)],
            [.. hourly.Select(IReadOnlyList<ChartCell> (p) => [ChartCell.Time(p.At, BudgetWindowText.When(status.Budget, p.At, times)), ChartCell.Number(amounts.ToBase(p.Used), scale)])]);
    }

    public static ChartTable DecisionTable(IEnumerable<BudgetDecision> decisions, LocalTimes times) => new(
        [new("Time"), new("Budget"), new("Tenant"), new("Action"), new("Effect"), new("Detail"), new("Request")],
        [
            .. decisions.Select(IReadOnlyList<ChartCell> (d) =>
                [ChartCell.Time(d.At, times.Full(d.At)), new(d.BudgetName), new(d.Tenant ?? string.Empty), new(d.Action), new(d.Effect), new(d.Detail), new(d.RequestId ?? string.Empty)]),
        ]);

    /// <summary>"notify", "degrade", "block".</summary>
    public static string Word(BudgetAction action) => action switch
    {
        BudgetAction.Notify => "notify",
        BudgetAction.Degrade => "degrade",
        _ => "block",
    };

    /// <summary>"4 active, 1 paused".</summary>
    public static string Count(IReadOnlyList<BudgetStatus> budgets)
    {
        var paused = budgets.Count(b => b.Budget.Paused);
        var active = (budgets.Count - paused).ToString(CultureInfo.InvariantCulture) + " active";
        return paused == 0 ? active : $"{active}, {paused} paused";
    }

    private static string Ahead(BudgetStatus status, BudgetAmounts amounts, DateTimeOffset now, LocalTimes times, string lead, string end)
    {
        if (BudgetPace.Of(status, now) is not { } pace)
        {
            return string.Empty;
        }

        if (pace.Next is { } next)
        {
            var what = next.Threshold.Action switch { BudgetAction.Notify => "passes the notify limit", BudgetAction.Degrade => "degrades", _ => "blocks" };
            return $"{lead} {what} at {BudgetWindowText.When(status.Budget, next.At, times)}{end}";
        }

        return end.Length > 0 ? $". At this pace it ends the {BudgetWindowText.Period(status.Budget)} at {EndOf(status, amounts, now)}" : string.Empty;
    }

    private static string EndOf(BudgetStatus status, BudgetAmounts amounts, DateTimeOffset now) =>
        BudgetPace.Of(status, now) is { } pace ? Figures.Of(amounts.ToBase(pace.AtEnd), amounts.Unit).ToString() : string.Empty;
}
