using System.Globalization;

namespace GreenTune.Models.Tokenization.Templates;

/// <summary>Jinja's filters over lists.</summary>
internal static class ListFilters
{
    public static object Batch(object? value, CallArguments arguments, Frame frame)
    {
        int size = (int)Math.Clamp(PythonCompare.Integer(arguments.Required(0, "linecount", "batch")), 1, int.MaxValue);
        var batches = new List<object?>();
        foreach (object?[] chunk in Operations.Iterate(value, frame.Work).Chunk(size))
        {
            List<object?> items = [.. chunk];
            if (arguments.Get(1, "fill_with") is { } fill)
            {
                frame.Work.Charge(size);
                while (items.Count < size && items.Count < 100_000)
                    items.Add(fill);
            }
            batches.Add(new PythonList(items));
        }
        return PythonList.Lazy(batches);
    }

    public static object Slice(object? value, CallArguments arguments, Frame frame)
    {
        List<object?> items = Operations.Iterate(value, frame.Work);
        int count = (int)Math.Clamp(PythonCompare.Integer(arguments.Required(0, "slices", "slice")), 1, 100_000);
        frame.Work.Charge(count);
        int each = items.Count / count;
        int more = items.Count % count;
        var slices = new List<object?>();
        for (int i = 0, start = 0; i < count; i++)
        {
            int length = each + (i < more ? 1 : 0);
            slices.Add(new PythonList(items.GetRange(start, length)));
            start += length;
        }
        return PythonList.Lazy(slices);
    }

    public static object SortDictionary(object? value, CallArguments arguments, Frame frame)
    {
        if (value is not PythonDictionary dictionary)
            throw new TemplateException("You can only sort a mapping.");
        int part = arguments.Get(1, "by", "key") switch
        {
            "key" => 0,
            "value" => 1,
            _ => throw new TemplateException("You can only sort by either \"key\" or \"value\""),
        };
        return Sorted(CollectionMethods.Items(dictionary).Items, item => ((PythonList)item!).Items[part], PythonCompare.IsTrue(arguments.Get(0, "case_sensitive", false)),
            PythonCompare.IsTrue(arguments.Get(2, "reverse", false)), frame);
    }

    public static object Sort(object? value, CallArguments arguments, Frame frame) =>
        Sorted(Operations.Iterate(value, frame.Work), Getter(arguments.Get(2, "attribute"), frame), PythonCompare.IsTrue(arguments.Get(1, "case_sensitive", false)),
            PythonCompare.IsTrue(arguments.Get(0, "reverse", false)), frame);

    public static object GroupBy(object? value, CallArguments arguments, Frame frame)
    {
        Func<object?, object?> key = Getter(arguments.Required(0, "attribute", "groupby"), frame, arguments.Get(1, "default"));
        PythonList sorted = Sorted(Operations.Iterate(value, frame.Work), key, caseSensitive: false, reverse: false, frame);
        var groups = new List<object?>();
        PythonList? last = null;
        foreach (object? item in sorted.Items)
        {
            object? group = key(item);
            if (last is null || !PythonCompare.AreEqual(last.Items[0], group, frame.Work))
                groups.Add(last = PythonList.Tuple(group, new PythonList([])));
            ((PythonList)last.Items[1]!).Items.Add(item);
        }
        return new PythonList(groups);
    }

    public static object Join(object? value, CallArguments arguments, Frame frame)
    {
        Func<object?, object?> get = Getter(arguments.Get(1, "attribute"), frame);
        string separator = PythonText.Str(arguments.Get(0, "d", ""), frame.Work);
        var texts = new PythonList([.. Operations.Iterate(value, frame.Work).Select(item => PythonText.Str(get(item), frame.Work))]);
        return StringMethods.Join(separator, texts, frame.Work);
    }

    /// <summary>map(attribute=...) or map(filter, its arguments).</summary>
    public static object Map(object? value, CallArguments arguments, Frame frame)
    {
        Func<object?, object?> get;
        if (arguments.Positional.Count == 0 && arguments.Named.TryGetValue("attribute", out object? attribute))
        {
            get = Getter(attribute, frame, arguments.Get(99, "default"));
        }
        else
        {
            string filter = arguments.Text(0, "filter", "map");
            CallArguments rest = arguments.Without(1);
            get = item => Filters.Apply(filter, item, rest, frame);
        }
        return PythonList.Lazy(Each(value, get, frame));
    }

