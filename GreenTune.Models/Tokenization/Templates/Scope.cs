namespace GreenTune.Models.Tokenization.Templates;

/// <summary>Names at one place of a template.</summary>
internal sealed class Scope(Scope? outer)
{
    private readonly Dictionary<string, object?> _names = new(StringComparer.Ordinal);

    public void Set(string name, object? value) => _names[name] = value;

    public bool TryGet(string name, out object? value)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._names.TryGetValue(name, out value))
                return true;
        }
        value = null;
        return false;
    }

    private Scope? Outer { get; } = outer;
}

/// <summary>One rendering of a template.</summary>
internal sealed class Rendering(TimeProvider time)
{
    public WorkBudget Work { get; } = new();

    public TimeProvider Time { get; } = time;
}

/// <summary>Where an expression is evaluated.</summary>
/// <param name="Rendering">The rendering it belongs to.</param>
/// <param name="Scope">Its names.</param>
internal readonly record struct Frame(Rendering Rendering, Scope Scope)
{
    public WorkBudget Work => Rendering.Work;

    public Frame Inner() => this with { Scope = new Scope(Scope) };
}
