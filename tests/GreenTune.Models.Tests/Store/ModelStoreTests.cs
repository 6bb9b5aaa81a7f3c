using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Quantization;
using GreenTune.Models.Store;
using GreenTune.Models.Tests.Support;

namespace GreenTune.Models.Tests.Store;

public sealed class ModelStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_checkpoint_is_offered_at_every_precision_of_the_provider()
    {
        ModelStore store = ModelStore.Open(new ModelStoreOptions { SourceFolder = Repository.Models, CacheFolder = _folder.Path });
        Assert.Equal(["greentune-nano-fp32", "greentune-nano-int8", "greentune-nano-int4", "greentune-tiny-fp32", "greentune-tiny-int8", "greentune-tiny-int4"],
            store.Configurations(Provider.Cpu).Select(c => c.Id));
        Assert.Equal(["greentune-nano-bf16", "greentune-nano-fp16", "greentune-nano-int8", "greentune-nano-int4"], store.Configurations(Provider.Cuda).Take(4).Select(c => c.Id));
        Assert.Equal("greentune-tiny", store.Find("GreenTune-Tiny-INT8", Provider.Cpu).Model);
    }

    [Fact]
    public async Task What_was_built_otherwise_is_offered_beside_the_defaults_and_is_not_stale()
    {
        ModelStore store = ModelStore.Open(new ModelStoreOptions { SourceFolder = Repository.Models, CacheFolder = _folder.Path });
        ModelConfiguration nano = store.Find("greentune-nano-int4", Provider.Cpu);
        ModelConfiguration other = ModelConfiguration.Of(nano.SourceFolder, nano.Options with { BlockSize = 64, Symmetric = false });
        Assert.Equal("greentune-nano-int4-b64-asym", other.Id);
        Assert.NotEqual(store.FolderOf(nano), store.FolderOf(other));
        ModelFolder folder = await store.EnsureBuiltAsync(other);
        Assert.Equal(other.Id, folder.Id);
        Assert.Equal(["greentune-nano-fp32", "greentune-nano-int8", "greentune-nano-int4", other.Id], store.Configurations(Provider.Cpu).Take(4).Select(c => c.Id));
        Assert.Equal(folder.FolderPath, store.TryOpen(store.Find(other.Id, Provider.Cpu))!.FolderPath);
        Assert.Empty(store.Stale());
    }

    [Fact]
    public async Task A_folder_calibrated_with_a_text_that_is_gone_is_served_and_not_built_again()
    {
        ModelStore store = ModelStore.Open(new ModelStoreOptions { SourceFolder = Repository.Models, CacheFolder = _folder.Path });
        string text = _folder["own.txt"];
        File.WriteAllText(text, string.Concat(Enumerable.Range(0, 300).Select(i => $"Line {i} of a text about energy, carbon and computing. ")));
        ModelConfiguration nano = store.Find("greentune-nano-int4", Provider.Cpu);
        ModelConfiguration own = ModelConfiguration.Of(nano.SourceFolder, nano.Options with { Method = QuantizationMethod.Awq, CalibrationTokens = 128, CalibrationFile = text });
        ModelFolder folder = await store.EnsureBuiltAsync(own);
        Assert.DoesNotContain(_folder.Path, File.ReadAllText(Path.Combine(folder.FolderPath, ModelManifest.FileName)), StringComparison.Ordinal);
        File.Delete(text);

        ModelConfiguration found = store.Find(own.Id, Provider.Cpu);
        Assert.Equal(folder.FolderPath, store.TryOpen(found)!.FolderPath);
        ModelFolderException e = await Assert.ThrowsAsync<ModelFolderException>(() => store.BuildAsync(found, force: true));
        Assert.Contains("--calibration", e.Message, StringComparison.Ordinal);
        Assert.NotNull(store.TryOpen(found));
    }

    [Fact]
    public void An_unknown_id_lists_the_known_ones()
    {
        ModelStore store = ModelStore.Open(new ModelStoreOptions { SourceFolder = Repository.Models, CacheFolder = _folder.Path });
        var e = Assert.Throws<UnknownConfigurationException>(() => store.Find("greentune-huge-int4", Provider.Cpu));
        Assert.Contains("greentune-huge-int4", e.Message, StringComparison.Ordinal);
        Assert.Contains("greentune-nano-fp32, greentune-nano-int8", e.Message, StringComparison.Ordinal);
        Assert.Equal(6, e.Known.Count);
    }

    [Fact]
    public void The_models_folder_is_found_above_the_application() =>
        Assert.Equal(Repository.Models, ModelStore.Open(new ModelStoreOptions { CacheFolder = _folder.Path }).SourceFolder);

    [Fact]
    public void A_folder_of_models_that_is_not_there_says_how_to_name_one()
    {
        var e = Assert.Throws<ModelFolderException>(() => ModelStore.Open(new ModelStoreOptions { SourceFolder = _folder["none"] }));
        Assert.Contains("--models or Models:SourceFolder (Models__SourceFolder)", e.Message, StringComparison.Ordinal);
        var nowhere = Assert.Throws<ModelFolderException>(() => ModelSources.Find(null, [_folder.Path]));
        Assert.Contains(_folder.Path, nowhere.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_is_built_once_and_opened_after()
    {
        ModelStore store = Tiny(out ModelConfiguration configuration);
        Assert.Null(store.TryOpen(configuration));
        ModelFolder built = await store.EnsureBuiltAsync(configuration);
        ModelFolder opened = await store.EnsureBuiltAsync(configuration);
        Assert.Equal(built.Manifest!.BuiltAt, opened.Manifest!.BuiltAt);
        Assert.StartsWith(Path.Combine(_folder["cache"], "models", "small-int4-cpu-"), built.FolderPath, StringComparison.Ordinal);
        Assert.Empty(store.Stale());
    }

    [Fact]
    public async Task Many_callers_at_once_get_one_folder()
    {
        ModelStore store = Tiny(out ModelConfiguration configuration);
        ModelFolder[] folders = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => store.EnsureBuiltAsync(configuration)));
        Assert.Single(folders.Select(f => f.Manifest!.BuiltAt).Distinct());
    }

    [Fact]
    public async Task A_source_that_changes_gets_a_folder_of_its_own_and_leaves_the_old_one_stale()
    {
        ModelStore store = Tiny(out ModelConfiguration configuration);
        ModelFolder old = await store.EnsureBuiltAsync(configuration);
        new TinyCheckpoint(seed: 2).Save(_folder["models/small"]);
        File.SetLastWriteTimeUtc(_folder["models/small/model.safetensors"], DateTime.UtcNow.AddSeconds(10));
        Assert.NotEqual(old.FolderPath, store.FolderOf(configuration));
        Assert.Null(store.TryOpen(configuration));
        StaleFolder stale = Assert.Single(store.Stale());
        Assert.Equal(old.FolderPath, stale.Path);
        Assert.True(stale.Bytes > old.Bytes);
        Assert.True(store.Remove(stale));
        Assert.False(Directory.Exists(old.FolderPath));
        Assert.Throws<ArgumentException>(() => store.Remove(new StaleFolder(_folder["models/small"], 0)));
    }

    [Fact]
    public async Task A_folder_whose_build_runs_is_not_removed()
    {
        ModelStore store = Tiny(out ModelConfiguration configuration);
        string target = store.FolderOf(configuration);
        Directory.CreateDirectory(target + ".unfinished-1");
        using (await new BuildPlace(target).LockAsync(() => { }, TimeProvider.System, CancellationToken.None))
            Assert.False(store.Remove(Assert.Single(store.Stale())));
        Assert.True(store.Remove(Assert.Single(store.Stale())));
        Assert.Empty(store.Stale());
    }

    [Fact]
    public void Hashes_are_remembered_until_a_file_changes()
    {
        string file = _folder["weights"];
        File.WriteAllText(file, "one");
        string memory = _folder["cache/sources.json"];
        string first = new FingerprintMemory(memory).HashOf(file, CancellationToken.None);
        DateTime changed = File.GetLastWriteTimeUtc(file);
        // The same length and time: the memory cannot know, and must not have read the file.
        File.WriteAllText(file, "two");
        File.SetLastWriteTimeUtc(file, changed);
        Assert.Equal(first, new FingerprintMemory(memory).HashOf(file, CancellationToken.None));
        File.SetLastWriteTimeUtc(file, changed.AddSeconds(1));
        Assert.NotEqual(first, new FingerprintMemory(memory).HashOf(file, CancellationToken.None));
        File.WriteAllText(memory, "not json");
        Assert.Equal(64, new FingerprintMemory(memory).HashOf(file, CancellationToken.None).Length);
    }

    [Fact]
    public async Task A_cache_folder_that_cannot_be_made_says_how_to_choose_another()
    {
        ModelStore store = Tiny(out ModelConfiguration configuration, cache: "file/cache");
        File.WriteAllText(_folder["file"], "");
        var e = await Assert.ThrowsAsync<ModelFolderException>(() => store.EnsureBuiltAsync(configuration));
        Assert.Contains("--cache or GREENTUNE_CACHE", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/asked", "/own", "/xdg", "/asked")]
    [InlineData(null, "/own", "/xdg", "/own")]
    [InlineData(null, null, "/xdg", "/xdg/greentune")]
    [InlineData(null, null, "relative", "/home/me/.cache/greentune")]
    [InlineData(" ", "", "", "/home/me/.cache/greentune")]
    public void The_cache_is_the_first_that_is_said(string? option, string? own, string? xdg, string expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has other folders.");
        string? Environment(string name) => name switch
        {
            "GREENTUNE_CACHE" => own,
            "XDG_CACHE_HOME" => xdg,
            "HOME" => "/home/me",
            _ => null,
        };
        Assert.Equal(expected, CacheFolder.Find(option, Environment));
    }

    private ModelStore Tiny(out ModelConfiguration configuration, string cache = "cache")
    {
        new TinyCheckpoint().Save(_folder["models/small"]);
        ModelStore store = ModelStore.Open(new ModelStoreOptions { SourceFolder = _folder["models"], CacheFolder = _folder[cache] });
        configuration = store.Find("small-int4", Provider.Cpu);
        return store;
    }
}
