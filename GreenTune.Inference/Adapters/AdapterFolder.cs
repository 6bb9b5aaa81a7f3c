using GreenTune.Models.Adapters;

namespace GreenTune.Inference.Adapters;

/// <summary>The folder that adapters are loaded from. Requests name files in it; what they name is looked for among the files that are there and never becomes a path.</summary>
internal sealed class AdapterFolder(string path)
{
    /// <summary>What a name may be.</summary>
    public const string NameForm = "1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-', beginning with a letter or digit, for example 'support'";

    /// <summary>Full path of the folder. It may be missing: there are no adapters then.</summary>
    public string FullPath { get; } = Path.GetFullPath(path);

    /// <summary>The configured folder, else "adapters" below the service's data.</summary>
    public static AdapterFolder Of(InferenceOptions options, string data) => new(options.AdaptersFolder ?? Path.Combine(data, "adapters"));

    public static bool IsName(string? name) =>
        name is { Length: >= 1 and <= 64 } && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    /// <summary>Names of the adapters that can be loaded, in order.</summary>
    public IReadOnlyList<string> Names() => [.. Files().Select(Name).Order(StringComparer.Ordinal)];

    /// <summary>Full path of an adapter's file; null where there is none.</summary>
    public string? Find(string name) => Files().FirstOrDefault(file => Name(file) == name)?.FullName;

    private static string Name(FileInfo file) => Path.GetFileNameWithoutExtension(file.Name);

    /// <summary>A link could lead out of the folder, and is left out.</summary>
    private IEnumerable<FileInfo> Files() => Directory.Exists(FullPath)
        ? new DirectoryInfo(FullPath).EnumerateFiles("*" + AdapterFile.Extension).Where(file => file.LinkTarget is null && IsName(Name(file)))
        : [];
}
