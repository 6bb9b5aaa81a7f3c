using System.Buffers;
using System.Text;

namespace GreenTune.Models.Tokenization.Templates;

/// <summary>Methods of Python's str.</summary>
internal static class StringMethods
{
    private const int Widest = 10_000;

    private static readonly SearchValues<char> LineEnds = SearchValues.Create("\n\r\v\f\u001c\u001d\u001e\u0085\u2028\u2029");

    public static Callable? Find(string text, string name, WorkBudget work)
    {
        Func<CallArguments, object?>? body = name switch
        {
            "strip" => a => Strip(text, a, left: true, right: true),
            "lstrip" => a => Strip(text, a, left: true, right: false),
            "rstrip" => a => Strip(text, a, left: false, right: true),
            "split" => a => Split(text, a, fromRight: false, work),
            "rsplit" => a => Split(text, a, fromRight: true, work),
            "splitlines" => a => Lines(text, PythonCompare.IsTrue(a.Get(0, "keepends"))),
            "partition" => a => Partition(text, a.Text(0, "sep", "partition()"), last: false),
            "rpartition" => a => Partition(text, a.Text(0, "sep", "rpartition()"), last: true),
            "startswith" => a => Any(a, prefix => text.StartsWith(prefix, StringComparison.Ordinal), "startswith"),
            "endswith" => a => Any(a, suffix => text.EndsWith(suffix, StringComparison.Ordinal), "endswith"),
            "removeprefix" => a => a.Text(0, "prefix", "removeprefix()") is var prefix && text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text,
            "removesuffix" => a => a.Text(0, "suffix", "removesuffix()") is var suffix && text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text,
            "upper" => _ => PythonText.Upper(text),
            "lower" or "casefold" => _ => PythonText.Lower(text),
            "title" => _ => Title(text),
            "capitalize" => _ => Capitalize(text),
            "replace" => a => Replace(text, a.Text(0, "old", "replace()"), a.Text(1, "new", "replace()"), a.Get(2, "count", -1L), work),
            "find" => a => Index(text, a, text.IndexOf(a.Text(0, "sub", "find()"), StringComparison.Ordinal)),
            "rfind" => a => Index(text, a, text.LastIndexOf(a.Text(0, "sub", "rfind()"), StringComparison.Ordinal)),
            "index" => a => Index(text, a, text.IndexOf(a.Text(0, "sub", "index()"), StringComparison.Ordinal)) is var at and >= 0 ? at : throw new TemplateException("substring not found"),
            "count" => a => Count(text, a.Text(0, "sub", "count()"), work),
            "join" => a => Join(text, a.Required(0, "iterable", "join()"), work),
            "isdigit" or "isdecimal" or "isnumeric" => _ => text.Length > 0 && text.All(char.IsDigit),
            "isalpha" => _ => text.Length > 0 && text.All(char.IsLetter),
            "isalnum" => _ => text.Length > 0 && text.All(char.IsLetterOrDigit),
            "isspace" => _ => text.Length > 0 && text.All(PythonText.IsSpace),
            "isupper" => _ => text.Any(char.IsUpper) && !text.Any(char.IsLower),
            "islower" => _ => text.Any(char.IsLower) && !text.Any(char.IsUpper),
            "zfill" => a => text.StartsWith('-') ? "-" + text[1..].PadLeft(Width(a) - 1, '0') : text.PadLeft(Width(a), '0'),
            "ljust" => a => text.PadRight(Width(a), Fill(a)),
            "rjust" => a => text.PadLeft(Width(a), Fill(a)),
            "center" => a => Center(text, Width(a), Fill(a)),
            "format" => _ => throw new TemplateException("str.format is not known here; use ~ or the format filter"),
            _ => null,
        };
        if (body is null)
            return null;
        return new Callable(name, arguments =>
        {
            work.ChargeText(text.Length);
            return body(arguments);
        });
    }

