using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Store;

namespace GreenTune.Models.Tests.Support;

/// <summary>
/// Folders of the embedded models, built on demand and kept in artifacts/test-cache for the next run. The cache is named after the build of
/// GreenTune.Models, so that a change of its code is never tested on folders that older code made.
/// </summary>
public sealed class BuiltModels
{
    private const string Prefix = "models-";
    private readonly ModelStore _store;

    public BuiltModels()
    {
        string caches = Path.Combine(Repository.Root, "artifacts", "test-cache");
        string own = Path.Combine(caches, Prefix + typeof(ModelStore).Module.ModuleVersionId.ToString("N"));
        Directory.CreateDirectory(own);
        foreach (string other in Directory.EnumerateDirectories(caches, Prefix + "*").Where(f => f != own))
            BuildPlace.Remove(other);
        _store = ModelStore.Open(new ModelStoreOptions { SourceFolder = Repository.Models, CacheFolder = own });
    }

    public ModelFolder Folder(string id, Provider provider = Provider.Cpu) =>
        _store.EnsureBuiltAsync(_store.Find(id, provider)).GetAwaiter().GetResult();
}
