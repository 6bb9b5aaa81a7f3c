using System.Globalization;
using System.Text;

namespace GreenTune.ServiceDefaults.Prometheus;

/// <summary>
/// Names of instruments and tags as Prometheus takes them, by OpenTelemetry's compatibility specification: other characters become an underscore, the unit is
/// a suffix in words, counters end in _total.
/// https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
/// </summary>
internal static class PrometheusNames
{
    private static readonly Dictionary<string, string> Units = Words(
        ("d", "days"), ("h", "hours"), ("min", "minutes"), ("s", "seconds"), ("ms", "milliseconds"), ("us", "microseconds"), ("ns", "nanoseconds"),
        ("By", "bytes"), ("KiBy", "kibibytes"), ("MiBy", "mebibytes"), ("GiBy", "gibibytes"), ("V", "volts"), ("A", "amperes"), ("J", "joules"), ("W", "watts"),
        ("g", "grams"), ("kg", "kilograms"), ("kWh", "kilowatt_hours"), ("Cel", "celsius"), ("Hz", "hertz"), ("%", "percent"), ("m", "meters"));

    private static readonly Dictionary<string, string> PerUnits = Words(
        ("s", "second"), ("m", "minute"), ("h", "hour"), ("d", "day"), ("kWh", "kilowatt_hour"), ("By", "byte"), ("J", "joule"));

    /// <summary>The family's name without _total, for example greentune_request_energy_joules.</summary>
    /// <param name="instrument">Name of the instrument, for example greentune.request.energy.</param>
    /// <param name="unit">Its unit in UCUM, for example J; annotations in braces are left out.</param>
    /// <param name="isGauge">A dimensionless gauge (unit 1) is a ratio.</param>
    public static string Family(string instrument, string? unit, bool isGauge)
    {
        string name = Sanitise(instrument, allowColon: true);
        string suffix = Unit(unit, isGauge);
        if (name.EndsWith("_total", StringComparison.Ordinal))
        {
            name = name[..^"_total".Length];
        }

        return suffix.Length == 0 || name.EndsWith("_" + suffix, StringComparison.Ordinal) ? name : $"{name}_{suffix}";
    }

    /// <summary>A label's name.</summary>
    public static string Label(string tag) => Sanitise(tag, allowColon: false);

    /// <summary>A label's value with backslash, quote and line feed escaped.</summary>
    public static string Escape(string value) => value.AsSpan().IndexOfAny("\\\"\n") < 0
        ? value
        : value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    /// <summary>Help text: backslash and line feed escaped; OpenMetrics wants the quote too.</summary>
    public static string EscapeHelp(string text, bool openMetrics)
    {
        string escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return openMetrics ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
    }

    public static string Value(object? value) => value switch
    {
        null => "",
        bool flag => flag ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    public static string Number(double value) => double.IsNaN(value) ? "NaN"
        : double.IsPositiveInfinity(value) ? "+Inf"
        : double.IsNegativeInfinity(value) ? "-Inf"
        : value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>A bucket's bound; OpenMetrics asks for a point in it.</summary>
    public static string Bound(double bound, bool openMetrics)
    {
        string text = Number(bound);
        return openMetrics && double.IsFinite(bound) && text.AsSpan().IndexOfAny(".eE") < 0 ? text + ".0" : text;
    }

    private static Dictionary<string, string> Words(params (string Unit, string Word)[] words) => words.ToDictionary(pair => pair.Unit, pair => pair.Word, StringComparer.Ordinal);

    private static string Unit(string? unit, bool isGauge)
    {
        string bare = WithoutAnnotations(unit ?? "");
        if (bare == "1")
        {
            return isGauge ? "ratio" : "";
        }

        int slash = bare.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
        {
            return Units.TryGetValue(bare, out string? word) ? word : Sanitise(bare, allowColon: false);
        }

        string above = bare[..slash];
        string below = bare[(slash + 1)..];
        string first = Units.TryGetValue(above, out string? known) ? known : Sanitise(above, allowColon: false);
        string second = PerUnits.TryGetValue(below, out string? per) ? per : Sanitise(below, allowColon: false);
        return second.Length == 0 ? first : first.Length == 0 ? $"per_{second}" : $"{first}_per_{second}";
    }

    private static string WithoutAnnotations(string unit)
    {
        int open;
        while ((open = unit.IndexOf('{', StringComparison.Ordinal)) >= 0)
        {
            int close = unit.IndexOf('}', open);
            unit = close < 0 ? unit[..open] : unit.Remove(open, close - open + 1);
        }

        return unit.Trim();
    }

    private static string Sanitise(string text, bool allowColon)
    {
        var name = new StringBuilder(text.Length + 1);
        foreach (char c in text)
        {
            bool sound = char.IsAsciiLetterOrDigit(c) || (allowColon && c == ':');
            if (sound)
            {
                if (name.Length == 0 && char.IsAsciiDigit(c))
                {
                    name.Append('_');
                }

                name.Append(c);
            }
            else if (name.Length == 0 || name[^1] != '_')
            {
                name.Append('_');
            }
        }

        return name.ToString().TrimEnd('_') is { Length: > 0 } trimmed ? trimmed : text.Length == 0 ? "" : "_";
    }
}
