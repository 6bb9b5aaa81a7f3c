using System.Globalization;

namespace GreenTune.Dashboard.Formatting;

/// <summary>A unit at one prefix: what a whole column, axis or interval is written in.</summary>
/// <param name="Symbol">Prefix and unit, for example "mJ".</param>
/// <param name="Factor">Base units in one of these (0.001 for mJ).</param>
/// <param name="Decimals">Digits after the point, the same for every value.</param>
public sealed record UnitScale(string Symbol, double Factor, int Decimals)
{
    private const int SmallestExponent = -12;
    private const int MostDecimals = 4;
    private static readonly string[] Prefixes = ["p", "n", "µ", "m", "", "k", "M", "G", "T"];

    /// <summary>The scale of one figure: 1 to 999 before the point where a prefix reaches, three significant digits.</summary>
    public static UnitScale For(double value, Unit unit)
    {
        var magnitude = Math.Abs(value);
        if (magnitude == 0 || !double.IsFinite(magnitude))
        {
            return At(0, unit, 0);
        }

        var exponent = Clamp(FloorToThree(OrderOf(magnitude)), unit);
        // 999.6 rounds to 1000, which belongs to the next prefix.
        if (OrderOfRounded(magnitude / Math.Pow(10, exponent)) >= 3)
        {
            exponent = Clamp(exponent + 3, unit);
        }

        return At(exponent, unit, Decimals3(magnitude / Math.Pow(10, exponent)));
    }

    /// <summary>
    /// The scale of a column: one prefix by the median, and as many decimals as give the largest value three significant digits and the
    /// median two. Without any value, the unit itself.
    /// </summary>
    public static UnitScale ForColumn(IEnumerable<double?> values, Unit unit)
    {
        double[] magnitudes = [.. values.OfType<double>().Where(v => v != 0 && double.IsFinite(v)).Select(Math.Abs).Order()];
        if (magnitudes.Length == 0)
        {
            return At(0, unit, 2);
        }

        var median = magnitudes[magnitudes.Length / 2];
        // A median from 0.1 up still reads well, and keeps neighbours of 1 in the same unit.
        var exponent = Clamp(FloorToThree(OrderOf(median) + 1), unit);
        var factor = Math.Pow(10, exponent);
        var decimals = Math.Max(2 - OrderOf(magnitudes[^1] / factor), 1 - OrderOf(median / factor));
        return At(exponent, unit, Math.Clamp(decimals, 0, MostDecimals));
    }

    /// <summary>The scale of a chart's axis, whose labels need no more digits than its step.</summary>
    public static UnitScale ForAxis(double largest, double step, Unit unit)
    {
        var scale = For(largest, unit);
        var scaled = step / scale.Factor;
        var decimals = scaled > 0 ? Math.Clamp(-OrderOf(scaled), 0, MostDecimals) : 0;
        // Steps of 2.5 need one digit more than steps of 2 or 5.
        var lead = scaled * Math.Pow(10, decimals);
        return scale with { Decimals = Math.Abs(lead - Math.Round(lead)) > 1e-6 ? Math.Min(decimals + 1, MostDecimals) : decimals };
    }

    /// <summary>A number in this scale, without the unit.</summary>
    public string Number(double value) => Figures.Fixed(value / Factor, Decimals);

    /// <summary>A number in this scale with its unit.</summary>
    public Figure Figure(double value) => new(Number(value), Symbol);

    private static UnitScale At(int exponent, Unit unit, int decimals) =>
        new(Prefixes[(exponent - SmallestExponent) / 3] + unit.Symbol, double.Parse("1e" + exponent, CultureInfo.InvariantCulture), decimals);

    private static int Clamp(int exponent, Unit unit) => Math.Clamp(exponent, SmallestExponent, unit.LargestExponent);

    private static int FloorToThree(int order) => (int)Math.Floor(order / 3.0) * 3;

    private static int OrderOf(double magnitude) => (int)Math.Floor(Math.Log10(magnitude) + 1e-12);

    private static int OrderOfRounded(double magnitude) => OrderOf(Math.Round(magnitude, Decimals3(magnitude)));

    /// <summary>Decimals that leave three significant digits, after rounding: 9.996 is 10.0.</summary>
    private static int Decimals3(double magnitude) => Math.Min(Figures.DecimalsFor(magnitude, 3), MostDecimals);
}
