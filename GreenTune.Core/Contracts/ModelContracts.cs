using System.Text.Json.Serialization;

namespace GreenTune.Core.Contracts;

/// <summary>The models that can be pulled, those on the machine, and what is built from them (GET /api/models on Inference).</summary>
public sealed record ModelsView
{
    /// <summary>What can be pulled by a short name.</summary>
    public required IReadOnlyList<CatalogModelView> Catalog { get; init; }

    /// <summary>Checkpoints and model folders on the machine, bundled ones first.</summary>
    public required IReadOnlyList<LocalModelView> Models { get; init; }

    /// <summary>Bytes that are free where models are kept; null where the system does not say.</summary>
    public long? FreeBytes { get; init; }
}

/// <summary>Whether a model of the catalog is on the machine.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<CatalogState>))]
public enum CatalogState
{
    Available,

    /// <summary>A job fetches it, or waits to.</summary>
    Pulling,

    /// <summary>A pull was stopped; the next one goes on from there.</summary>
    Unfinished,
    Pulled,
}

/// <summary>An entry of the catalog. Sizes are estimates from its parameters.</summary>
public sealed record CatalogModelView
{
    /// <summary>For example "smollm2-135m-instruct".</summary>
    public required string Id { get; init; }

    public required string DisplayName { get; init; }

    /// <summary>SPDX identifier, or LicenseRef-... where SPDX has none.</summary>
    public required string License { get; init; }

    /// <summary>The licence's own name where SPDX has no identifier for it.</summary>
    public string? LicenseName { get; init; }

    public Uri? LicenseUrl { get; init; }

    /// <summary>The licence has to be accepted at the hub first; null where that is not known.</summary>
    public bool? Gated { get; init; }

    public required string Architecture { get; init; }

    /// <summary>On the hub, for example "HuggingFaceTB/SmolLM2-135M-Instruct".</summary>
    public required string Repository { get; init; }

    /// <summary>The repository's page.</summary>
    public required Uri Page { get; init; }

    public required long Parameters { get; init; }

    /// <summary>Tokens of prompt and answer together.</summary>
    public required int ContextLength { get; init; }

    /// <summary>About the bytes to download.</summary>
    public required long DownloadBytes { get; init; }

    /// <summary>What each precision needs on this service's device, highest first.</summary>
    public required IReadOnlyList<PrecisionNeeds> Needs { get; init; }

    public required string Notes { get; init; }

    public required CatalogState State { get; init; }

    /// <summary>The job that fetches it; null while none does.</summary>
    public Guid? Job { get; init; }
}

/// <summary>About what a model needs at one precision.</summary>
/// <param name="Precision">For example "int4".</param>
/// <param name="DiskBytes">Size of the built folder.</param>
/// <param name="MemoryBytes">To serve one request of at most 4096 tokens.</param>
public sealed record PrecisionNeeds(string Precision, long DiskBytes, long MemoryBytes);

/// <summary>A checkpoint, or a model folder that is served as it is.</summary>
public sealed record LocalModelView
{
    public required string Name { get; init; }

    /// <summary>"safetensors", "gguf" or "folder".</summary>
    public required string Form { get; init; }

    /// <summary>Ships with GreenTune and is not removed.</summary>
    public required bool Bundled { get; init; }

    /// <summary>Size of its files.</summary>
    public required long Bytes { get; init; }

    /// <summary>Where it was pulled from; null where it was not.</summary>
    public string? Repository { get; init; }

    /// <summary>The commit it is pinned to; null where it was not pulled.</summary>
    public string? Commit { get; init; }

    /// <summary>Null where nothing says.</summary>
    public string? License { get; init; }

    /// <summary>The catalog's entry it is of; null for none.</summary>
    public string? CatalogId { get; init; }

    /// <summary>What can be built from it for this service's device, highest precision first.</summary>
    public required IReadOnlyList<BuildableView> Configurations { get; init; }
}

