using GreenTune.Models.Download;

namespace GreenTune.Models.Catalog;

/// <summary>Turns what a person asks for into what is pulled.</summary>
public static class PullTarget
{
    /// <summary>A catalog's id, or a repository as org/name or org/name@revision.</summary>
    /// <param name="catalog">Short names.</param>
    /// <param name="asked">An id or a repository.</param>
    /// <param name="revision">Asked for on its own; null takes the one behind @, else the catalog's.</param>
    /// <param name="name">Name of the checkpoint; null takes the catalog's id, else the repository's name.</param>
    /// <param name="files">Files to take; null takes the catalog's, else the usual ones.</param>
    /// <exception cref="UnknownModelException">It is neither.</exception>
    public static PullRequest Resolve(ModelCatalog catalog, string asked, string? revision = null, string? name = null, IReadOnlyList<string>? files = null)
    {
        files = files is { Count: > 0 } ? files : null;
        if (catalog.Find(asked) is { } entry)
            return Of(entry, revision, name, files);
        HubRepository repository = HubRepository.TryParse(asked) ?? throw new UnknownModelException(asked, catalog);
        if (revision is not null && repository.Revision is not null && revision != repository.Revision)
            throw new HubException(HubFailure.Refused, $"two revisions are asked for: {repository.Revision} behind @, and {revision}");
        revision ??= repository.Revision;
        // The catalog knows the licence and the name of a repository that is asked for in full.
        return catalog.Entries.FirstOrDefault(e => string.Equals(e.Repository, repository.Name, StringComparison.OrdinalIgnoreCase)) is { } known
            ? Of(known, revision, name, files)
            : new PullRequest { Repository = repository.Name, Revision = revision, Name = name ?? repository.ShortName, Files = files };
    }

    private static PullRequest Of(CatalogEntry entry, string? revision, string? name, IReadOnlyList<string>? files) => new()
    {
        Repository = entry.Repository,
        // The branch that most entries have is what a pull takes by itself, unless the checkpoint is pinned already.
        Revision = revision ?? (entry.Revision == HubRepository.DefaultRevision ? null : entry.Revision),
        Name = name ?? entry.Id,
        Files = files ?? entry.Files,
        License = entry.License,
    };
}

/// <summary>What was asked for is neither in the catalog nor a repository's name.</summary>
public sealed class UnknownModelException(string asked, ModelCatalog catalog)
    : Exception($"'{(asked.Length > 80 ? asked[..80] + "..." : asked)}' is neither in the catalog nor a repository ({HubRepository.Expected}). The catalog has: {string.Join(", ", catalog.Entries.Select(e => e.Id))}.");
