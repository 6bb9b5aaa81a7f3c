using System.Globalization;
using System.Text;

namespace GreenTune.Models.Tokenization.Templates;

/// <summary>Python's strftime, in English.</summary>
internal static class PythonTime
{
    public static string Format(DateTimeOffset time, string format, WorkBudget work)
    {
        var result = new StringBuilder(format.Length + 16);
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                result.Append(format[i]);
                continue;
            }
            char code = format[++i];
            bool unpadded = code == '-' && i + 1 < format.Length;
            if (unpadded)
                code = format[++i];
            string text = One(time, code) ?? $"%{(unpadded ? "-" : "")}{code}";
            result.Append(unpadded && text.Length > 1 && text.All(char.IsAsciiDigit) ? text.TrimStart('0') is { Length: > 0 } digits ? digits : "0" : text);
        }
        work.ChargeText(result.Length);
        return result.ToString();
    }

    private static string? One(DateTimeOffset time, char code)
    {
        string? known = code switch
        {
            'a' => "ddd",
            'A' => "dddd",
            'b' or 'h' => "MMM",
            'B' => "MMMM",
            'd' => "dd",
            'm' => "MM",
            'y' => "yy",
            'Y' => "yyyy",
            'H' => "HH",
            'I' => "hh",
            'M' => "mm",
            'S' => "ss",
            'p' => "tt",
            'f' => "ffffff",
            'F' => "yyyy-MM-dd",
            'T' or 'X' => "HH:mm:ss",
            'D' or 'x' => "MM/dd/yy",
            'R' => "HH:mm",
            _ => null,
        };
        if (known is not null)
            return time.ToString(known, CultureInfo.InvariantCulture);
        return code switch
        {
            'e' => time.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
            'j' => time.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
            'w' => ((int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'u' => (time.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            's' => time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            // A local time without its zone, as datetime.now() gives.
            'z' or 'Z' => "",
            'n' => "\n",
            't' => "\t",
            '%' => "%",
            _ => null,
        };
    }
}
