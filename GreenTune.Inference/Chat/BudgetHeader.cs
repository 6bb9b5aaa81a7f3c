using System.Globalization;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Budgets;

namespace GreenTune.Inference.Chat;

/// <summary>The x-greentune-budget header: what a budget did to this request.</summary>
internal static class BudgetHeader
{
    /// <summary>For example `degrade; budget="playground"; used=0.96; from="greentune-tiny-int4"`.</summary>
    public static string Of(ReservationDecision decision, string? degradedFrom)
    {
        string action = decision.Action switch
        {
            BudgetAction.Notify => "notify",
            BudgetAction.Degrade => "degrade",
            BudgetAction.Block => "block",
            _ => "ok",
        };
        string header = $"{action}; budget=\"{Ascii(decision.BudgetName)}\"";
        if (decision.Fraction is double used)
        {
            header += $"; used={used.ToString("0.###", CultureInfo.InvariantCulture)}";
        }

        return degradedFrom is null ? header : $"{header}; from=\"{degradedFrom}\"";
    }

    /// <summary>The header for an answered request; null when no budget concerns it.</summary>
    public static string? Of(BudgetVerdict verdict, string? degradedFrom) =>
        verdict.Unchecked ? "unchecked" : verdict.Decision is { BudgetId: not null } decision ? Of(decision, degradedFrom) : null;

    /// <summary>Header values are ASCII; a budget's name may be anything.</summary>
    private static string Ascii(string? name) => string.Concat((name ?? "").Select(c => c is >= ' ' and <= '~' and not '"' and not '\\' ? c : '?'));
}
