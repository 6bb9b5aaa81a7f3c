using System.Globalization;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Cli.Output;

/// <summary>How figures are written: three significant digits, an SI prefix where one reads better, and "unknown (reason)" where there is none.</summary>
internal static class Figures
{
    private static readonly (double Factor, string Prefix)[] Prefixes = [(1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n")];

    public static string Unknown(string? reason) => $"unknown ({(string.IsNullOrWhiteSpace(reason) ? "no reason given" : reason)})";

    /// <summary>For example "12.3 mJ".</summary>
    public static string Energy(Joules joules) => Scaled(joules.Value, "J");

    public static string Energy(Joules? joules, string? reason) => joules is { } known ? Energy(known) : Unknown(reason);

    public static string Carbon(GramsCO2e grams) => Scaled(grams.Value, "gCO2e");

    public static string Carbon(GramsCO2e? grams, string? reason) => grams is { } known ? Carbon(known) : Unknown(reason);

    /// <summary>For example "350 ms"; minutes and hours stay in seconds.</summary>
    public static string Seconds(double seconds) => Math.Abs(seconds) >= 1000 ? Grouped(seconds) + " s" : Scaled(seconds, "s");

    public static string Power(double watts) => Scaled(watts, "W");

    /// <summary>Bytes in decimal units, for example "27.6 MB".</summary>
    public static string Size(long bytes) => bytes < 1000 ? $"{Count(bytes)} B" : Scaled(bytes, "B");

    /// <summary>For example "22,029,696".</summary>
    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    public static string Percent(double fraction) => Significant(fraction * 100) + " %";

    public static string Number(double value) => Significant(value);

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>The API's word for an enum's member.</summary>
    public static string Word<T>(T value)
        where T : struct, Enum => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    /// <summary>Why a figure is missing: under its own name, else why there is no energy at all.</summary>
    public static string? Reason(IReadOnlyDictionary<string, string> reasons, string figure) =>
        reasons.GetValueOrDefault(figure) ?? reasons.GetValueOrDefault("joules") ?? reasons.GetValueOrDefault("quality");

    /// <summary>For example "modelled, boundary package, meter cpu-estimate".</summary>
    public static string Provenance(EnergyQuality quality, string? meter, string? boundary, bool settled) =>
        string.Join(", ", new[] { Word(quality), meter is null ? null : $"meter {meter}", boundary is null ? null : $"boundary {boundary}", settled ? null : "not settled" }.OfType<string>());

    private static string Scaled(double value, string unit)
    {
        if (value == 0)
            return $"0 {unit}";
        double magnitude = Math.Abs(value);
        // 999.6 is written 1,000 and belongs to the next prefix.
        (double factor, string prefix) = Prefixes.FirstOrDefault(p => magnitude >= p.Factor * 0.9995, Prefixes[^1]);
        return $"{Significant(value / factor)} {prefix}{unit}";
    }

    private static string Significant(double value)
    {
        if (value == 0)
            return "0";
        int order = (int)Math.Floor(Math.Log10(Math.Abs(value)) + 1e-12);
        int decimals = Math.Clamp(2 - order, 0, 12);
        // 9.996 is 10.0 and not 10.00.
        if (decimals > 0 && Math.Abs(Math.Round(value, decimals)) >= Math.Pow(10, order + 1))
            decimals--;
        return value.ToString("N" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    private static string Grouped(double value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
