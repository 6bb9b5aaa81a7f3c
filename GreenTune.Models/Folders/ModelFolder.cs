using GreenTune.Models.Adapters;
using GreenTune.Models.Building;
using GreenTune.Models.Onnx;
using GreenTune.Models.Verification;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Folders;

/// <summary>
/// A checked model folder in ONNX Runtime GenAI's format: one of ours, with an engine graph, or one from elsewhere. Everything here was read from the
/// folder's files; nothing is loaded.
/// </summary>
public sealed record ModelFolder
{
    /// <summary>File of the engine's graph in folders of ours.</summary>
    public const string EngineGraphFile = "engine.onnx";

    public const string GenAIGraphFile = "model.onnx";

    /// <summary>File of the graph that gives logits of all positions, in folders of ours.</summary>
    public const string ScoringGraphFile = "scoring.onnx";

    public const string WeightsFile = "model.onnx.data";

    private const string TokenizerFile = "tokenizer.json";

    /// <summary>Full path of the folder.</summary>
    public required string FolderPath { get; init; }

    /// <summary>For example "greentune-tiny-int4"; the folder's name where it comes from elsewhere.</summary>
    public required string Id { get; init; }

    /// <summary>For example "greentune-tiny".</summary>
    public required string ModelName { get; init; }

    /// <summary>Null where a foreign folder mixes precisions or has one that is not named here.</summary>
    public Precision? Precision { get; init; }

    /// <summary>What the folder was built for; null for a foreign folder.</summary>
    public Provider? Provider { get; init; }

