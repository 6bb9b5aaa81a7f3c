using GreenTune.Models.Download;
using GreenTune.Models.Store;

namespace GreenTune.Models.Catalog;

/// <summary>A model's source on this machine.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Folder">Full path.</param>
/// <param name="Kind">Form of a checkpoint; null for a model folder that is served as it is.</param>
/// <param name="Embedded">Ships with GreenTune, or lies beside what does.</param>
/// <param name="Bytes">Size of its files.</param>
/// <param name="Pin">Where it was pulled from; null where it was not pulled, or its record cannot be read.</param>
/// <param name="CatalogId">The catalog's entry it is of; null for none.</param>
public sealed record CheckpointInfo(string Name, string Folder, CheckpointKind? Kind, bool Embedded, long Bytes, SourcePin? Pin, string? CatalogId)
{
    /// <summary>Every checkpoint, those that ship with GreenTune first, then imported model folders.</summary>
    public static IReadOnlyList<CheckpointInfo> List(ModelStore store, ModelCatalog catalog) =>
    [
        .. store.Checkpoints().Select(f => Of(f, CheckpointKinds.Of(f), store, catalog)),
        .. store.ForeignFolders().Select(f => Of(f, null, store, catalog)),
    ];

    private static CheckpointInfo Of(string folder, CheckpointKind? kind, ModelStore store, ModelCatalog catalog)
    {
        string name = Path.GetFileName(folder);
        SourcePin? pin = null;
        try
        {
            pin = SourcePin.Read(folder);
        }
        catch (ModelFolderException)
        {
            // It is listed without its origin; pulling it again says what is wrong with the record.
        }
        string? id = pin is null ? null : catalog.Entries.FirstOrDefault(e => string.Equals(e.Repository, pin.Repository, StringComparison.OrdinalIgnoreCase))?.Id;
        long bytes = new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length);
        return new CheckpointInfo(name, folder, kind, Path.GetDirectoryName(folder) == store.SourceFolder, bytes, pin, id);
    }
}
