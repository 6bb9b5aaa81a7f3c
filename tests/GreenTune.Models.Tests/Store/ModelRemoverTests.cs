using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Store;
using GreenTune.Models.Tests.Support;

namespace GreenTune.Models.Tests.Store;

public sealed class ModelRemoverTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ModelStore _store;
    private readonly ModelRemover _remover;

    public ModelRemoverTests()
    {
        _store = ModelStore.Open(new ModelStoreOptions { SourceFolder = Repository.Models, CacheFolder = _folder.Path });
        _remover = new ModelRemover(_store);
        TemporaryFolder.Copy(Repository.Nano, Path.Combine(_store.CheckpointsFolder, "pulled"));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_checkpoint_goes_with_what_was_built_from_it_and_nothing_else()
    {
        ModelFolder own = await BuildAsync("pulled-int4");
        ModelFolder other = await BuildAsync("greentune-nano-int4");
        RemovalPlan plan = _remover.Plan("PULLED", builtOnly: false);
        Assert.Equal([own.FolderPath], plan.Built.Select(b => b.Path));
        Assert.Equal(SizeOf(own.FolderPath) + SizeOf(plan.Source!.Path), plan.Bytes);
        _remover.Remove(plan);
        Assert.False(Directory.Exists(own.FolderPath) || Directory.Exists(plan.Source.Path));
        Assert.True(Directory.Exists(other.FolderPath));
        Assert.DoesNotContain(_store.Configurations(Provider.Cpu), c => c.Model == "pulled");
    }

    [Fact]
    public async Task What_was_built_can_go_alone_also_of_an_embedded_model()
    {
        ModelFolder own = await BuildAsync("pulled-int4");
        _remover.Remove(_remover.Plan("pulled", builtOnly: true));
        Assert.False(Directory.Exists(own.FolderPath));
        Assert.Contains(_store.Configurations(Provider.Cpu), c => c.Model == "pulled");

        ModelFolder embedded = await BuildAsync("greentune-nano-int4");
        Assert.Null(_remover.Plan("greentune-nano", builtOnly: true).Source);
        _remover.Remove(_remover.Plan("greentune-nano", builtOnly: true));
        Assert.False(Directory.Exists(embedded.FolderPath));
        Assert.True(Directory.Exists(Repository.Nano));
    }

    [Fact]
    public void Embedded_and_unknown_models_are_refused()
    {
        Assert.Equal(RemovalFailure.Embedded, Assert.Throws<RemovalException>(() => _remover.Plan("greentune-nano", builtOnly: false)).Failure);
        RemovalException unknown = Assert.Throws<RemovalException>(() => _remover.Plan("../pulled", builtOnly: false));
        Assert.Equal(RemovalFailure.Unknown, unknown.Failure);
        Assert.Contains("there are pulled", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_service_uses_stays_whole()
    {
        ModelFolder own = await BuildAsync("pulled-int4");
        RemovalPlan plan = _remover.Plan("pulled", builtOnly: false);
        using (FolderUse.Hold(own.FolderPath))
        using (FolderUse.Hold(own.FolderPath))
        {
            RemovalException e = Assert.Throws<RemovalException>(() => _remover.Remove(plan));
            Assert.Equal(RemovalFailure.InUse, e.Failure);
            Assert.Contains("a service uses it", e.Message, StringComparison.Ordinal);
            Assert.True(Directory.Exists(own.FolderPath) && Directory.Exists(plan.Source!.Path));
        }
        _remover.Remove(plan);
        Assert.False(Directory.Exists(own.FolderPath));
    }

    [Fact]
    public void What_is_being_built_for_the_first_time_stays_too()
    {
        ModelConfiguration configuration = _store.Find("pulled-int8", Provider.Cpu);
        using (new BuildPlace(_store.FolderOf(configuration)).TryLock())
        {
            RemovalException e = Assert.Throws<RemovalException>(() => _remover.Remove(_remover.Plan("pulled", builtOnly: false)));
            Assert.Contains("it is being built", e.Message, StringComparison.Ordinal);
        }
        _remover.Remove(_remover.Plan("pulled", builtOnly: false));
        Assert.Empty(_store.CachedCheckpoints());
    }

    private Task<ModelFolder> BuildAsync(string id) => _store.EnsureBuiltAsync(_store.Find(id, Provider.Cpu));

    private static long SizeOf(string folder) => Directory.EnumerateFiles(folder).Sum(f => new FileInfo(f).Length);
}
