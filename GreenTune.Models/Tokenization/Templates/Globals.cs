namespace GreenTune.Models.Tokenization.Templates;

/// <summary>Functions that every template has.</summary>
internal static class Globals
{
    /// <summary>As in Jinja's sandbox.</summary>
    private const int LongestRange = 100_000;

    public static Callable? Find(string name, Rendering rendering) => name switch
    {
        "range" => new Callable(name, a => Range(a, rendering.Work)),
        "dict" => new Callable(name, Dictionary),
        "namespace" => new Callable(name, Namespace),
        "raise_exception" => new Callable(name, a => throw new TemplateException(PythonText.Str(a.Get(0, "message"), rendering.Work))),
        "strftime_now" => new Callable(name, a => PythonTime.Format(rendering.Time.GetLocalNow(), a.Text(0, "format", "strftime_now()"), rendering.Work)),
        "joiner" => new Callable(name, a => Joiner(a.Get(0, "sep", ", "))),
        _ => null,
    };

    private static PythonList Range(CallArguments arguments, WorkBudget work)
    {
        if (arguments.Positional.Count is 0 or > 3)
            throw new TemplateException($"range expected 1 to 3 arguments, got {arguments.Positional.Count}");
        long[] bounds = [.. arguments.Positional.Select(PythonCompare.Integer)];
        (long start, long stop, long step) = (bounds.Length > 1 ? bounds[0] : 0, bounds.Length > 1 ? bounds[1] : bounds[0], bounds.Length > 2 ? bounds[2] : 1);
        if (step == 0)
            throw new TemplateException("range() arg 3 must not be zero");
        double count = Math.Max(0, Math.Ceiling(((double)stop - start) / step));
        if (count > LongestRange)
            throw new TemplateException($"Range too big. The sandbox blocks ranges larger than MAX_RANGE ({LongestRange}).");
        work.Charge((long)count * 4);
        var items = new List<object?>((int)count);
        for (int i = 0; i < (int)count; i++)
            items.Add(start + i * step);
        return new PythonList(items);
    }

    private static PythonDictionary Dictionary(CallArguments arguments)
    {
        var result = new PythonDictionary();
        if (arguments.Get(0, "") is PythonDictionary first)
        {
            foreach ((object key, object? value) in first.Items)
                result.Items[key] = value;
        }
        foreach ((string key, object? value) in arguments.Named)
            result.Set(key, value);
        return result;
    }

    private static TemplateNamespace Namespace(CallArguments arguments)
    {
        var space = new TemplateNamespace();
        if (arguments.Get(0, "") is PythonDictionary first)
        {
            foreach ((object key, object? value) in first.Items)
                space.Attributes[PythonText.Str(key)] = value;
        }
        foreach ((string key, object? value) in arguments.Named)
            space.Attributes[key] = value;
        return space;
    }

    private static Callable Joiner(object? separator)
    {
        bool used = false;
        return new Callable("joiner", _ =>
        {
            object? text = used ? separator : "";
            used = true;
            return text;
        });
    }
}
