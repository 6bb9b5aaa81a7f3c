namespace GreenTune.Models.Tokenization.Templates;

/// <summary>Attributes, items and slices of values.</summary>
internal static class Members
{
    /// <summary>a.name: attributes and methods first, then items.</summary>
    public static object? Attribute(object? of, string name, Frame frame)
    {
        if (of is Undefined missing)
            throw missing.Error();
        if (Own(of, name, frame) is { } own)
            return own.Value;
        return of is PythonDictionary dictionary && dictionary.TryGet(name, out object? value) ? value : Undefined.Attribute(of, name);
    }

    /// <summary>a[key]: items first, then attributes.</summary>
    public static object? Item(object? of, object? key, Frame frame)
    {
        switch (of)
        {
            case Undefined missing:
                throw missing.Error();
            case PythonDictionary dictionary:
                if (dictionary.TryGet(key is Undefined undefined ? throw undefined.Error() : key, out object? value))
                    return value;
                break;
            case PythonList { Kind: not PythonListKind.Lazy } list when key is long or bool:
                return Place(PythonCompare.Integer(key), list.Items.Count) is { } at ? list.Items[at] : Undefined.Element(of, key);
            case string text when key is long or bool:
                frame.Work.Charge(text.Length / 8);
                return Character(text, PythonCompare.Integer(key)) ?? (object)Undefined.Element(of, key);
        }
        if (key is string name)
            return Own(of, name, frame) is { } own ? own.Value : Undefined.Attribute(of, name);
        return Undefined.Element(of, key);
    }

    public static object Slice(object? of, object? start, object? stop, object? step, WorkBudget work)
    {
        if (of is Undefined missing)
            throw missing.Error();
        long by = step is null ? 1 : PythonCompare.Integer(step);
        if (by == 0)
            throw new TemplateException("slice step cannot be zero");
        switch (of)
        {
            case string text:
                work.Charge(text.Length);
                if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') && by == 1)
                {
                    (long from, long to) = Bounds(start, stop, by, text.Length);
                    return from < to ? text[(int)from..(int)to] : "";
                }
                return string.Concat(Pick(PythonText.Characters(text), start, stop, by));
            case PythonList { Kind: not PythonListKind.Lazy } list:
                work.Charge(list.Items.Count);
                return new PythonList(Pick(list.Items, start, stop, by), list.Kind);
            default:
                throw new TemplateException($"'{PythonText.TypeName(of)}' object is not subscriptable");
        }
    }

    private static (object? Value, bool Found)? Own(object? of, string name, Frame frame)
    {
        // As in Jinja's sandbox nothing behind an underscore is reachable.
        if (name.StartsWith('_'))
            return null;
        switch (of)
        {
            case TemplateNamespace space:
                return space.Attributes.TryGetValue(name, out object? value) ? (value, true) : null;
            case LoopValue loop:
                return loop.TryGet(name, out object? part) ? (part, true) : null;
            case string text:
                return StringMethods.Find(text, name, frame.Work) is { } method ? (method, true) : null;
            case PythonDictionary dictionary:
                return CollectionMethods.Find(dictionary, name) is { } ofDictionary ? (ofDictionary, true) : null;
            case PythonList list:
                return CollectionMethods.Find(list, name, frame.Work) is { } ofList ? (ofList, true) : null;
            case Callable callable when name == "name":
                return (callable.Name, true);
            default:
                return null;
        }
    }

    private static int? Place(long index, int count)
    {
        if (index < 0)
            index += count;
        return index >= 0 && index < count ? (int)index : null;
    }

    private static string? Character(string text, long index)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            return Place(index, text.Length) is { } at ? text[at].ToString() : null;
        List<string> characters = PythonText.Characters(text);
        return Place(index, characters.Count) is { } place ? characters[place] : null;
    }

    private static List<T> Pick<T>(List<T> items, object? start, object? stop, long by)
    {
        (long from, long to) = Bounds(start, stop, by, items.Count);
        var picked = new List<T>();
        for (long i = from; by > 0 ? i < to : i > to; i += by)
            picked.Add(items[(int)i]);
        return picked;
    }

    private static (long From, long To) Bounds(object? start, object? stop, long by, int count)
    {
        long low = by > 0 ? 0 : -1;
        long high = by > 0 ? count : count - 1;
        return (Bound(start, by > 0 ? low : high), Bound(stop, by > 0 ? high : low));

        long Bound(object? given, long otherwise)
        {
            if (given is null)
                return otherwise;
            long index = PythonCompare.Integer(given);
            return Math.Clamp(index < 0 ? Math.Max(index + count, low) : index, low, high);
        }
    }
}
