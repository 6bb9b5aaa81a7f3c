using System.Globalization;
using GreenTune.Core.Contracts;

namespace GreenTune.Dashboard.Pages.Budgets;

/// <summary>One threshold as it is typed: a percentage, and what happens there.</summary>
public sealed class ThresholdField(string percent, string choice)
{
    public const string Off = "";
    public const string Notify = "notify";

    /// <summary>Degrade to the greenest configuration at or above the quality floor.</summary>
    public const string Degrade = "degrade";

    public const string Block = "block";

    private const string DegradeTo = "degrade:";

    public string Percent { get; set; } = percent;

    /// <summary><see cref="Off"/>, <see cref="Notify"/>, <see cref="Degrade"/>, "degrade:" and a configuration's id, or <see cref="Block"/>.</summary>
    public string Choice { get; set; } = choice;

    public static ThresholdField Of(BudgetThreshold threshold) => new(
        (threshold.Fraction * 100).ToString("0.##", CultureInfo.InvariantCulture),
        threshold.Action switch
        {
            BudgetAction.Notify => Notify,
            BudgetAction.Degrade => threshold.DegradeTo is { } to ? DegradeTo + to : Degrade,
            _ => Block,
        });

    /// <summary>The choice that degrades to one configuration.</summary>
    public static string To(string configurationId) => DegradeTo + configurationId;

    public BudgetThreshold ToThreshold(double percent) => new(
        percent / 100,
        Choice switch
        {
            Notify => BudgetAction.Notify,
            Block => BudgetAction.Block,
            _ => BudgetAction.Degrade,
        },
        Choice.StartsWith(DegradeTo, StringComparison.Ordinal) ? Choice[DegradeTo.Length..] : null);
}
