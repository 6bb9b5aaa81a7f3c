using System.Globalization;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Dashboard.Formatting;

/// <summary>
/// How every number on the dashboard is written: SI prefixes that leave 1 to 999 before the point, three significant digits, narrow
/// no-break spaces between groups, a true minus, 95 % intervals in the figure's own unit.
/// </summary>
public static class Figures
{
    /// <summary>Said where a figure is not known; the reason stands beside it.</summary>
    public const string NotMeasured = "not measured";

    /// <summary>Half-width of a 95 % interval in standard deviations.</summary>
    public const double Coverage95 = 1.96;

    public static Figure Energy(Joules value) => Of(value.Value, Unit.Joule);

    public static Figure Carbon(GramsCO2e value) => Of(value.Value, Unit.Gram);

    public static Figure Power(double watts) => Of(watts, Unit.Watt);

    /// <summary>Seconds, as milliseconds or less below one; minutes and hours from two minutes up.</summary>
    public static Figure Duration(double seconds)
    {
        if (seconds < 120)
        {
            return Of(seconds, Unit.Second);
        }

        var whole = (long)Math.Round(seconds);
        return whole < 7200
            ? new(string.Create(CultureInfo.InvariantCulture, $"{whole / 60}"), "min")
            : new(Fixed(seconds / 3600, seconds < 36_000 ? 1 : 0), "h");
    }

    public static Figure Of(double value, Unit unit) => UnitScale.For(value, unit).Figure(value);

    /// <summary>A whole count: 18 420.</summary>
    public static string Count(long value) => Group(value.ToString(CultureInfo.InvariantCulture));

    /// <summary>A large count in short: 1.07 M. Below 10 000 it is written out.</summary>
    public static string ShortCount(long value)
    {
        if (Math.Abs(value) < 10_000)
        {
            return Count(value);
        }

        var scale = UnitScale.For(value, new Unit(string.Empty, 12));
        return scale.Figure(value).ToString();
    }

    /// <summary>Tokens per second: three significant digits, no decimals from 100 up.</summary>
    public static string Rate(double perSecond) => Significant(perSecond);

    /// <summary>Three significant digits without a prefix: 1 020, 49.5, 0.0123.</summary>
    public static string Significant(double value, int digits = 3)
    {
        if (value == 0 || !double.IsFinite(value))
        {
            return value == 0 ? "0" : NotMeasured;
        }

        var above = Math.Max(0, OrderOf(Math.Abs(value)) - digits + 1);
        var step = Math.Pow(10, above);
        return above == 0 ? Fixed(value, DecimalsFor(Math.Abs(value), digits)) : Fixed(Math.Round(value / step) * step, 0);
    }

    /// <summary>Decimals that leave so many significant digits of a number above 0, counted after rounding; none where it has more before the point.</summary>
    internal static int DecimalsFor(double magnitude, int digits)
    {
        var decimals = Math.Clamp(digits - 1 - OrderOf(magnitude), 0, 15);
        return decimals > 0 && OrderOf(Math.Round(magnitude, decimals)) > OrderOf(magnitude) ? decimals - 1 : decimals;
    }

    private static int OrderOf(double magnitude) => (int)Math.Floor(Math.Log10(magnitude) + 1e-12);

    /// <summary>A number as it was set: at most three decimals, none of them a trailing zero.</summary>
    public static string Trimmed(double value) => Fixed(value, 3).TrimEnd('0').TrimEnd('.');

    /// <summary>A share of 1 as a percentage: whole from 10 % up, one decimal below.</summary>
    public static Figure Percent(double fraction)
    {
        var percent = fraction * 100;
        var magnitude = Math.Abs(percent);
        // 0.04 % is not nothing, and 99.97 % is not all.
        var decimals = magnitude is > 0 and < 0.1 ? 2 : magnitude < 9.95 && magnitude != Math.Round(magnitude) ? 1 : magnitude is > 99 and < 100 ? 1 : 0;
        return new(Fixed(percent, decimals), "%");
    }

    /// <summary>A ratio to the reference, where 1 is equal: two decimals, three for effectiveness.</summary>
    public static string Ratio(double value, int decimals = 2) => Fixed(value, decimals);

    /// <summary>"13.2 to 24.4 kJ": the interval in the scale of its value.</summary>
    public static string Range(Interval interval, Unit unit)
    {
        var scale = UnitScale.For(interval.Value, unit);
        return $"{scale.Number(interval.Low)} to {scale.Figure(interval.High)}";
    }

    /// <summary>"58 to 69 %".</summary>
    public static string PercentRange(Interval fraction) =>
        $"{Fixed(fraction.Low * 100, 0)} to {Fixed(fraction.High * 100, 0)}{Typography.NoBreakSpace}%";

    /// <summary>"1.90 to 2.18" for figures without a unit.</summary>
    public static string RatioRange(Interval interval, int decimals = 2) => $"{Fixed(interval.Low, decimals)} to {Fixed(interval.High, decimals)}";

    /// <summary>"± 0.29" in a column's scale, the half-width of the 95 % interval; at least one unit of the last decimal.</summary>
    public static string PlusMinus(double halfWidth, UnitScale scale)
    {
        var smallest = scale.Factor * Math.Pow(10, -scale.Decimals);
        return $"{Typography.PlusMinus}{Typography.NoBreakSpace}{scale.Number(Math.Max(halfWidth, smallest))}";
    }

    /// <summary>"± 0.18" for a ratio's interval: half its width.</summary>
    public static string RatioPlusMinus(Interval interval, int decimals = 2)
    {
        var half = Math.Max((interval.High - interval.Low) / 2, Math.Pow(10, -decimals));
        return $"{Typography.PlusMinus}{Typography.NoBreakSpace}{Fixed(half, decimals)}";
    }

    /// <summary>The 95 % interval of a record's joules from its relative standard uncertainty; never below 0.</summary>
    public static Interval? IntervalOf(Joules? joules, double? relativeUncertainty)
    {
        if (joules is not { } value || relativeUncertainty is not { } relative)
        {
            return null;
        }

        var half = Math.Abs(value.Value) * relative * Coverage95;
        return new Interval(value.Value, Math.Max(0, value.Value - half), value.Value + half);
    }

    /// <summary>A number with fixed decimals, thin grouping and a true minus; a negative zero loses its sign.</summary>
    public static string Fixed(double value, int decimals)
    {
        if (!double.IsFinite(value))
        {
            return NotMeasured;
        }

        var text = Math.Abs(value).ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var isZero = text.All(c => c is '0' or '.');
        return value < 0 && !isZero ? Typography.Minus + Group(text) : Group(text);
    }

    private static string Group(string digits)
    {
        var negative = digits.StartsWith('-');
        var body = negative ? digits[1..] : digits;
        var point = body.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? body : body[..point];
        // Four digits stand without a gap in years, but not here: 1 020 tokens/s reads like 18 420.
        var grouped = whole;
        for (var at = whole.Length - 3; at > 0; at -= 3)
        {
            grouped = grouped.Insert(at, Typography.ThinSpace.ToString());
        }

        return (negative ? Typography.Minus.ToString() : string.Empty) + grouped + (point < 0 ? string.Empty : body[point..]);
    }
}
