using System.Globalization;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Budgets;

/// <summary>Joules in the unit that a budget counts, and amounts in words.</summary>
public static class BudgetQuantities
{
    /// <summary>Amount in the quantity's unit per joule of IT energy. Grams hold PUE, kilowatt-hours do not.</summary>
    /// <param name="quantity">What the budget counts.</param>
    /// <param name="gramsPerJoule">Carbon factor in force, PUE included (<see cref="Carbon.OperationalCarbon.GramsPerJoule"/>).</param>
    public static double PerJoule(BudgetQuantity quantity, double gramsPerJoule) => quantity switch
    {
        BudgetQuantity.GramsCO2e => gramsPerJoule,
        BudgetQuantity.KilowattHours => 1 / Joules.PerKilowattHour,
        BudgetQuantity.Joules => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(quantity), quantity, "Not a budget's quantity."),
    };

    /// <summary>An amount with three significant digits and an SI prefix, for example "2.79 g CO2e", "144 µg CO2e" or "350 Wh".</summary>
    public static string InWords(double amount, BudgetQuantity quantity) => quantity switch
    {
        BudgetQuantity.GramsCO2e => $"{WithPrefix(amount, "g")} CO2e",
        BudgetQuantity.Joules => WithPrefix(amount, "J"),
        _ => WithPrefix(amount * 1000, "Wh"),
    };

    /// <summary>A share in percent, for example "96 %" or "99.6 %".</summary>
    public static string Percent(double fraction) => string.Create(CultureInfo.InvariantCulture, $"{Math.Round(fraction * 100, 1):0.#} %");

    private static string WithPrefix(double amount, string unit)
    {
        if (amount == 0)
        {
            return $"0 {unit}";
        }

        ReadOnlySpan<string> prefixes = ["n", "µ", "m", "", "k", "M"];
        int thousand = Math.Clamp((int)Math.Floor(Math.Log10(Math.Abs(amount)) / 3), -3, 2);
        double scaled = amount / Math.Pow(1000, thousand);
        string digits = Math.Abs(scaled) switch
        {
            >= 99.95 => scaled.ToString("0", CultureInfo.InvariantCulture),
            >= 9.995 => scaled.ToString("0.0", CultureInfo.InvariantCulture),
            _ => scaled.ToString("0.00", CultureInfo.InvariantCulture),
        };
        return $"{digits} {prefixes[thousand + 3]}{unit}";
    }
}
