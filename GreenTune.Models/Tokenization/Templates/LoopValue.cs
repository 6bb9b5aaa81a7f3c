namespace GreenTune.Models.Tokenization.Templates;

/// <summary>The name "loop" inside a for.</summary>
internal sealed class LoopValue(List<object?> items, int depth, Func<object?, string>? recurse)
{
    private object? _last = new();

    /// <summary>Turn, from 0.</summary>
    public int Place { get; set; }

    public bool TryGet(string name, out object? value)
    {
        value = name switch
        {
            "index" => Place + 1L,
            "index0" => (long)Place,
            "revindex" => (long)(items.Count - Place),
            "revindex0" => items.Count - Place - 1L,
            "first" => Place == 0,
            "last" => Place == items.Count - 1,
            "length" => (long)items.Count,
            "depth" => (long)depth,
            "depth0" => depth - 1L,
            "previtem" => Place > 0 ? items[Place - 1] : new Undefined("there is no previous item"),
            "nextitem" => Place + 1 < items.Count ? items[Place + 1] : new Undefined("there is no next item"),
            "cycle" => new Callable("cycle", a => a.Positional.Count > 0 ? a.Positional[Place % a.Positional.Count] : throw new TemplateException("no items for cycling given")),
            "changed" => new Callable("changed", a => Changed(a)),
            _ => this,
        };
        return !ReferenceEquals(value, this);
    }

    /// <summary>loop(children) of a recursive for.</summary>
    public string Recurse(CallArguments arguments) => recurse is null
        ? throw new TemplateException("The loop must have the 'recursive' marker to be called recursively.")
        : recurse(arguments.Required(0, "iterable", "loop()"));

    private bool Changed(CallArguments arguments)
    {
        PythonList now = PythonList.Tuple([.. arguments.Positional]);
        bool changed = !PythonCompare.AreEqual(_last, now);
        _last = now;
        return changed;
    }
}
