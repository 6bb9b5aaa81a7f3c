namespace GreenTune.Accounting.Store;

/// <summary>
/// What a write has to itself. Two writes with a key in common never overlap, in however many processes; a write of everything overlaps none. SQLite has
/// one writer anyway, so there it makes no difference.
/// </summary>
internal readonly struct WriteScope
{
    private readonly string[]? _keys;

    private WriteScope(string[] keys) => _keys = keys;

    /// <summary>Nobody else writes meanwhile.</summary>
    public static WriteScope Everything => default;

    /// <summary>Null for everything.</summary>
    public IReadOnlyList<string>? Keys => _keys;

    /// <summary>Whatever decides over one tenant alone.</summary>
    public static WriteScope Tenant(string tenant) => Of($"tenant:{tenant}");

    /// <param name="keys">What is decided over, each with its kind in front, for example "tenant:support".</param>
    public static WriteScope Of(params string[] keys)
    {
        ArgumentOutOfRangeException.ThrowIfZero(keys.Length);
        return new WriteScope(keys);
    }
}
