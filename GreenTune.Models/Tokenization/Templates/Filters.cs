using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace GreenTune.Models.Tokenization.Templates;

/// <summary>Jinja's filters by name; those over lists are in <see cref="ListFilters"/>.</summary>
internal static class Filters
{
    private delegate object? Filter(object? value, CallArguments arguments, Frame frame);

    private static readonly FrozenDictionary<string, Filter> All = new Dictionary<string, Filter>(StringComparer.Ordinal)
    {
        ["abs"] = (v, _, _) => v switch
        {
            double number => (object)Math.Abs(number),
            long or bool => Math.Abs(PythonCompare.Integer(v)),
            Undefined u => throw u.Error(),
            _ => throw new TemplateException($"bad operand type for abs(): '{PythonText.TypeName(v)}'"),
        },
        ["attr"] = (v, a, f) => Members.Attribute(v, a.Text(0, "name", "attr"), f),
        ["batch"] = (v, a, f) => ListFilters.Batch(v, a, f),
        ["capitalize"] = (v, _, f) => StringMethods.Capitalize(Text(v, f)),
        ["center"] = (v, a, f) => StringMethods.Center(Text(v, f), (int)Math.Clamp(PythonCompare.Integer(a.Get(0, "width", 80L)), 0, 10_000), ' '),
        ["count"] = (v, _, f) => Length(v, f),
        ["d"] = Default,
        ["default"] = Default,
        ["dictsort"] = (v, a, f) => ListFilters.SortDictionary(v, a, f),
        ["e"] = (v, _, f) => Escape(Text(v, f), f),
        ["escape"] = (v, _, f) => Escape(Text(v, f), f),
        ["first"] = (v, _, f) => Operations.Iterate(v, f.Work) is [var first, ..] ? first : new Undefined("No first item, sequence was empty."),
        ["float"] = (v, a, _) => ToFloat(v) ?? a.Get(0, "default", 0.0),
        ["format"] = (v, a, f) => PercentFormat.Apply(Text(v, f), PythonList.Tuple([.. a.Positional]), f.Work),
        ["groupby"] = (v, a, f) => ListFilters.GroupBy(v, a, f),
        ["indent"] = Indent,
        ["int"] = ToInteger,
        ["items"] = (v, _, _) => v switch
        {
            PythonDictionary dictionary => CollectionMethods.Items(dictionary),
            Undefined => new PythonList([]),
            _ => throw new TemplateException("Can only get item pairs from a mapping."),
        },
        ["join"] = (v, a, f) => ListFilters.Join(v, a, f),
        ["last"] = (v, _, f) => Operations.Iterate(v, f.Work) is [.., var last] ? last : new Undefined("No last item, sequence was empty."),
        ["length"] = (v, _, f) => Length(v, f),
        ["list"] = (v, _, f) => new PythonList([.. Operations.Iterate(v, f.Work)]),
        ["lower"] = (v, _, f) => PythonText.Lower(Text(v, f)),
        ["map"] = (v, a, f) => ListFilters.Map(v, a, f),
        ["max"] = (v, a, f) => ListFilters.Extreme(v, a, f, largest: true),
        ["min"] = (v, a, f) => ListFilters.Extreme(v, a, f, largest: false),
        ["pprint"] = (v, _, f) => PythonText.Repr(v, f.Work),
        ["reject"] = (v, a, f) => ListFilters.Select(v, a, f, byAttribute: false, keep: false),
        ["rejectattr"] = (v, a, f) => ListFilters.Select(v, a, f, byAttribute: true, keep: false),
        ["replace"] = (v, a, f) => StringMethods.Replace(Text(v, f), PythonText.Str(a.Required(0, "old", "replace")), PythonText.Str(a.Required(1, "new", "replace")), a.Get(2, "count"), f.Work),
        ["reverse"] = Reverse,
        ["round"] = Round,
        ["safe"] = (v, _, _) => v,
        ["select"] = (v, a, f) => ListFilters.Select(v, a, f, byAttribute: false, keep: true),
        ["selectattr"] = (v, a, f) => ListFilters.Select(v, a, f, byAttribute: true, keep: true),
        ["slice"] = (v, a, f) => ListFilters.Slice(v, a, f),
        ["sort"] = (v, a, f) => ListFilters.Sort(v, a, f),
        ["string"] = (v, _, f) => PythonText.Str(v, f.Work),
        ["sum"] = (v, a, f) => ListFilters.Sum(v, a, f),
        ["title"] = (v, _, f) => StringMethods.Title(Text(v, f)),
        ["tojson"] = (v, a, f) => v is Undefined ? throw new TemplateException("Object of type Undefined is not JSON serializable") : PythonJson.Write(v, a, f.Work),
        ["trim"] = (v, a, f) => StringMethods.Strip(Text(v, f), a, left: true, right: true),
        ["truncate"] = Truncate,
        ["unique"] = (v, a, f) => ListFilters.Unique(v, a, f),
        ["upper"] = (v, _, f) => PythonText.Upper(Text(v, f)),
        ["wordcount"] = (v, _, f) => (long)Text(v, f).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static IReadOnlySet<string> Names { get; } = All.Keys.ToFrozenSet(StringComparer.Ordinal);

    public static object? Apply(string name, object? value, CallArguments arguments, Frame frame) =>
        All.TryGetValue(name, out Filter? filter) ? filter(value, arguments, frame) : throw new TemplateException($"No filter named '{name}'.");

    /// <summary>The value as text, its length charged.</summary>
    private static string Text(object? value, Frame frame)
    {
        string text = PythonText.Str(value, frame.Work);
        frame.Work.ChargeText(text.Length);
        return text;
    }

    private static object Length(object? value, Frame frame)
    {
        switch (value)
        {
            case string text:
                frame.Work.Charge(text.Length / 8);
                return (long)PythonText.Length(text);
            case PythonList { Kind: not PythonListKind.Lazy } list:
                return (long)list.Items.Count;
            case PythonDictionary dictionary:
                return (long)dictionary.Items.Count;
            case Undefined:
                return 0L;
            default:
                throw new TemplateException($"object of type '{PythonText.TypeName(value)}' has no len()");
        }
    }

    private static object? Default(object? value, CallArguments arguments, Frame frame) =>
        value is Undefined || (PythonCompare.IsTrue(arguments.Get(1, "boolean", false)) && !PythonCompare.IsTrue(value)) ? arguments.Get(0, "default_value", "") : value;

    private static string Escape(string text, Frame frame)
    {
        frame.Work.ChargeText(text.Length * 2L);
        return new StringBuilder(text).Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;").Replace("'", "&#39;").Replace("\"", "&#34;").ToString();
    }

    private static object? ToFloat(object? value) => value switch
    {
        string text => double.TryParse(text.Trim().Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out double parsed) ? parsed : null,
        Undefined u => throw u.Error(),
        _ => PythonCompare.TryNumber(value, out double number) ? number : null,
    };

    private static object? ToInteger(object? value, CallArguments arguments, Frame frame)
    {
        object? otherwise = arguments.Get(0, "default", 0L);
        switch (value)
        {
            case long or bool:
                return PythonCompare.Integer(value);
            case double number:
                return double.IsFinite(number) && Math.Abs(number) < long.MaxValue ? (long)number : otherwise;
            case string text:
                string digits = text.Trim().Replace("_", "", StringComparison.Ordinal);
                if (long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole))
                    return whole;
                return double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out double real) && Math.Abs(real) < long.MaxValue ? (long)real : otherwise;
            case Undefined u:
                throw u.Error();
            default:
                return otherwise;
        }
    }

    private static string Indent(object? value, CallArguments arguments, Frame frame)
    {
        string text = Text(value, frame);
        string by = arguments.Get(0, "width", 4L) is string given ? given : new string(' ', (int)Math.Clamp(PythonCompare.Integer(arguments.Get(0, "width", 4L)), 0, 1000));
        bool first = PythonCompare.IsTrue(arguments.Get(1, "first", false));
        bool blank = PythonCompare.IsTrue(arguments.Get(2, "blank", false));
        string[] lines = text.Split('\n');
        frame.Work.ChargeText(text.Length + (long)lines.Length * by.Length);
        var result = new StringBuilder(text.Length + lines.Length * by.Length);
        for (int i = 0; i < lines.Length; i++)
        {
            if (i > 0)
                result.Append('\n');
            // The first line is asked for by "first" alone; empty ones stay empty.
            if (i == 0 ? first : blank || lines[i].Length > 0)
                result.Append(by);
            result.Append(lines[i]);
        }
        return result.ToString();
    }

    private static object? Reverse(object? value, CallArguments arguments, Frame frame)
    {
        if (value is string text)
        {
            List<string> characters = PythonText.Characters(text);
            frame.Work.ChargeText(text.Length * 4L);
            characters.Reverse();
            return string.Concat(characters);
        }
        List<object?> items = [.. Operations.Iterate(value, frame.Work)];
        items.Reverse();
        return PythonList.Lazy(items);
    }

    private static object? Round(object? value, CallArguments arguments, Frame frame)
    {
        if (!PythonCompare.TryNumber(value, out double number))
            throw new TemplateException($"type {PythonText.TypeName(value)} doesn't define __round__ method");
        int digits = (int)Math.Clamp(PythonCompare.Integer(arguments.Get(0, "precision", 0L)), -15, 15);
        double scale = Math.Pow(10, Math.Abs(digits));
        double scaled = digits >= 0 ? number * scale : number / scale;
        object? method = arguments.Get(1, "method", "common");
        double rounded = method switch
        {
            "common" => digits >= 0 ? Math.Round(number, digits, MidpointRounding.ToEven) : Math.Round(scaled, MidpointRounding.ToEven) * scale,
            "ceil" => digits >= 0 ? Math.Ceiling(scaled) / scale : Math.Ceiling(scaled) * scale,
            "floor" => digits >= 0 ? Math.Floor(scaled) / scale : Math.Floor(scaled) * scale,
            _ => throw new TemplateException("method must be common, ceil or floor"),
        };
        // Python's round() of a whole number is one; ceil and floor go through a division.
        object? boxed = value is not double && method is "common" ? (long)rounded : null;
        return boxed ?? rounded;
    }

    private static string Truncate(object? value, CallArguments arguments, Frame frame)
    {
        string text = Text(value, frame);
        int length = (int)Math.Clamp(PythonCompare.Integer(arguments.Get(0, "length", 255L)), 0, int.MaxValue / 2);
        bool cutWords = PythonCompare.IsTrue(arguments.Get(1, "killwords", false));
        string end = PythonText.Str(arguments.Get(2, "end", "..."));
        int leeway = (int)Math.Clamp(PythonCompare.Integer(arguments.Get(3, "leeway") ?? 5L), 0, int.MaxValue / 2);
        if (text.Length <= length + leeway || length < end.Length)
            return text;
        string cut = text[..(length - end.Length)];
        if (!cutWords && cut.LastIndexOf(' ') is var space and >= 0)
            cut = cut[..space];
        return cut + end;
    }
}