    public required int Layers { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    public required int KeyValueHeads { get; init; }

    public required int HeadSize { get; init; }

    public required int HiddenSize { get; init; }

    public required int VocabularySize { get; init; }

    /// <summary>Tokens of prompt and answer together.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Tokens that end an answer; at least one.</summary>
    public required IReadOnlyList<int> StopTokenIds { get; init; }

    public int? BosTokenId { get; init; }

    public int? PadTokenId { get; init; }

    /// <summary>Parameters in all; null for a foreign folder, whose graph does not say which tables are shared.</summary>
    public long? Parameters { get; init; }

    /// <summary>Parameters that one token is multiplied with (2 x as many operations); null where the graph does not show them.</summary>
    public long? MultipliedParameters { get; init; }

    /// <summary>Bytes of weights that one step reads, whatever its rows; null where the graph does not show them.</summary>
    public long? WeightBytesPerStep { get; init; }

    /// <summary>Type of keys and values in the cache: float32 or float16, or bfloat16 in foreign folders.</summary>
    public required TensorElementType KeyValueType { get; init; }

    /// <summary>Bytes that one token adds to the cache, over all layers.</summary>
    public long KeyValueBytesPerToken => 2L * Layers * KeyValueHeads * HeadSize * (KeyValueType.Bits() ?? 32) / 8;

    /// <summary>Full path of the engine's graph; null for a foreign folder, which runs by <see cref="GenAI"/>.</summary>
    public string? EngineGraphPath { get; init; }

    /// <summary>Full path of the graph that gives logits of all positions; null for a foreign folder.</summary>
    public string? ScoringGraphPath { get; init; }

    /// <summary>The graph for ONNX Runtime GenAI and the names of its inputs and outputs.</summary>
    public required GenAIGraph GenAI { get; init; }

    /// <summary>Full path of GenAI's graph.</summary>
    public string GenAIGraphPath => Path.Combine(FolderPath, GenAI.File);

    public bool HasTokenizer { get; init; }

    public required SamplingDefaults Sampling { get; init; }

    /// <summary>How the folder was made; null for a foreign folder.</summary>
    public ModelManifest? Manifest { get; init; }

    /// <summary>What the last check against the checkpoint found; null where there was none.</summary>
    public ParityReport? Parity { get; init; }

    /// <summary>Maps that a low-rank adapter may change, in the order of the graph; empty where the folder was not built for adapters.</summary>
    public IReadOnlyList<AdapterTarget> AdapterTargets { get; init; } = [];

    /// <summary>Bytes of all files that the folder needs.</summary>
    public required long Bytes { get; init; }

    /// <exception cref="ModelFolderException">Something is missing, truncated, does not fit together or points outside the folder.</exception>
    public static ModelFolder Open(string path)
    {
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (!Directory.Exists(folder))
            throw new ModelFolderException(folder, "the folder does not exist");
        ModelManifest? manifest = ModelManifest.Read(folder);
        foreach (ManifestFile file in manifest?.Files ?? [])
            CheckSize(folder, file);
        GenAIConfig config = GenAIConfig.Read(folder);
        OnnxFile genai = OnnxFile.Read(folder, config.Graph.File);
        long bytes = FolderCheck.ExternalData(folder, config.Graph.File, genai);
        TensorElementType keyValueType = FolderCheck.GenAI(folder, config, genai);
        OnnxFile main = genai;
        string? engine = null;
        string? scoring = null;
        if (manifest is not null)
        {
            main = OnnxFile.Read(folder, EngineGraphFile);
            FolderCheck.ExternalData(folder, EngineGraphFile, main);
            FolderCheck.Engine(folder, config, main, keyValueType);
            engine = Path.Combine(folder, EngineGraphFile);
            OnnxFile scores = OnnxFile.Read(folder, ScoringGraphFile);
            FolderCheck.ExternalData(folder, ScoringGraphFile, scores);
            FolderCheck.Scoring(folder, config, scores, keyValueType);
            scoring = Path.Combine(folder, ScoringGraphFile);
        }
        GraphCost cost = GraphCost.Of(main);
        string name = Path.GetFileName(folder);
        return new ModelFolder
        {
            FolderPath = folder,
            Id = manifest?.Id ?? name,
            ModelName = manifest?.Model ?? name,
            Precision = manifest?.Precision ?? GuessPrecision(cost, keyValueType),
            Provider = manifest?.Provider,
            Layers = config.Layers,
            Heads = config.Heads,
            KeyValueHeads = config.KeyValueHeads,
            HeadSize = config.HeadSize,
            HiddenSize = config.HiddenSize,
            VocabularySize = config.VocabularySize,
            ContextLength = config.ContextLength,
            StopTokenIds = config.StopTokenIds,
            BosTokenId = config.BosTokenId,
            PadTokenId = config.PadTokenId,
            Parameters = manifest?.Parameters,
            MultipliedParameters = cost.MultipliedParameters > 0 ? cost.MultipliedParameters : null,
            WeightBytesPerStep = cost.MultipliedParameters > 0 ? cost.WeightBytesPerStep : null,
            KeyValueType = keyValueType,
            EngineGraphPath = engine,
            ScoringGraphPath = scoring,
            GenAI = config.Graph,
            HasTokenizer = File.Exists(FolderPaths.Inside(folder, TokenizerFile)),
            Sampling = config.Sampling,
            AdapterTargets = manifest is null ? [] : AdapterTarget.Of(main),
            Manifest = manifest,
            Parity = ParityReport.Read(folder),
            Bytes = manifest?.Files.Sum(f => f.Bytes) ?? bytes + new FileInfo(Path.Combine(folder, config.Graph.File)).Length,
        };
    }

    private static void CheckSize(string folder, ManifestFile file)
    {
        var info = new FileInfo(FolderPaths.Inside(folder, file.Name));
        if (!info.Exists)
            throw new ModelFolderException(folder, $"{file.Name} is missing");
        if (info.Length != file.Bytes)
            throw new ModelFolderException(folder, $"{file.Name} has {info.Length} bytes, where {ModelManifest.FileName} says {file.Bytes}");
    }

    private static Precision? GuessPrecision(GraphCost cost, TensorElementType keyValueType) => (cost.WeightBits, keyValueType) switch
    {
        (4, _) => Building.Precision.Int4,
        (8, _) => Building.Precision.Int8,
        (16, TensorElementType.Float16) => Building.Precision.Fp16,
        (16, TensorElementType.BFloat16) => Building.Precision.Bf16,
        (32, _) => Building.Precision.Fp32,
        _ => null,
    };
}
