using System.Globalization;
using System.Text;

namespace GreenTune.Models.Tokenization.Templates;

/// <summary>Python's "text %s" % values, as far as templates use it: s, r, d, i, f, x and %%, with flags, width and precision.</summary>
internal static class PercentFormat
{
    private const int Widest = 1000;

    public static string Apply(string format, object? values, WorkBudget work)
    {
        var arguments = new Queue<object?>(values is PythonList { Kind: PythonListKind.Tuple } tuple ? tuple.Items : [values]);
        var result = new StringBuilder(format.Length + 16);
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                result.Append(format[i]);
                continue;
            }
            i++;
            int flags = i;
            while (i < format.Length && format[i] is '-' or '0' or '+' or ' ')
                i++;
            string given = format[flags..i];
            int width = Number(format, ref i) ?? 0;
            int? precision = null;
            if (i < format.Length && format[i] == '.')
            {
                i++;
                precision = Number(format, ref i) ?? 0;
            }
            if (i >= format.Length)
                throw new TemplateException("incomplete format");
            if (format[i] == '%')
            {
                result.Append('%');
                continue;
            }
            if (!arguments.TryDequeue(out object? value))
                throw new TemplateException("not enough arguments for format string");
            string text = One(format[i], value, precision, given.Contains('+', StringComparison.Ordinal), work);
            result.Append(given.Contains('-', StringComparison.Ordinal) ? text.PadRight(width)
                : given.Contains('0', StringComparison.Ordinal) && format[i] is not ('s' or 'r') ? (text.StartsWith('-') ? "-" + text[1..].PadLeft(width - 1, '0') : text.PadLeft(width, '0'))
                : text.PadLeft(width));
            work.ChargeText(result.Length);
        }
        return arguments.Count == 0 || values is PythonDictionary ? result.ToString() : throw new TemplateException("not all arguments converted during string formatting");
    }

    private static string One(char kind, object? value, int? precision, bool plus, WorkBudget work)
    {
        switch (kind)
        {
            case 's' or 'r':
                string text = kind == 's' ? PythonText.Str(value, work) : PythonText.Repr(value, work);
                return precision < text.Length ? text[..precision.Value] : text;
            case 'd' or 'i' or 'x' or 'f' or 'F':
                if (!PythonCompare.TryNumber(value, out double number))
                    throw new TemplateException($"%{kind} format: a real number is required, not {PythonText.TypeName(value)}");
                string digits = kind switch
                {
                    'f' or 'F' => number.ToString($"F{precision ?? 6}", CultureInfo.InvariantCulture),
                    'x' => ((long)number).ToString("x", CultureInfo.InvariantCulture),
                    _ => (value is double ? (long)number : PythonCompare.Integer(value)).ToString(CultureInfo.InvariantCulture),
                };
                return plus && number >= 0 ? "+" + digits : digits;
            default:
                throw new TemplateException($"unsupported format character '{kind}'");
        }
    }

    private static int? Number(string format, ref int at)
    {
        int start = at;
        while (at < format.Length && char.IsAsciiDigit(format[at]))
            at++;
        if (at == start)
            return null;
        return int.TryParse(format.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value <= Widest
            ? value
            : throw new TemplateException($"a width or precision above {Widest}");
    }
}