    public static string Strip(string text, CallArguments arguments, bool left, bool right)
    {
        if (arguments.Get(0, "chars") is not { } given)
            return PythonText.Strip(text, left, right);
        if (given is not string characters)
            throw new TemplateException("strip arg must be None or str");
        char[] set = characters.ToCharArray();
        if (set.Length == 0)
            return text;
        text = left ? text.TrimStart(set) : text;
        return right ? text.TrimEnd(set) : text;
    }

    public static string Replace(string text, string old, string with, object? count, WorkBudget work)
    {
        Operations.ChargeSearch(text, old, work);
        long most = count is null ? -1 : PythonCompare.Integer(count);
        if (most == 0)
            return text;
        if (old.Length > 0 && most < 0 && with.Length <= old.Length)
            return text.Replace(old, with, StringComparison.Ordinal);
        var result = new StringBuilder(text.Length);
        long done = 0;
        int from = 0;
        if (old.Length == 0)
        {
            foreach (string c in PythonText.Characters(text))
            {
                if (most < 0 || done++ < most)
                    result.Append(with);
                result.Append(c);
                work.Charge(1 + with.Length);
                Check(result, work);
            }
            return most < 0 || done < most ? result.Append(with).ToString() : result.ToString();
        }
        while ((most < 0 || done < most) && text.IndexOf(old, from, StringComparison.Ordinal) is var at and >= 0)
        {
            result.Append(text, from, at - from).Append(with);
            from = at + old.Length;
            done++;
            work.Charge(with.Length);
            Check(result, work);
        }
        return result.Append(text, from, text.Length - from).ToString();
    }

    public static string Join(string separator, object? items, WorkBudget work)
    {
        var result = new StringBuilder();
        int place = 0;
        foreach (object? item in Operations.Iterate(items, work))
        {
            if (item is not string text)
                throw new TemplateException($"sequence item {place}: expected str instance, {PythonText.TypeName(item)} found");
            if (place++ > 0)
                result.Append(separator);
            work.Charge(text.Length + separator.Length);
            result.Append(text);
            Check(result, work);
        }
        return result.ToString();
    }