/// <summary>A configuration that is built or can be.</summary>
public sealed record BuildableView
{
    /// <summary>For example "greentune-tiny-int4".</summary>
    public required string Id { get; init; }

    public required string Precision { get; init; }

    /// <summary>"cpu" or "cuda".</summary>
    public required string Provider { get; init; }

    public required bool Built { get; init; }

    /// <summary>Size of the built folder; null until it is built.</summary>
    public long? Bytes { get; init; }

    /// <summary>Where it is on its way to serving; null where this service does not serve it.</summary>
    public ConfigurationState? Serving { get; init; }

    /// <summary>The job that builds it; null while none does.</summary>
    public Guid? Job { get; init; }
}

/// <summary>Starts a pull (POST /api/models/pulls on Inference). Either <see cref="Id"/> or <see cref="Repository"/> is given.</summary>
public sealed record PullInput
{
    /// <summary>An id of the catalog.</summary>
    public string? Id { get; init; }

    /// <summary>A repository of the hub, as org/name.</summary>
    public string? Repository { get; init; }

    /// <summary>Branch, tag or commit; null takes the pinned commit of what is there, else the catalog's, else main.</summary>
    public string? Revision { get; init; }

    /// <summary>Name of the model here; null takes the catalog's id, else the repository's name.</summary>
    public string? Name { get; init; }

    /// <summary>Files to take, * for any characters; null takes what a checkpoint needs, or the only GGUF file.</summary>
    public IReadOnlyList<string>? Files { get; init; }
}

/// <summary>Starts a build (POST /api/models/builds on Inference). Either <see cref="Configuration"/>, or <see cref="Model"/> and <see cref="Precision"/> are given.</summary>
public sealed record BuildInput
{
    /// <summary>For example "greentune-tiny-int4".</summary>
    public string? Configuration { get; init; }

    /// <summary>For example "greentune-tiny".</summary>
    public string? Model { get; init; }

    /// <summary>For example "int4".</summary>
    public string? Precision { get; init; }
}

/// <summary>What a job does.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<ModelJobKind>))]
public enum ModelJobKind
{
    Pull,
    Build,
}

/// <summary>Where a job is.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<ModelJobState>))]
public enum ModelJobState
{
    /// <summary>Another job runs before it.</summary>
    Waiting,
    Running,
    Completed,
    Cancelled,
    Failed,
}

/// <summary>A pull or a build in the background (GET /api/models/jobs on Inference).</summary>
public sealed record ModelJob
{
    public required Guid Id { get; init; }

    public required ModelJobKind Kind { get; init; }

    /// <summary>The model that is pulled, or the configuration that is built.</summary>
    public required string Name { get; init; }

    public required ModelJobState State { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null until it runs.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Null until it has ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>What it does now, in a few words.</summary>
    public required string Stage { get; init; }

    /// <summary>0 to 1; null while it is not known.</summary>
    public double? Fraction { get; init; }

    /// <summary>Bytes on the disk, of a pull; null for a build.</summary>
    public long? Bytes { get; init; }

    /// <summary>Bytes in all, of a pull; null for a build, and until the hub has told.</summary>
    public long? Size { get; init; }

    /// <summary>Over the last seconds; null while unknown.</summary>
    public double? BytesPerSecond { get; init; }

    /// <summary>At this rate; null while unknown.</summary>
    public double? RemainingSeconds { get; init; }

    /// <summary>What last went wrong and was tried again; null where nothing did.</summary>
    public string? Message { get; init; }

    /// <summary>Why it failed, in one sentence; null unless it did.</summary>
    public string? Error { get; init; }
}

/// <summary>What a removal freed (DELETE /api/models/{name} on Inference).</summary>
/// <param name="Name">The model.</param>
/// <param name="FreedBytes">Its files and what was built from it.</param>
public sealed record ModelRemoval(string Name, long FreedBytes);
