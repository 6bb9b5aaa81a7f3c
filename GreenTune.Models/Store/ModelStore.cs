using System.Security.Cryptography;
using System.Text;
using GreenTune.Models.Building;
using GreenTune.Models.Folders;

namespace GreenTune.Models.Store;

/// <summary>
/// The configurations that can be served, and their folders in the user's cache. A folder's name holds a hash of its source, its options and the
/// builder's version: a folder that is there is the right one, and none is ever changed. Safe for concurrent use.
/// </summary>
public sealed class ModelStore
{
    /// <summary>Characters of a folder's hash in its name.</summary>
    private const int HashLength = 12;

    private readonly ModelFolderBuilder _builder;
    private readonly FingerprintMemory _memory;

    private ModelStore(string sourceFolder, string cacheFolder, TimeProvider clock)
    {
        SourceFolder = sourceFolder;
        Folder = Path.Combine(cacheFolder, "models");
        CheckpointsFolder = Path.Combine(cacheFolder, "checkpoints");
        ForeignFolder = Path.Combine(cacheFolder, "folders");
        _builder = new ModelFolderBuilder(clock);
        _memory = new FingerprintMemory(Path.Combine(Folder, ".sources.json"));
    }

    /// <summary>Folder of the checkpoints that ship with GreenTune, or that a user keeps beside them.</summary>
    public string SourceFolder { get; }

    /// <summary>Folder of pulled and imported checkpoints; it need not be there.</summary>
    public string CheckpointsFolder { get; }

    /// <summary>Folder of imported model folders, which are served as they are; it need not be there.</summary>
    public string ForeignFolder { get; }

    /// <summary>Folder of what is built.</summary>
    public string Folder { get; }

    /// <exception cref="ModelFolderException">No folder of checkpoints was found; the message says where it was looked for and how to name one.</exception>
    public static ModelStore Open(ModelStoreOptions options, TimeProvider? clock = null) =>
        new(ModelSources.Find(options.SourceFolder, [AppContext.BaseDirectory, Environment.CurrentDirectory]), CacheFolder.Find(options.CacheFolder), clock ?? TimeProvider.System);

    /// <summary>Every checkpoint at every precision of the provider and as it was built otherwise, models by name and precisions from the highest.</summary>
    public IReadOnlyList<ModelConfiguration> Configurations(Provider provider)
    {
        ILookup<string, BuildOptions> others = BuiltOtherwise(provider);
        return
        [
            .. Checkpoints().SelectMany(source => provider.Precisions().Select(precision => new BuildOptions { Precision = precision, Provider = provider })
                .Concat(others[Path.GetFileName(source)])
                .Select(options => ModelConfiguration.Of(source, options))),
        ];
    }

    /// <summary>Options, other than the defaults, with which folders of the cache were built, by model.</summary>
    private ILookup<string, BuildOptions> BuiltOtherwise(Provider provider)
    {
        var found = new List<(string Model, BuildOptions Options)>();
        string[] folders = Directory.Exists(Folder) ? [.. Directory.EnumerateDirectories(Folder).Order(StringComparer.Ordinal)] : [];
        foreach (string folder in folders)
        {
            try
            {
                if (!Path.GetFileName(folder).StartsWith('.') && ModelManifest.Read(folder) is { BuilderVersion: ModelFolderBuilder.Version, Options: { Variant.Length: > 0 } options } manifest && options.Provider == provider)
                    found.Add((manifest.Model, options));
            }
            catch (ModelFolderException)
            {
                // A folder that cannot be read is none that can be served; Stale lists it.
            }
        }
        return found.Distinct().OrderByDescending(f => f.Options.Precision is Precision.Fp32 or Precision.Bf16 or Precision.Fp16).ToLookup(f => f.Model, f => f.Options, StringComparer.Ordinal);
    }

    /// <summary>Full paths of all checkpoints' folders, those that ship with GreenTune first.</summary>
    public IReadOnlyList<string> Checkpoints() => ModelSources.Checkpoints([SourceFolder, CheckpointsFolder]);

    /// <summary>Full paths of pulled and imported checkpoints.</summary>
    public IReadOnlyList<string> CachedCheckpoints() => ModelSources.Checkpoints(CheckpointsFolder);

    /// <summary>Full paths of imported model folders, which are served as they are.</summary>
    public IReadOnlyList<string> ForeignFolders() => ModelSources.Foreign(ForeignFolder);

    /// <summary>Whether a pull under this name was stopped, and would be gone on from.</summary>
    public bool IsUnfinished(string name) => Directory.Exists(Path.Combine(CheckpointsFolder, name + CheckpointNames.UnfinishedEnding));

    /// <summary>What has a name already, in words; null where it is free.</summary>
    public string? WhoHasName(string name) =>
        Checkpoints().Concat(ForeignFolders()).FirstOrDefault(f => string.Equals(Path.GetFileName(f), name, StringComparison.OrdinalIgnoreCase)) is { } folder ? $"the model in {folder}"
        : Enum.GetValues<Provider>().SelectMany(Configurations).Any(c => string.Equals(c.Id, name, StringComparison.OrdinalIgnoreCase)) ? "a configuration"
        : null;

    /// <summary>Whether a name is that of a checkpoint in <see cref="SourceFolder"/>, which is not removed or replaced from here.</summary>
    public bool IsEmbedded(string name) => ModelSources.Checkpoints(SourceFolder).Any(f => string.Equals(Path.GetFileName(f), name, StringComparison.OrdinalIgnoreCase));

