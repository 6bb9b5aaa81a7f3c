using System.Globalization;
using System.Text;

namespace GreenTune.Models.Tokenization.Templates;

/// <summary>Values as Python writes them.</summary>
internal static class PythonText
{
    private const int Deepest = 60;

    /// <summary>str(value).</summary>
    public static string Str(object? value, WorkBudget? work = null) => value switch
    {
        string text => text,
        Undefined => "",
        _ => Repr(value, work),
    };

    /// <summary>repr(value).</summary>
    public static string Repr(object? value, WorkBudget? work = null)
    {
        var result = new StringBuilder();
        Write(value, result, work, 0);
        return result.ToString();
    }

    /// <summary>type(value).__name__.</summary>
    public static string TypeName(object? value) => value switch
    {
        null => "NoneType",
        bool => "bool",
        long => "int",
        double => "float",
        string => "str",
        PythonList { Kind: PythonListKind.List } => "list",
        PythonList { Kind: PythonListKind.Tuple } => "tuple",
        PythonList => "generator",
        PythonDictionary => "dict",
        Undefined => "Undefined",
        TemplateNamespace => "Namespace",
        Callable => "function",
        _ => value.GetType().Name,
    };

    /// <summary>How Jinja's messages call a value.</summary>
    public static string TypeLabel(object? value) => value switch
    {
        null => "None",
        TemplateNamespace => "jinja2.utils.Namespace object",
        _ => TypeName(value) + " object",
    };

    public static string Float(double value)
    {
        if (double.IsNaN(value))
            return "nan";
        if (double.IsInfinity(value))
            return value > 0 ? "inf" : "-inf";
        if (value == 0)
            return double.IsNegative(value) ? "-0.0" : "0.0";
        // The shortest digits that read back as the same number; an exponent below 1e-4 and from 1e16 on.
        string scientific = value.ToString("E16", CultureInfo.InvariantCulture);
        int exponent = int.Parse(scientific.AsSpan(scientific.IndexOf('E') + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        if (exponent is >= -4 and < 16)
        {
            string plain = shortest.Contains('E', StringComparison.Ordinal) ? decimal.Parse(shortest, NumberStyles.Float, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture) : shortest;
            return plain.Contains('.', StringComparison.Ordinal) ? plain : plain + ".0";
        }
        int mark = shortest.IndexOf('E', StringComparison.Ordinal);
        string digits = (mark < 0 ? shortest : shortest[..mark]).Replace(".", "", StringComparison.Ordinal).TrimStart('-').TrimStart('0').TrimEnd('0');
        string sign = value < 0 ? "-" : "";
        return $"{sign}{digits[..1]}{(digits.Length > 1 ? "." + digits[1..] : "")}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture)}";
    }

    /// <summary>Python's strip without arguments: Unicode's white space and the four separators of ASCII.</summary>
    public static string Strip(string text, bool left, bool right)
    {
        int start = 0;
        int end = text.Length;
        while (left && start < end && IsSpace(text[start]))
            start++;
        while (right && end > start && IsSpace(text[end - 1]))
            end--;
        return text[start..end];
    }

    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    /// <summary>str.upper(): with the letters that become several.</summary>
    public static string Upper(string text)
    {
        string upper = text.ToUpperInvariant();
        if (!upper.AsSpan().ContainsAny("\u00DF\uFB01\uFB02\u0149"))
            return upper;
        return upper.Replace("\u00DF", "SS", StringComparison.Ordinal).Replace("\uFB01", "FI", StringComparison.Ordinal).Replace("\uFB02", "FL", StringComparison.Ordinal)
            .Replace("\u0149", "\u02BCN", StringComparison.Ordinal);
    }

    public static string Lower(string text) => text.ToLowerInvariant();

    /// <summary>len(text): code points.</summary>
    public static int Length(string text)
    {
        int length = text.Length;
        for (int i = 1; i < text.Length; i++)
        {
            if (char.IsLowSurrogate(text[i]) && char.IsHighSurrogate(text[i - 1]))
                length--;
        }
        return length;
    }

    /// <summary>The text's characters, one string each.</summary>
    public static List<string> Characters(string text)
    {
        var characters = new List<string>(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
                characters.Add(text.Substring(i++, 2));
            else
                characters.Add(text[i].ToString());
        }
        return characters;
    }

    private static void Write(object? value, StringBuilder result, WorkBudget? work, int depth)
    {
        if (depth > Deepest)
            throw new TemplateException("The chat template nests lists too deeply.");
        int before = result.Length;
        switch (value)
        {
            case null:
                result.Append("None");
                break;
            case bool flag:
                result.Append(flag ? "True" : "False");
                break;
            case long number:
                result.Append(CultureInfo.InvariantCulture, $"{number}");
                break;
            case double number:
                result.Append(Float(number));
                break;
            case string text:
                Quote(text, result);
                break;
            case PythonList list:
                WriteList(list, result, work, depth);
                break;
            case PythonDictionary dictionary:
                result.Append('{');
                foreach ((object key, object? item) in dictionary.Items)
                {
                    if (result.Length > before + 1)
                        result.Append(", ");
                    Write(PythonDictionary.FromKey(key), result, work, depth + 1);
                    result.Append(": ");
                    Write(item, result, work, depth + 1);
                    work?.ChargeText(result.Length - before);
                }
                result.Append('}');
                break;
            case Undefined:
                result.Append("Undefined");
                break;
            case TemplateNamespace space:
                result.Append("<Namespace {");
                result.AppendJoin(", ", space.Attributes.Keys.Select(k => Repr(k)));
                result.Append("}>");
                break;
            case Callable callable:
                result.Append("<function ").Append(callable.Name).Append('>');
                break;
            default:
                result.Append('<').Append(value.GetType().Name).Append('>');
                break;
        }
        work?.ChargeText(result.Length - before);
    }

    private static void WriteList(PythonList list, StringBuilder result, WorkBudget? work, int depth)
    {
        bool tuple = list.Kind == PythonListKind.Tuple;
        result.Append(tuple ? '(' : '[');
        for (int i = 0; i < list.Items.Count; i++)
        {
            if (i > 0)
                result.Append(", ");
            Write(list.Items[i], result, work, depth + 1);
        }
        if (tuple && list.Items.Count == 1)
            result.Append(',');
        result.Append(tuple ? ')' : ']');
    }

    private static void Quote(string text, StringBuilder result)
    {
        char quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        result.Append(quote);
        foreach (Rune rune in text.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '\n':
                    result.Append("\\n");
                    break;
                case '\r':
                    result.Append("\\r");
                    break;
                case '\t':
                    result.Append("\\t");
                    break;
                case '\\':
                    result.Append("\\\\");
                    break;
                case int c when c == quote:
                    result.Append('\\').Append(quote);
                    break;
                case int c when c != ' ' && IsUnprintable(rune):
                    result.Append(c <= 0xFF ? $"\\x{c:x2}" : c <= 0xFFFF ? $"\\u{c:x4}" : $"\\U{c:x8}");
                    break;
                default:
                    result.Append(rune.ToString());
                    break;
            }
        }
        result.Append(quote);
    }

    private static bool IsUnprintable(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator;
}