    /// <summary>select, reject, selectattr, rejectattr: by a test, or by truth.</summary>
    public static object Select(object? value, CallArguments arguments, Frame frame, bool byAttribute, bool keep)
    {
        Func<object?, object?> get = byAttribute ? Getter(arguments.Required(0, "attribute", "selectattr"), frame) : static item => item;
        CallArguments rest = byAttribute ? arguments.Without(1) : arguments;
        string? test = rest.Positional.Count > 0 ? rest.Text(0, "test", "select") : null;
        CallArguments testArguments = rest.Without(1);
        var kept = new List<object?>();
        foreach (object? item in Operations.Iterate(value, frame.Work))
        {
            frame.Work.Step();
            object? part = get(item);
            if ((test is null ? PythonCompare.IsTrue(part) : TemplateTests.Holds(test, part, testArguments, frame)) == keep)
                kept.Add(item);
        }
        return PythonList.Lazy(kept);
    }

    public static object? Extreme(object? value, CallArguments arguments, Frame frame, bool largest)
    {
        List<object?> items = Operations.Iterate(value, frame.Work);
        if (items.Count == 0)
            return new Undefined("No aggregated item, sequence was empty.");
        Func<object?, object?> key = Key(Getter(arguments.Get(1, "attribute"), frame), PythonCompare.IsTrue(arguments.Get(0, "case_sensitive", false)));
        object? best = items[0];
        foreach (object? item in items.Skip(1))
        {
            int order = PythonCompare.Compare(key(item), key(best), largest ? ">" : "<", frame.Work);
            if (largest ? order > 0 : order < 0)
                best = item;
        }
        return best;
    }

    public static object? Sum(object? value, CallArguments arguments, Frame frame)
    {
        Func<object?, object?> get = Getter(arguments.Get(0, "attribute"), frame);
        return Operations.Iterate(value, frame.Work).Aggregate(arguments.Get(1, "start", 0L), (sum, item) => Operations.Binary("+", sum, get(item), frame.Work));
    }

    public static object Unique(object? value, CallArguments arguments, Frame frame)
    {
        Func<object?, object?> key = Key(Getter(arguments.Get(1, "attribute"), frame), PythonCompare.IsTrue(arguments.Get(0, "case_sensitive", false)));
        var seen = new PythonDictionary();
        var items = new List<object?>();
        foreach (object? item in Operations.Iterate(value, frame.Work))
        {
            object? name = key(item);
            if (seen.TryGet(name, out _))
                continue;
            seen.Set(name, true);
            items.Add(item);
        }
        return PythonList.Lazy(items);
    }

    private static List<object?> Each(object? value, Func<object?, object?> get, Frame frame)
    {
        var items = new List<object?>();
        foreach (object? item in Operations.Iterate(value, frame.Work))
        {
            frame.Work.Step();
            items.Add(get(item));
        }
        return items;
    }

    private static PythonList Sorted(List<object?> items, Func<object?, object?> get, bool caseSensitive, bool reverse, Frame frame)
    {
        Func<object?, object?> key = Key(get, caseSensitive);
        var order = Comparer<object?>.Create((a, b) => PythonCompare.Compare(a, b, "<", frame.Work));
        frame.Work.Charge(16L * items.Count);
        try
        {
            // Both of LINQ's sorts keep the order of equal items, as Python's does in either direction.
            return new PythonList([.. reverse ? items.OrderByDescending(key, order) : items.OrderBy(key, order)]);
        }
        catch (InvalidOperationException e) when (e.InnerException is TemplateException inner)
        {
            throw new TemplateException(inner.Message, e);
        }
    }

    private static Func<object?, object?> Key(Func<object?, object?> get, bool caseSensitive) =>
        caseSensitive ? get : item => get(item) is string text ? PythonText.Lower(text) : get(item);

    /// <summary>"a.b.0" of an item; a default takes the place of what is not there.</summary>
    private static Func<object?, object?> Getter(object? attribute, Frame frame, object? otherwise = null)
    {
        if (attribute is null)
            return static item => item;
        string[] parts = PythonText.Str(attribute).Split('.');
        return item =>
        {
            foreach (string part in parts)
            {
                object? key = part.Length > 0 && part.All(char.IsAsciiDigit) && long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out long place) ? place : part;
                item = Members.Item(item, key, frame);
                if (item is Undefined && otherwise is not null)
                    item = otherwise;
            }
            return item;
        };
    }
}