    /// <exception cref="UnknownConfigurationException">No configuration has this id.</exception>
    public ModelConfiguration Find(string id, Provider provider)
    {
        IReadOnlyList<ModelConfiguration> all = Configurations(provider);
        return all.FirstOrDefault(c => string.Equals(c.Id, id, StringComparison.OrdinalIgnoreCase)) ?? throw new UnknownConfigurationException(id, [.. all.Select(c => c.Id)]);
    }

    /// <summary>Where a configuration's folder is, or will be. Reads the source once to know its hash.</summary>
    public string FolderOf(ModelConfiguration configuration, CancellationToken cancellationToken = default)
    {
        string identity = $"{Fingerprint(configuration, cancellationToken).Sha256}\n{ModelFolderBuilder.Version}\n{configuration.Options.Variant}";
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity)))[..HashLength];
        return Path.Combine(Folder, $"{configuration.Id}-{configuration.Provider.Word()}-{hash}");
    }

    /// <summary>The configuration's folder; null where it is not built, or what is there cannot be used.</summary>
    public ModelFolder? TryOpen(ModelConfiguration configuration, CancellationToken cancellationToken = default)
    {
        string folder = FolderOf(configuration, cancellationToken);
        if (!Directory.Exists(folder))
            return null;
        try
        {
            return ModelFolder.Open(folder);
        }
        catch (ModelFolderException)
        {
            return null;
        }
    }

    /// <summary>
    /// Size of what is built of a configuration, told by names and records alone, without reading the source; null where nothing is. The folder may be of
    /// a source that has changed since, which <see cref="TryOpen"/> would tell.
    /// </summary>
    public long? BuiltBytes(ModelConfiguration configuration)
    {
        if (!Directory.Exists(Folder))
            return null;
        string begin = $"{configuration.Id}-{configuration.Provider.Word()}-";
        foreach (string folder in Directory.EnumerateDirectories(Folder, begin + "*"))
        {
            if (Path.GetFileName(folder).Length != begin.Length + HashLength)
                continue;
            try
            {
                if (ModelManifest.Read(folder) is { BuilderVersion: ModelFolderBuilder.Version } manifest)
                    return manifest.Files.Sum(f => f.Bytes);
            }
            catch (ModelFolderException)
            {
                // Damaged: a build makes it anew.
            }
        }
        return null;
    }

    /// <summary>Opens the configuration's folder, building it first where it is not there or not usable.</summary>
    /// <param name="configuration">One of <see cref="Configurations"/>.</param>
    /// <param name="progress">Told what the build does; not called when nothing has to be built.</param>
    /// <param name="cancellationToken">Stops the build and leaves nothing behind.</param>
    /// <exception cref="ModelFolderException">The source cannot be used, or the folder cannot be written.</exception>
    public async Task<ModelFolder> EnsureBuiltAsync(ModelConfiguration configuration, IProgress<BuildProgress>? progress = null, CancellationToken cancellationToken = default) =>
        await Task.Run(() => TryOpen(configuration, cancellationToken), cancellationToken)
            ?? await BuildAsync(configuration, force: false, progress, cancellationToken);

    /// <summary>Builds the configuration's folder, anew where <paramref name="force"/> says so.</summary>
    /// <inheritdoc cref="EnsureBuiltAsync"/>
    public async Task<ModelFolder> BuildAsync(ModelConfiguration configuration, bool force, IProgress<BuildProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        progress?.Report(new(configuration.Id, BuildStage.Hashing, 0));
        string target = await Task.Run(() => FolderOf(configuration, cancellationToken), cancellationToken);
        return await _builder.BuildAsync(new BuildRequest
        {
            Id = configuration.Id,
            ModelName = configuration.Model,
            SourceFolder = configuration.SourceFolder,
            TargetFolder = target,
            Options = configuration.Options,
            Fingerprint = Fingerprint(configuration, cancellationToken),
            Force = force,
        }, progress, cancellationToken);
    }

    /// <summary>Folders in the cache that no configuration of today uses: other builder versions, changed or removed sources, stopped builds.</summary>
    public IReadOnlyList<StaleFolder> Stale(CancellationToken cancellationToken = default)
    {
        if (!Directory.Exists(Folder))
            return [];
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (Provider provider in Enum.GetValues<Provider>())
            used.UnionWith(Configurations(provider).Select(c => FolderOf(c, cancellationToken)));
        return
        [
            .. Directory.EnumerateDirectories(Folder)
                .Where(f => !used.Contains(f) && !Path.GetFileName(f).StartsWith('.'))
                .Order(StringComparer.Ordinal)
                .Select(f => new StaleFolder(f, new DirectoryInfo(f).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length))),
        ];
    }

    /// <summary>Removes a folder of <see cref="Stale"/>.</summary>
    /// <returns>False where a build of it runs, or one of its files cannot be removed.</returns>
    public bool Remove(StaleFolder folder)
    {
        if (Path.GetDirectoryName(folder.Path) != Folder)
            throw new ArgumentException($"{folder.Path} is no folder of {Folder}.", nameof(folder));
        return BuildPlace.RemoveUnlessBuilding(folder.Path);
    }

    private SourceFingerprint Fingerprint(ModelConfiguration configuration, CancellationToken cancellationToken) =>
        SourceFingerprint.Of(configuration.SourceFolder, file => _memory.HashOf(file, cancellationToken), cancellationToken);
}

/// <summary>A folder of the cache that nothing uses any more.</summary>
/// <param name="Path">Full path.</param>
/// <param name="Bytes">What its removal frees.</param>
public sealed record StaleFolder(string Path, long Bytes);
