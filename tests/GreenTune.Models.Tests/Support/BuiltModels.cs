using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Store;

namespace GreenTune.Models.Tests.Support;

/// <summary>Folders of the embedded models, built once for all tests, on demand.</summary>
public sealed class BuiltModels : IDisposable
{
    private readonly TemporaryFolder _cache = new();
    private readonly ModelStore _store;

    public BuiltModels() => _store = ModelStore.Open(new ModelStoreOptions { SourceFolder = Repository.Models, CacheFolder = _cache.Path });

    public ModelFolder Folder(string id, Provider provider = Provider.Cpu) =>
        _store.EnsureBuiltAsync(_store.Find(id, provider)).GetAwaiter().GetResult();

    public void Dispose() => _cache.Dispose();
}