    public static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        bool inWord = false;
        foreach (char c in text)
        {
            bool letter = char.IsLetter(c);
            result.Append(!letter ? c : inWord ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c));
            inWord = letter;
        }
        return result.ToString();
    }

    public static string Capitalize(string text) => text.Length == 0 ? text : PythonText.Upper(text[..1]) + PythonText.Lower(text[1..]);

    public static string Center(string text, int width, char fill)
    {
        int missing = width - PythonText.Length(text);
        if (missing <= 0)
            return text;
        int left = missing / 2 + (missing & width & 1);
        return new string(fill, left) + text + new string(fill, missing - left);
    }

    /// <summary>A text being put together may not outgrow the longest allowed.</summary>
    private static void Check(StringBuilder text, WorkBudget work)
    {
        if (text.Length > 1 << 20 && (text.Length & 0xFFF) < 64)
            work.ChargeText(text.Length);
        else if (text.Length > 64 << 20)
            work.ChargeText(long.MaxValue / 2);
    }

    private static PythonList Split(string text, CallArguments arguments, bool fromRight, WorkBudget work)
    {
        long most = arguments.Get(1, "maxsplit", -1L) is { } given ? PythonCompare.Integer(given) : -1;
        List<string> parts;
        if (arguments.Get(0, "sep") is not { } separator)
        {
            parts = SplitAtSpace(text, most, fromRight);
        }
        else
        {
            if (separator is not string { Length: > 0 } mark)
                throw new TemplateException(separator is string ? "empty separator" : $"must be str or None, not {PythonText.TypeName(separator)}");
            Operations.ChargeSearch(text, mark, work);
            if (most < 0)
                parts = [.. text.Split(mark)];
            else if (!fromRight)
                parts = [.. text.Split(mark, (int)Math.Min(most + 1, int.MaxValue))];
            else
                parts = SplitFromRight(text, mark, most);
        }
        work.Charge(8L * parts.Count);
        return new PythonList([.. parts]);
    }

    private static List<string> SplitFromRight(string text, string mark, long most)
    {
        var parts = new List<string>();
        int end = text.Length;
        while (parts.Count < most && end >= mark.Length && text.AsSpan(0, end).LastIndexOf(mark, StringComparison.Ordinal) is var at and >= 0)
        {
            parts.Add(text[(at + mark.Length)..end]);
            end = at;
        }
        parts.Add(text[..end]);
        parts.Reverse();
        return parts;
    }

    private static List<string> SplitAtSpace(string text, long most, bool fromRight)
    {
        var words = new List<(int Start, int End)>();
        for (int i = 0; i < text.Length;)
        {
            while (i < text.Length && PythonText.IsSpace(text[i]))
                i++;
            int start = i;
            while (i < text.Length && !PythonText.IsSpace(text[i]))
                i++;
            if (i > start)
                words.Add((start, i));
        }
        if (most < 0 || words.Count <= most + 1)
            return [.. words.Select(w => text[w.Start..w.End])];
        int keep = (int)most;
        return fromRight
            ? [text[..words[words.Count - keep - 1].End], .. words.TakeLast(keep).Select(w => text[w.Start..w.End])]
            : [.. words.Take(keep).Select(w => text[w.Start..w.End]), text[words[keep].Start..]];
    }

    private static PythonList Lines(string text, bool keepEnds)
    {
        var lines = new List<object?>();
        for (int start = 0; start < text.Length;)
        {
            int end = text.AsSpan(start).IndexOfAny(LineEnds);
            if (end < 0)
            {
                lines.Add(text[start..]);
                break;
            }
            end += start;
            int next = end + (text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n' ? 2 : 1);
            lines.Add(text[start..(keepEnds ? next : end)]);
            start = next;
        }
        return new PythonList(lines);
    }

    private static PythonList Partition(string text, string separator, bool last)
    {
        if (separator.Length == 0)
            throw new TemplateException("empty separator");
        int at = last ? text.LastIndexOf(separator, StringComparison.Ordinal) : text.IndexOf(separator, StringComparison.Ordinal);
        if (at < 0)
            return last ? PythonList.Tuple("", "", text) : PythonList.Tuple(text, "", "");
        return PythonList.Tuple(text[..at], separator, text[(at + separator.Length)..]);
    }

    private static bool Any(CallArguments arguments, Func<string, bool> test, string name) => arguments.Required(0, "prefix", name + "()") switch
    {
        string one => test(one),
        PythonList { Kind: PythonListKind.Tuple } several => several.Items.Any(i => i is string text && test(text)),
        Undefined u => throw u.Error(),
        var other => throw new TemplateException($"{name} first arg must be str or a tuple of str, not {PythonText.TypeName(other)}"),
    };

    /// <summary>A place in UTF-16 units as one in characters.</summary>
    private static long Index(string text, CallArguments arguments, int at)
    {
        if (arguments.Positional.Count > 1)
            throw new TemplateException("a search within bounds is not known here");
        return at <= 0 ? (long)at : PythonText.Length(text[..at]);
    }

    private static long Count(string text, string part, WorkBudget work)
    {
        Operations.ChargeSearch(text, part, work);
        return part.Length == 0 ? PythonText.Length(text) + 1L : text.AsSpan().Count(part);
    }

    private static int Width(CallArguments arguments) => PythonCompare.Integer(arguments.Required(0, "width", "padding")) is var width and <= Widest
        ? (int)Math.Max(1, width)
        : throw new TemplateException($"a width above {Widest}");

    private static char Fill(CallArguments arguments) => arguments.Get(1, "fillchar", " ") is string { Length: 1 } fill ? fill[0] : throw new TemplateException("The fill character must be exactly one character long");
}
