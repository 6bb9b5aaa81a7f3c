using GreenTune.Models.Building;
using GreenTune.Models.Download;

namespace GreenTune.Models.Catalog;

/// <summary>A model that can be pulled by a short name.</summary>
public sealed record CatalogEntry
{
    /// <summary>Short name, also the checkpoint's name here: for example "smollm2-135m-instruct".</summary>
    public required string Id { get; init; }

    /// <summary>For example "SmolLM2 135M Instruct".</summary>
    public required string DisplayName { get; init; }

    /// <summary>SPDX identifier, or LicenseRef-... where SPDX has none.</summary>
    public required string License { get; init; }

    /// <summary>The licence's own name where SPDX has no identifier for it.</summary>
    public string? LicenseName { get; init; }

    /// <summary>Where the licence is read, where SPDX has no identifier for it.</summary>
    public Uri? LicenseUrl { get; init; }

    /// <summary>Whether the licence has to be accepted at the hub first; null where that is not known.</summary>
    public required bool? Gated { get; init; }

    /// <summary>As config.json names it, for example "LlamaForCausalLM".</summary>
    public required string Architecture { get; init; }

    /// <summary>On the hub, for example "HuggingFaceTB/SmolLM2-135M-Instruct".</summary>
    public required string Repository { get; init; }

    /// <summary>Branch, tag or commit. What it means when it is first pulled is pinned.</summary>
    public required string Revision { get; init; }

    /// <summary>Parameters, of shared tables once; they follow from the shape.</summary>
    public required long Parameters { get; init; }

    public required CatalogShape Shape { get; init; }

    /// <summary>Files to pull, * for any characters; null takes <see cref="FilePatterns.Checkpoint"/>.</summary>
    public IReadOnlyList<string>? Files { get; init; }

    /// <summary>What a person should know who chooses it.</summary>
    public required string Notes { get; init; }

    /// <summary>
    /// About the bytes to download: 16 bits for each parameter, as these checkpoints store them. Some store a shared table twice and are larger; the hub
    /// gives the real figure when the model is pulled.
    /// </summary>
    public long DownloadBytes => Parameters * 2;

    /// <summary>About the bytes of a built folder: the bits of the precision, and one scale of 16 or 32 bits for every 32 weights where it quantises.</summary>
    public long FolderBytes(Precision precision, Provider provider)
    {
        double scale = (provider == Provider.Cpu ? 4 : 2) / 32.0;
        return (long)(Parameters * precision.Word() switch
        {
            "int4" => 0.5 + scale,
            "int8" => 1 + scale,
            "fp32" => 4.0,
            _ => 2.0,
        });
    }

    /// <summary>About the bytes of memory to serve one request of <paramref name="tokens"/> tokens: the folder, and keys and values of 32 bits on a CPU and 16 on a GPU.</summary>
    public long MemoryBytes(Precision precision, Provider provider, int tokens = 4096) =>
        FolderBytes(precision, provider) + (2L * Shape.Layers * Shape.KeyValueHeads * Shape.HeadSize * Math.Min(tokens, Shape.ContextLength) * (provider == Provider.Cpu ? 4 : 2));
}

/// <summary>Sizes of a decoder, as its config.json has them.</summary>
public sealed record CatalogShape
{
    public required int Layers { get; init; }

    public required int HiddenSize { get; init; }

    public required int IntermediateSize { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    public required int KeyValueHeads { get; init; }

    public required int HeadSize { get; init; }

    public required int VocabularySize { get; init; }

    /// <summary>Tokens of prompt and answer together.</summary>
    public required int ContextLength { get; init; }

    public required bool TiedEmbeddings { get; init; }

    internal bool IsPositive => Layers > 0 && HiddenSize > 0 && IntermediateSize > 0 && Heads > 0 && KeyValueHeads > 0 && HeadSize > 0 && VocabularySize > 0 && ContextLength > 0;

    /// <summary>Parameters that follow from the sizes: tables, projections, gate, up and down, norms, and what the architecture adds.</summary>
    internal long Parameters(string architecture)
    {
        long query = (long)Heads * HeadSize;
        long keyValue = (long)KeyValueHeads * HeadSize;
        long tables = (long)VocabularySize * HiddenSize * (TiedEmbeddings ? 1 : 2);
        long added = architecture switch
        {
            "Qwen2ForCausalLM" => query + (2 * keyValue),
            "Qwen3ForCausalLM" => 2L * HeadSize,
            _ => 0,
        };
        long layer = (2 * query * HiddenSize) + (2 * keyValue * HiddenSize) + (3L * HiddenSize * IntermediateSize) + (2L * HiddenSize) + added;
        return tables + HiddenSize + (Layers * layer);
    }
}
