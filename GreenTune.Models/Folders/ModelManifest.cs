using System.Text.Json;
using System.Text.Json.Serialization;
using GreenTune.Models.Building;

namespace GreenTune.Models.Folders;

/// <summary>How a folder was made (greentune.json).</summary>
public sealed record ModelManifest
{
    public const string FileName = "greentune.json";

    /// <summary>Version of this file's form.</summary>
    public const int CurrentFormat = 2;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    public int Format { get; init; } = CurrentFormat;

    /// <summary>For example "greentune-tiny-int4".</summary>
    public required string Id { get; init; }

    /// <summary>For example "greentune-tiny".</summary>
    public required string Model { get; init; }

    /// <summary>The options that it was built with.</summary>
    public required BuildOptions Options { get; init; }

    public required Precision Precision { get; init; }

    public required Provider Provider { get; init; }

    /// <summary>Type of activations, keys and values: "float32", "float16" or "bfloat16".</summary>
    public required string Activations { get; init; }

    /// <summary>Weights that share a scale; null where weights are floating point.</summary>
    public int? BlockSize { get; init; }

    public bool? Symmetric { get; init; }

    /// <summary>MatMulNBits' accuracy_level; null where it has no say.</summary>
    public int? AccuracyLevel { get; init; }

    /// <summary>How weights were rounded: "rtn", "search", "gptq" or "awq"; null where weights are floating point.</summary>
    public string? Method { get; init; }

    /// <summary>What the method was calibrated with, and its hash; null for methods that look at the weights alone.</summary>
    public string? Calibration { get; init; }

    /// <summary>How embedding and output projection are stored, for example "int4, shared".</summary>
    public required string Embedding { get; init; }

    public required ModelSource Source { get; init; }

    /// <summary>Parameters in all.</summary>
    public required long Parameters { get; init; }

    /// <summary>Version of the builder; another version's folders are stale.</summary>
    public required int BuilderVersion { get; init; }

    public required DateTimeOffset BuiltAt { get; init; }

    /// <summary>Every other file of the folder.</summary>
    public required IReadOnlyList<ManifestFile> Files { get; init; }

    internal void Write(string folder)
    {
        using var file = new FileStream(Path.Combine(folder, FileName), FileMode.CreateNew, FileAccess.Write, FileShare.None);
        JsonSerializer.Serialize(file, this, Json);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Null where the folder has none.</summary>
    /// <exception cref="ModelFolderException">The file is not what <see cref="Write"/> writes.</exception>
    internal static ModelManifest? Read(string folder)
    {
        string path = FolderPaths.Inside(folder, FileName);
        if (!File.Exists(path))
            return null;
        try
        {
            using FileStream file = File.OpenRead(path);
            ModelManifest manifest = JsonSerializer.Deserialize<ModelManifest>(file, Json)
                ?? throw new ModelFolderException(folder, $"{FileName} is empty");
            return manifest.Format == CurrentFormat
                ? manifest
                : throw new ModelFolderException(folder, $"{FileName}: format is {manifest.Format}; {CurrentFormat} is read, build the folder again");
        }
        catch (JsonException e)
        {
            throw new ModelFolderException(folder, $"{FileName} is not valid: {e.Message}", e);
        }
    }
}

/// <summary>What a folder was made from.</summary>
/// <param name="Name">Name of the checkpoint, for example "greentune-tiny".</param>
/// <param name="Sha256">Hash over all files that the folder is made from, see <see cref="SourceFingerprint"/>.</param>
/// <param name="Weights">Weight files with their own hashes.</param>
/// <param name="Quantized">The source's weights were quantised already: no reference for comparisons of precision.</param>
public sealed record ModelSource(string Name, string Sha256, IReadOnlyList<SourceFile> Weights, bool Quantized);

/// <summary>A file of the source.</summary>
public sealed record SourceFile(string Name, long Bytes, string Sha256);

/// <summary>A file of the folder.</summary>
public sealed record ManifestFile(string Name, long Bytes);
