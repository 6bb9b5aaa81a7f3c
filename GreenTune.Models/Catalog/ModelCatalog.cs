using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using GreenTune.Models.Download;
using GreenTune.Models.Store;

namespace GreenTune.Models.Catalog;

/// <summary>A catalog cannot be used; the message names the file, the entry and the field.</summary>
public sealed class CatalogException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>The models that can be pulled by a short name: those of catalog.json beside the bundled models, and a user's own over them.</summary>
public sealed partial class ModelCatalog
{
    public const string FileName = "catalog.json";

    /// <summary>Architectures that entries may have.</summary>
    public static readonly IReadOnlyList<string> Architectures = ["LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM", "Phi3ForCausalLM"];

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    private readonly Dictionary<string, CatalogEntry> _byId;

    private ModelCatalog(IEnumerable<CatalogEntry> entries)
    {
        Entries = [.. entries];
        _byId = Entries.ToDictionary(e => e.Id, StringComparer.OrdinalIgnoreCase);
    }

    public IReadOnlyList<CatalogEntry> Entries { get; }

    /// <summary>The catalog of a folder of models, empty where that has none, and over it a user's.</summary>
    /// <param name="modelsFolder">Folder of the bundled models.</param>
    /// <param name="own">A user's catalog, whose entries take the place of those with the same id; null for none.</param>
    /// <exception cref="CatalogException">A file is missing or not a catalog.</exception>
    public static ModelCatalog Open(string modelsFolder, string? own = null)
    {
        string bundled = Path.Combine(modelsFolder, FileName);
        IReadOnlyList<CatalogEntry> entries = File.Exists(bundled) ? Read(bundled) : [];
        IReadOnlyList<CatalogEntry> over = string.IsNullOrWhiteSpace(own) ? [] : Read(Path.GetFullPath(own));
        var replaced = over.Select(e => e.Id).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return new ModelCatalog(entries.Where(e => !replaced.Contains(e.Id)).Concat(over));
    }

    public CatalogEntry? Find(string id) => _byId.GetValueOrDefault(id);

    /// <summary>Reads and checks one file.</summary>
    /// <exception cref="CatalogException">It is missing or not a catalog.</exception>
    public static IReadOnlyList<CatalogEntry> Read(string path)
    {
        CatalogFile file;
        try
        {
            using FileStream stream = File.OpenRead(path);
            file = JsonSerializer.Deserialize<CatalogFile>(stream, Json) ?? throw new CatalogException($"{path} is empty; {{\"version\": 1, \"models\": []}} is the least that is expected");
        }
        catch (JsonException e)
        {
            throw new CatalogException($"{path} is not a catalog: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CatalogException($"the catalog {path} cannot be read: {e.Message}; --catalog or Models:Catalog (Models__Catalog) says which it is", e);
        }
        if (file.Version != 1)
            throw new CatalogException($"{path}: version is {file.Version}; 1 is read");
        var ids = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (CatalogEntry entry in file.Models)
        {
            if (Fault(entry) is { } fault)
                throw new CatalogException($"{path}: models[\"{entry.Id}\"].{fault}");
            if (!ids.Add(entry.Id))
                throw new CatalogException($"{path}: models[\"{entry.Id}\"] is there twice");
        }
        return file.Models;
    }

    /// <summary>What is wrong with an entry, beginning with the field; null for nothing.</summary>
    internal static string? Fault(CatalogEntry entry) => entry switch
    {
        _ when !CheckpointNames.IsName(entry.Id) || entry.Id.Any(char.IsAsciiLetterUpper) => $"id is no name; {CheckpointNames.Expected}, in small letters",
        _ when string.IsNullOrWhiteSpace(entry.DisplayName) => "displayName is empty",
        _ when !License().IsMatch(entry.License) => $"license is '{entry.License}'; an SPDX identifier or LicenseRef-... is expected, for example Apache-2.0",
        _ when entry.License.StartsWith("LicenseRef-", StringComparison.Ordinal) && (string.IsNullOrWhiteSpace(entry.LicenseName) || entry.LicenseUrl is null) => "licenseName and licenseUrl are expected where the license has no SPDX identifier",
        _ when entry.LicenseUrl is { } url && !(url.IsAbsoluteUri && url.Scheme == Uri.UriSchemeHttps) => "licenseUrl is not an https address",
        _ when !Architectures.Contains(entry.Architecture) => $"architecture is '{entry.Architecture}'; known are {string.Join(", ", Architectures)}",
        _ when !HubRepository.IsName(entry.Repository) => $"repository is '{entry.Repository}'; {HubRepository.Expected}, is expected",
        _ when !HubRepository.IsRevision(entry.Revision) => $"revision is '{entry.Revision}'; a branch, tag or commit is expected, for example main",
        _ when !entry.Shape.IsPositive || entry.Shape.Heads % entry.Shape.KeyValueHeads != 0 => "shape has a size that is not positive, or keyValueHeads that do not divide heads",
        _ when entry.Parameters != entry.Shape.Parameters(entry.Architecture) => $"parameters is {entry.Parameters}, and the shape gives {entry.Shape.Parameters(entry.Architecture)}",
        _ when entry.Files is { Count: 0 } => "files is empty; leave it out for the usual ones",
        _ when entry.Files?.FirstOrDefault(f => !FilePatterns.IsPattern(f)) is { } bad => $"files has '{bad}', which names no file of a repository",
        _ when string.IsNullOrWhiteSpace(entry.Notes) => "notes is empty",
        _ => null,
    };

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9.+-]*\\z", RegexOptions.CultureInvariant)]
    private static partial Regex License();

    private sealed record CatalogFile
    {
        public required int Version { get; init; }

        public required IReadOnlyList<CatalogEntry> Models { get; init; }
    }
}
