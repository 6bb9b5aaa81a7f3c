using System.Text.RegularExpressions;
using GreenTune.Models.Building;
using GreenTune.Models.Folders;

namespace GreenTune.Models.Store;

/// <summary>What a removal takes away.</summary>
/// <param name="Name">The model.</param>
/// <param name="Source">Its checkpoint, or its imported model folder; null where only built folders go.</param>
/// <param name="Built">Folders that were built from it.</param>
public sealed record RemovalPlan(string Name, StaleFolder? Source, IReadOnlyList<StaleFolder> Built)
{
    /// <summary>What it frees.</summary>
    public long Bytes => (Source?.Bytes ?? 0) + Built.Sum(f => f.Bytes);
}

/// <summary>A model cannot be removed: it ships with GreenTune, is in use, or does not exist.</summary>
public sealed class RemovalException(RemovalFailure failure, string message) : Exception(message)
{
    public RemovalFailure Failure { get; } = failure;
}

public enum RemovalFailure
{
    Unknown,
    Embedded,
    InUse,
}

/// <summary>Removes pulled and imported models and what was built from them, unless someone uses them.</summary>
public sealed class ModelRemover(ModelStore store)
{
    /// <summary>Names that have something to remove.</summary>
    public IReadOnlyList<string> Names() => [.. store.CachedCheckpoints().Concat(store.ForeignFolders()).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    /// <param name="name">A checkpoint or imported model folder.</param>
    /// <param name="builtOnly">Its checkpoint stays.</param>
    /// <exception cref="RemovalException">There is no such model, or it ships with GreenTune.</exception>
    public RemovalPlan Plan(string name, bool builtOnly)
    {
        string? source = store.CachedCheckpoints().Concat(store.ForeignFolders()).FirstOrDefault(f => Same(Path.GetFileName(f), name));
        bool embedded = store.IsEmbedded(name);
        if (embedded && !builtOnly)
            throw new RemovalException(RemovalFailure.Embedded, $"{name} ships with GreenTune and stays; --built-only removes what was built from it");
        if (source is null && !embedded)
        {
            string known = string.Join(", ", Names());
            throw new RemovalException(RemovalFailure.Unknown, $"there is no pulled or imported model '{(name.Length > 80 ? name[..80] + "..." : name)}'; {(known.Length == 0 ? "none is there" : $"there are {known}")}");
        }
        return new RemovalPlan(source is null ? name : Path.GetFileName(source), builtOnly || source is null ? null : Measured(source), [.. Built(name).Select(Measured)]);
    }

    /// <summary>Removes what the plan says, all or nothing as far as locks tell.</summary>
    /// <exception cref="RemovalException">A service or a build uses one of the folders; nothing was removed.</exception>
    public void Remove(RemovalPlan plan)
    {
        var held = new List<IDisposable>();
        try
        {
            foreach (string folder in plan.Built.Select(b => b.Path))
                held.Add(FolderUse.TryExclude(folder) ?? throw InUse(plan, "a service uses it", folder));
            // A build that only begins has no folder yet, but a lock.
            foreach (string folder in Locks(plan.Name).Union(plan.Built.Select(b => b.Path)))
                held.Add(new BuildPlace(folder).TryLock() ?? throw InUse(plan, "it is being built", folder));
            if (plan.Source is { } source)
            {
                held.Add(FolderUse.TryExclude(source.Path) ?? throw InUse(plan, "a service uses it", source.Path));
                held.Add(new BuildPlace(source.Path).TryLock() ?? throw InUse(plan, "it is being pulled", source.Path));
            }
            foreach (string folder in plan.Built.Select(b => b.Path).Append(plan.Source?.Path).OfType<string>())
            {
                BuildPlace.Remove(folder);
                if (Directory.Exists(folder))
                    throw InUse(plan, "a file of it is open", folder);
            }
        }
        finally
        {
            held.ForEach(h => h.Dispose());
        }
    }

    private static RemovalException InUse(RemovalPlan plan, string why, string folder) =>
        new(RemovalFailure.InUse, $"{plan.Name} is not removed: {why} ({folder}); stop that first");

    /// <summary>Folders whose own record says that they were made from the model.</summary>
    private IEnumerable<string> Built(string name)
    {
        if (!Directory.Exists(store.Folder))
            yield break;
        foreach (string folder in Directory.EnumerateDirectories(store.Folder).Where(f => !Path.GetFileName(f).StartsWith('.')).Order(StringComparer.Ordinal))
        {
            string? model = null;
            try
            {
                model = ModelManifest.Read(folder)?.Model;
            }
            catch (ModelFolderException)
            {
                // A damaged folder is stale, not this model's.
            }
            if (Same(model, name))
                yield return folder;
        }
    }

    private IEnumerable<string> Locks(string name)
    {
        string locks = Path.Combine(store.Folder, ".locks");
        if (!Directory.Exists(locks))
            return [];
        string words = string.Join('|', Enum.GetValues<Precision>().Select(p => p.Word()));
        var own = new Regex($"^{Regex.Escape(name)}-({words})(-.*)?\\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
        return [.. Directory.EnumerateFiles(locks).Select(f => Path.GetFileName(f)!).Where(f => own.IsMatch(f) && !f.EndsWith(".use", StringComparison.Ordinal)).Select(f => Path.Combine(store.Folder, f))];
    }

    private static StaleFolder Measured(string folder) => new(folder, new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length));

    private static bool Same(string? a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
