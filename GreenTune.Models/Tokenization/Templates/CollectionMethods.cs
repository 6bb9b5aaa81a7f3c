namespace GreenTune.Models.Tokenization.Templates;

/// <summary>Methods of lists and dictionaries. Those that change them are refused, as in Jinja's immutable sandbox, which transformers uses.</summary>
internal static class CollectionMethods
{
    public static Callable? Find(PythonDictionary dictionary, string name) => name switch
    {
        "get" => new Callable(name, a => dictionary.TryGet(a.Required(0, "key", "get()"), out object? value) ? value : a.Get(1, "default")),
        "items" => new Callable(name, _ => Items(dictionary)),
        "keys" => new Callable(name, _ => new PythonList([.. dictionary.Items.Keys.Select(PythonDictionary.FromKey)])),
        "values" => new Callable(name, _ => new PythonList([.. dictionary.Items.Values])),
        "copy" => new Callable(name, _ => Copy(dictionary)),
        "clear" or "pop" or "popitem" or "setdefault" or "update" => Refused("dict", name),
        _ => null,
    };

    public static Callable? Find(PythonList list, string name, WorkBudget work) => name switch
    {
        "count" => new Callable(name, a => (long)list.Items.Count(i => PythonCompare.AreEqual(i, a.Required(0, "value", "count()"), work))),
        "index" => new Callable(name, a => list.Items.FindIndex(i => PythonCompare.AreEqual(i, a.Required(0, "value", "index()"), work)) is var at and >= 0
            ? (long)at
            : throw new TemplateException($"{PythonText.Repr(a.Get(0, "value"))} is not in list")),
        "copy" when list.Kind == PythonListKind.List => new Callable(name, _ => Copy(list, work)),
        "append" or "clear" or "extend" or "insert" or "pop" or "remove" or "reverse" or "sort" when list.Kind == PythonListKind.List => Refused("list", name),
        _ => null,
    };

    public static PythonList Items(PythonDictionary dictionary) =>
        new([.. dictionary.Items.Select(e => PythonList.Tuple(PythonDictionary.FromKey(e.Key), e.Value))]);

    private static PythonDictionary Copy(PythonDictionary dictionary)
    {
        var copy = new PythonDictionary();
        foreach ((object key, object? value) in dictionary.Items)
            copy.Items[key] = value;
        return copy;
    }

    private static PythonList Copy(PythonList list, WorkBudget work)
    {
        work.Charge(list.Items.Count);
        return new PythonList([.. list.Items]);
    }

    private static Callable Refused(string type, string name) =>
        new(name, _ => throw new TemplateException($"access to attribute '{name}' of '{type}' object is unsafe."));
}
