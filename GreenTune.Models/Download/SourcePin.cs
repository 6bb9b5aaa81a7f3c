using System.Text.Json;

namespace GreenTune.Models.Download;

/// <summary>
/// Where a checkpoint was pulled from, in its folder as greentune-source.json: the commit and each file's size and hash, to which later pulls of the
/// same name are held.
/// </summary>
public sealed record SourcePin
{
    public const string FileName = "greentune-source.json";

    /// <summary>Form of this file.</summary>
    public int Version { get; init; } = 1;

    /// <summary>Address of the hub.</summary>
    public required string Endpoint { get; init; }

    /// <summary>For example "HuggingFaceTB/SmolLM2-135M-Instruct".</summary>
    public required string Repository { get; init; }

    /// <summary>Branch, tag or commit that was asked for.</summary>
    public required string Revision { get; init; }

    /// <summary>What it meant at the time.</summary>
    public required string Commit { get; init; }

    /// <summary>SPDX identifier from the catalog, else what the repository's card says; null where neither says.</summary>
    public string? License { get; init; }

    /// <summary>Patterns that the files were chosen by.</summary>
    public required IReadOnlyList<string> Patterns { get; init; }

    public required DateTimeOffset PulledAt { get; init; }

    public required IReadOnlyList<HubFile> Files { get; init; }

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The pin of a folder; null where it has none.</summary>
    /// <exception cref="ModelFolderException">The file is there and cannot be read.</exception>
    public static SourcePin? Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            return null;
        try
        {
            SourcePin pin = JsonSerializer.Deserialize<SourcePin>(File.ReadAllBytes(FolderPaths.Inside(folder, FileName)), Json)
                ?? throw new ModelFolderException(folder, $"{FileName} is empty");
            if (pin.Version != 1 || !HubRepository.IsCommit(pin.Commit) || !HubRepository.IsName(pin.Repository) || pin.Files.Any(f => !HubFile.IsSafePath(f.Path) || f.Size < 0 || (f.Sha256 ?? f.BlobSha1) is null))
                throw new ModelFolderException(folder, $"{FileName} is not one that this version writes");
            return pin;
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            throw new ModelFolderException(folder, $"{FileName} cannot be read: {e.Message}", e);
        }
    }

    internal void Write(string folder) => File.WriteAllBytes(Path.Combine(folder, FileName), JsonSerializer.SerializeToUtf8Bytes(this, Json));
}
