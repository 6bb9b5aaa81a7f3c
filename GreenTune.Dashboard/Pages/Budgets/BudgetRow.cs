using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Pages.Budgets;

/// <summary>A budget as a line with a meter. Fractions are of the limit.</summary>
public sealed record BudgetRow
{
    public required Guid Id { get; init; }

    public required string Name { get; init; }

    /// <summary>What it counts: a tenant, "everyone", a model or a session.</summary>
    public required string Whose { get; init; }

    public required bool Paused { get; init; }

    public required double Used { get; init; }

    /// <summary>Held for requests in flight, on top of <see cref="Used"/>.</summary>
    public required double Reserved { get; init; }

    /// <summary>At the end of the window at the pace so far; null when that cannot be said.</summary>
    public double? AtEnd { get; init; }

    public required IReadOnlyList<BudgetThreshold> Thresholds { get; init; }

    /// <summary>"2.79 of 8.00 g today".</summary>
    public required string UsedText { get; init; }

    /// <summary>"5.21 g left", or when it begins anew.</summary>
    public required string LeftText { get; init; }

    /// <summary>"On track", "Notify likely 21:40", "Degrading" and so on.</summary>
    public required string State { get; init; }

    public required ChipKind Kind { get; init; }

    /// <summary>A colour token for the used part.</summary>
    public string Colour => Kind switch
    {
        ChipKind.Degrade => "var(--degrade)",
        ChipKind.Block => "var(--block)",
        ChipKind.Notify when Used >= (Thresholds.Count > 0 ? Thresholds.Min(t => t.Fraction) : 1) => "var(--notify)",
        _ => "var(--ok)",
    };

    public static BudgetRow Of(BudgetStatus status, DateTimeOffset now, LocalTimes times)
    {
        var budget = status.Budget;
        var amounts = BudgetAmounts.Of(budget.Quantity);
        var pace = BudgetPace.Of(status, now);
        var (state, kind) = StateOf(status, pace, times);
        var scale = UnitScale.For(amounts.ToBase(budget.Limit), amounts.Unit);
        return new BudgetRow
        {
            Id = budget.Id,
            Name = budget.Name,
            Whose = BudgetWindowText.Whose(budget),
            Paused = budget.Paused,
            Used = status.Used.Value / budget.Limit,
            Reserved = status.Reserved / budget.Limit,
            AtEnd = pace?.AtEnd / budget.Limit,
            Thresholds = budget.Thresholds,
            UsedText = $"{scale.Number(amounts.ToBase(status.Used.Value))} of {scale.Figure(amounts.ToBase(budget.Limit))}{amounts.Suffix} {BudgetWindowText.Now(budget)}",
            LeftText = status.State == BudgetState.Blocking
                ? $"{(budget.Window == BudgetWindowKind.Rolling ? "free again" : "resets")} {BudgetWindowText.When(budget, status.ResetsAt, times)}"
                : $"{LeftOf(amounts.ToBase(status.Left), scale, amounts.Unit)} left",
            State = state,
            Kind = kind,
        };
    }

    /// <summary>In the unit of the limit beside it, unless that would show nothing.</summary>
    private static Figure LeftOf(double left, UnitScale scale, Unit unit) =>
        left / scale.Factor >= 0.1 ? (scale with { Decimals = Math.Max(1, scale.Decimals) }).Figure(left) : Figures.Of(left, unit);

    private static (string Text, ChipKind Kind) StateOf(BudgetStatus status, BudgetPace? pace, LocalTimes times) => status.State switch
    {
        BudgetState.Paused => ("Paused", ChipKind.Off),
        BudgetState.Blocking => ("Blocking", ChipKind.Block),
        BudgetState.Degrading => (DegradingTo(status.Budget), ChipKind.Degrade),
        BudgetState.Notifying => ("Notifying", ChipKind.Notify),
        _ when pace?.Next is { } next => ($"{Word(next.Threshold.Action)} likely {BudgetWindowText.When(status.Budget, next.At, times)}", ChipKind.Notify),
        _ => ("On track", ChipKind.Ok),
    };

    private static string DegradingTo(Budget budget) =>
        budget.Thresholds.LastOrDefault(t => t.Action == BudgetAction.Degrade)?.DegradeTo is { } to ? $"Degrading to {ConfigurationName.Parse(to).Label}" : "Degrading";

    private static string Word(BudgetAction action) => action switch
    {
        BudgetAction.Notify => "Notify",
        BudgetAction.Degrade => "Degrade",
        _ => "Block",
    };
}
