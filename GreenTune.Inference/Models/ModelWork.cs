using GreenTune.Core.Contracts;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.Engine;
using GreenTune.Models.Building;
using GreenTune.Models.Catalog;
using GreenTune.Models.Download;
using GreenTune.Models.Store;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.Models;

/// <summary>What the jobs do: pulls, builds, and taking what was built into service; and removal.</summary>
internal sealed class ModelWork(
    ModelStore store,
    ModelJobs jobs,
    ConfigurationRegistry registry,
    IEngine engine,
    IOptions<HubSettings> hub,
    IOptions<InferenceOptions> options,
    TimeProvider clock)
{
    public (RunningJob? Started, ModelJob? Same) Pull(PullRequest request) => jobs.Start(ModelJobKind.Pull, request.Name, async (job, cancellation) =>
    {
        using var puller = new ModelPuller(hub.Value.ToOptions(), clock: clock);
        await puller.PullAsync(request, store, new Watch<PullProgress>(p => job.Update(state => state with
        {
            Stage = Words(p.Stage),
            Bytes = p.Bytes,
            Size = p.Size > 0 ? p.Size : null,
            Fraction = p.Size > 0 ? Math.Clamp((double)p.Bytes / p.Size, 0, 1) : null,
            BytesPerSecond = p.BytesPerSecond,
            RemainingSeconds = p.Remaining?.TotalSeconds,
            Message = p.Note ?? state.Message,
        })), cancellation);
    });

    /// <summary>Builds a configuration and serves it from then on.</summary>
    public (RunningJob? Started, ModelJob? Same) Build(ModelConfiguration configuration) => jobs.Start(ModelJobKind.Build, configuration.Id, async (job, cancellation) =>
    {
        // What a build draws is no baseline.
        using (engine.Meter.Busy())
        {
            await store.EnsureBuiltAsync(configuration, new Watch<BuildProgress>(p => job.Update(state => state with
            {
                Stage = Words(p.Stage),
                Fraction = p.Stage is BuildStage.Finishing or BuildStage.Done ? 1 : p.Fraction,
            })), cancellation);
        }

        registry.Add(ConfigurationCatalog.Served(configuration, store));
    });

    /// <summary>Takes a model out of service and removes it.</summary>
    /// <exception cref="RemovalException">It is bundled, unknown, or in use.</exception>
    public ModelRemoval Remove(string name)
    {
        var remover = new ModelRemover(store);
        RemovalPlan plan = remover.Plan(name, builtOnly: false);
        ServedConfiguration[] served = [.. registry.All.Where(configuration => string.Equals(configuration.Model, plan.Name, StringComparison.OrdinalIgnoreCase))];
        if (served.FirstOrDefault(configuration => configuration.Id == options.Value.DefaultConfiguration) is { } usual)
        {
            throw new RemovalException(RemovalFailure.InUse, $"{plan.Name} is not removed: {usual.Id} is Inference:DefaultConfiguration; set another one first");
        }

        if (served.FirstOrDefault(configuration => configuration.Stage is ConfigurationState.Building or ConfigurationState.Loading) is { } busy)
        {
            throw new RemovalException(RemovalFailure.InUse, $"{plan.Name} is not removed: {busy.Id} is being loaded; try again when it is ready");
        }

        foreach (ModelJob job in jobs.All.Where(job => job.EndedAt is null && (Same(job.Name, plan.Name) || served.Any(configuration => Same(configuration.Id, job.Name)) || job.Name.StartsWith(plan.Name + "-", StringComparison.OrdinalIgnoreCase))))
        {
            throw new RemovalException(RemovalFailure.InUse, $"{plan.Name} is not removed: a job works on {job.Name}; cancel it or wait for it");
        }

        foreach (ServedConfiguration configuration in served)
        {
            registry.Remove(configuration);
        }

        try
        {
            remover.Remove(plan);
        }
        catch (RemovalException)
        {
            foreach (ServedConfiguration configuration in served)
            {
                registry.Add(ConfigurationCatalog.Again(configuration));
            }

            throw;
        }

        return new ModelRemoval(plan.Name, plan.Bytes);
    }

    /// <summary>What the catalog and the disk have, and what jobs do about it.</summary>
    public ModelsView View(ModelCatalog catalog, Provider provider)
    {
        IReadOnlyList<CheckpointInfo> sources = CheckpointInfo.List(store, catalog);
        ILookup<string, ModelConfiguration> configurations = store.Configurations(provider).ToLookup(configuration => configuration.Model, StringComparer.OrdinalIgnoreCase);
        Uri endpoint = hub.Value.ToOptions().Endpoint;
        return new ModelsView
        {
            Catalog = [.. catalog.Entries.Select(entry => Entry(entry, sources, provider, endpoint))],
            Models = [.. sources.Select(source => Local(source, source.Kind is null ? [] : configurations[source.Name]))],
            FreeBytes = Free(),
        };
    }

    private CatalogModelView Entry(CatalogEntry entry, IReadOnlyList<CheckpointInfo> sources, Provider provider, Uri endpoint)
    {
        ModelJob? job = jobs.ActiveOf(ModelJobKind.Pull, entry.Id);
        return new CatalogModelView
        {
            Id = entry.Id,
            DisplayName = entry.DisplayName,
            License = entry.License,
            LicenseName = entry.LicenseName,
            LicenseUrl = entry.LicenseUrl,
            Gated = entry.Gated,
            Architecture = entry.Architecture,
            Repository = entry.Repository,
            Page = new Uri(endpoint, entry.Repository),
            Parameters = entry.Parameters,
            ContextLength = entry.Shape.ContextLength,
            DownloadBytes = entry.DownloadBytes,
            Needs = [.. provider.Precisions().Select(precision => new PrecisionNeeds(precision.Word(), entry.FolderBytes(precision, provider), entry.MemoryBytes(precision, provider)))],
            Notes = entry.Notes,
            State = job is not null ? CatalogState.Pulling
                : sources.Any(source => source.CatalogId == entry.Id) ? CatalogState.Pulled
                : store.IsUnfinished(entry.Id) ? CatalogState.Unfinished
                : CatalogState.Available,
            Job = job?.Id,
        };
    }

    private LocalModelView Local(CheckpointInfo source, IEnumerable<ModelConfiguration> configurations) => new()
    {
        Name = source.Name,
        Form = source.Kind switch { CheckpointKind.Safetensors => "safetensors", CheckpointKind.Gguf => "gguf", _ => "folder" },
        Bundled = source.Embedded,
        Bytes = source.Bytes,
        Repository = source.Pin?.Repository,
        Commit = source.Pin?.Commit,
        License = source.Pin?.License,
        CatalogId = source.CatalogId,
        Configurations = source.Kind is null
            ? [.. registry.All.Where(served => served.Id == source.Name).Select(served => new BuildableView
            {
                Id = served.Id,
                Precision = served.Precision,
                Provider = served.Provider,
                Built = true,
                Bytes = source.Bytes,
                Serving = served.Stage,
            })]
            : [.. configurations.Select(Buildable)],
    };

    private BuildableView Buildable(ModelConfiguration configuration)
    {
        long? bytes = store.BuiltBytes(configuration);
        return new BuildableView
        {
            Id = configuration.Id,
            Precision = configuration.Precision.Word(),
            Provider = configuration.Provider.Word(),
            Built = bytes is not null,
            Bytes = bytes,
            Serving = registry.Find(configuration.Id)?.Stage,
            Job = jobs.ActiveOf(ModelJobKind.Build, configuration.Id)?.Id,
        };
    }

    private long? Free()
    {
        try
        {
            string? folder = store.CheckpointsFolder;
            while (folder is not null && !Directory.Exists(folder))
            {
                folder = Path.GetDirectoryName(folder);
            }

            return folder is null ? null : new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);

    private static string Words(PullStage stage) => stage switch
    {
        PullStage.Waiting => "another process pulls it",
        PullStage.Resolving => "asking the hub",
        PullStage.Checking => "checking what is there",
        PullStage.Downloading => "downloading",
        PullStage.Finishing => "moving into place",
        _ => "done",
    };

    private static string Words(BuildStage stage) => stage switch
    {
        BuildStage.Waiting => "another process builds it",
        BuildStage.Hashing => "reading the checkpoint",
        BuildStage.Finishing => "checking the folder",
        BuildStage.Done => "done",
        _ => "writing weights",
    };

    /// <summary>Called in order, unlike <see cref="Progress{T}"/>.</summary>
    private sealed class Watch<T>(Action<T> watch) : IProgress<T>
    {
        public void Report(T value) => watch(value);
    }
}
