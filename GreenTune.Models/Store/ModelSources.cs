namespace GreenTune.Models.Store;

/// <summary>Finds the checkpoints that ship with GreenTune or that a user put beside them.</summary>
internal static class ModelSources
{
    private const string FolderName = "models";

    /// <summary>The folder of checkpoints.</summary>
    /// <exception cref="ModelFolderException">The folder that was asked for does not exist, or none was found; the message says where it was looked for.</exception>
    public static string Find(string? configured, IReadOnlyList<string> startFolders)
    {
        if (!string.IsNullOrWhiteSpace(configured))
        {
            string folder = Path.GetFullPath(configured);
            return Directory.Exists(folder)
                ? folder
                : throw new ModelFolderException(folder, "the folder of models does not exist; --models or Models:SourceFolder (Models__SourceFolder) says which it is");
        }
        foreach (string start in startFolders)
        {
            for (string? folder = Path.GetFullPath(start); folder is not null; folder = Path.GetDirectoryName(folder))
            {
                string candidate = Path.Combine(folder, FolderName);
                if (Directory.Exists(candidate) && Checkpoints(candidate).Count > 0)
                    return candidate;
            }
        }
        throw new ModelFolderException(startFolders[0],
            $"no folder '{FolderName}' with checkpoints is above {string.Join(" or ", startFolders.Distinct())}; say where it is with --models or Models:SourceFolder (Models__SourceFolder)");
    }

    /// <summary>Folders of <paramref name="folder"/> that hold a checkpoint, by name; none where the folder is not there.</summary>
    public static IReadOnlyList<string> Checkpoints(string folder) => !Directory.Exists(folder)
        ? []
        :
        [
            .. Directory.EnumerateDirectories(folder)
                .Where(f => !Path.GetFileName(f).StartsWith('.') && !Path.GetFileName(f).Contains(CheckpointNames.UnfinishedEnding, StringComparison.OrdinalIgnoreCase) && CheckpointKinds.Of(f) is not null)
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>Checkpoints of several folders; of equal names the one of the folder before.</summary>
    public static IReadOnlyList<string> Checkpoints(IEnumerable<string> folders) =>
        [.. folders.SelectMany(Checkpoints).DistinctBy(Path.GetFileName, StringComparer.OrdinalIgnoreCase)];

    /// <summary>Folders in ONNX Runtime GenAI's format, by name; none where the folder is not there.</summary>
    public static IReadOnlyList<string> Foreign(string folder) => !Directory.Exists(folder)
        ? []
        : [.. Directory.EnumerateDirectories(folder).Where(f => CheckpointNames.IsName(Path.GetFileName(f)) && File.Exists(Path.Combine(f, "genai_config.json"))).Order(StringComparer.Ordinal)];
}
