using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Pages.Budgets;

/// <summary>How amounts of a budget's quantity are written.</summary>
/// <param name="Unit">Unit that takes prefixes: grams or watt-hours.</param>
/// <param name="PerContractUnit">Of that unit in one of the contract's: 1 for grams, 1000 for kWh.</param>
/// <param name="InputUnit">Unit that the reader types a limit in.</param>
/// <param name="Suffix">Written after the unit in sentences.</param>
/// <param name="Label">The quantity's name.</param>
public sealed record BudgetAmounts(Unit Unit, double PerContractUnit, string InputUnit, string Suffix, string Label)
{
    private static readonly BudgetAmounts Grams = new(Unit.Gram, 1, "g", " CO2e", "CO2e, grams");
    private static readonly BudgetAmounts KilowattHours = new(Unit.WattHour, 1000, "kWh", string.Empty, "Energy, kWh");

    private static readonly BudgetAmounts Joules = new(Unit.Joule, 1, "J", string.Empty, "Energy, joules");

    public static BudgetAmounts Of(BudgetQuantity quantity) => quantity switch
    {
        BudgetQuantity.GramsCO2e => Grams,
        BudgetQuantity.Joules => Joules,
        _ => KilowattHours,
    };

    /// <summary>From the contract's unit to <see cref="Unit"/>.</summary>
    public double ToBase(double amount) => amount * PerContractUnit;

    /// <summary>An amount with its unit.</summary>
    public string Write(double amount) => Figures.Of(ToBase(amount), Unit).ToString();
}
