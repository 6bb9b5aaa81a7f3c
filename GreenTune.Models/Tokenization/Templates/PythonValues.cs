namespace GreenTune.Models.Tokenization.Templates;

// Values of a template are those of Python: null (None), bool, long, double, string, and the classes below.

/// <summary>A list, a tuple, or what a lazy filter gives.</summary>
internal sealed class PythonList(List<object?> items, PythonListKind kind = PythonListKind.List)
{
    public List<object?> Items { get; } = items;

    public PythonListKind Kind { get; } = kind;

    public static PythonList Tuple(params List<object?> items) => new(items, PythonListKind.Tuple);

    public static PythonList Lazy(List<object?> items) => new(items, PythonListKind.Lazy);
}

internal enum PythonListKind
{
    List,
    Tuple,

    /// <summary>A generator: it has no length and is always true.</summary>
    Lazy,
}

/// <summary>A dictionary in the order of insertion.</summary>
internal sealed class PythonDictionary
{
    public OrderedDictionary<object, object?> Items { get; } = new(PythonKeyComparer.Instance);

    /// <exception cref="TemplateException">The key cannot be one.</exception>
    public void Set(object? key, object? value) => Items[Key(key)] = value;

    public bool TryGet(object? key, out object? value) => Items.TryGetValue(Key(key), out value);

    public static object? FromKey(object key) => ReferenceEquals(key, NoneKey) ? null : key;

    private static readonly object NoneKey = new();

    private static object Key(object? key) => key switch
    {
        null => NoneKey,
        bool flag => flag ? 1L : 0L,
        double number when number == Math.Floor(number) && Math.Abs(number) < 1e15 => (long)number,
        PythonList { Kind: PythonListKind.List } => throw new TemplateException("unhashable type: 'list'"),
        PythonDictionary => throw new TemplateException("unhashable type: 'dict'"),
        _ => key,
    };

    private sealed class PythonKeyComparer : IEqualityComparer<object>
    {
        public static readonly PythonKeyComparer Instance = new();

        public new bool Equals(object? x, object? y) => ReferenceEquals(x, y) || (x is PythonList a && y is PythonList b ? PythonCompare.AreEqual(a, b) : object.Equals(x, y));

        public int GetHashCode(object obj) => obj is PythonList list ? list.Items.Count : obj.GetHashCode();
    }
}

/// <summary>What a name or field that is not there gives; most uses are errors with its message.</summary>
internal sealed class Undefined(string message)
{
    public string Message { get; } = message;

    public static Undefined Name(string name) => new($"'{name}' is undefined");

    public static Undefined Attribute(object? of, string name) => new($"'{PythonText.TypeLabel(of)}' has no attribute {PythonText.Repr(name)}");

    public static Undefined Element(object? of, object? key) => new($"{PythonText.TypeLabel(of)} has no element {PythonText.Repr(key)}");

    public TemplateException Error() => new(Message);
}

/// <summary>namespace(...): the one object whose attributes a template may set.</summary>
internal sealed class TemplateNamespace
{
    public Dictionary<string, object?> Attributes { get; } = new(StringComparer.Ordinal);
}

/// <summary>Arguments of a call.</summary>
internal sealed class CallArguments(List<object?> positional, Dictionary<string, object?>? named = null)
{
    private static readonly Dictionary<string, object?> None = [];

    public List<object?> Positional { get; } = positional;

    public Dictionary<string, object?> Named { get; } = named ?? None;

    /// <summary>An argument by place or name, or what it is without.</summary>
    public object? Get(int place, string name, object? otherwise = null) =>
        place < Positional.Count ? Positional[place] : Named.TryGetValue(name, out object? value) ? value : otherwise;

    public bool Has(int place, string name) => place < Positional.Count || Named.ContainsKey(name);

    public object? Required(int place, string name, string of) => Has(place, name) ? Get(place, name) : throw new TemplateException($"{of} missing 1 required argument: '{name}'");

    /// <summary>A text argument.</summary>
    public string Text(int place, string name, string of) => Required(place, name, of) is string text ? text : throw new TemplateException($"{of}: argument '{name}' must be str, not {PythonText.TypeName(Get(place, name))}");

    public CallArguments Without(int count) => new(Positional.Count <= count ? [] : Positional[count..], Named);
}

/// <summary>Something that a template can call.</summary>
internal sealed class Callable(string name, Func<CallArguments, object?> body)
{
    public string Name { get; } = name;

    public object? Call(CallArguments arguments) => body(arguments);
}
