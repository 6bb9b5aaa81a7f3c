namespace GreenTune.Models;

/// <summary>Paths that come from inside a folder (an index, a graph's external data) and may not lead out of it.</summary>
internal static class FolderPaths
{
    /// <summary>Full path of <paramref name="relative"/> below <paramref name="folder"/>, links followed.</summary>
    /// <exception cref="ModelFolderException">The path is rooted, climbs out, or is a link that leads out.</exception>
    public static string Inside(string folder, string relative)
    {
        string root = Path.GetFullPath(folder);
        if (string.IsNullOrWhiteSpace(relative) || Path.IsPathRooted(relative) || relative.Contains('\0') || relative.Contains(':'))
            throw Outside(folder, relative);
        string path = Path.GetFullPath(Path.Combine(root, relative));
        if (!IsBelow(root, path))
            throw Outside(folder, relative);

        FileSystemInfo? last = null;
        // Each part may be a link of its own: a folder that is a link leads out as well as a file.
        string current = root;
        string realRoot = Real(root);
        foreach (string part in Path.GetRelativePath(root, path).Split(Path.DirectorySeparatorChar))
        {
            current = Path.Combine(current, part);
            FileSystemInfo? target;
            try
            {
                FileSystemInfo entry = Directory.Exists(current) ? new DirectoryInfo(current) : new FileInfo(current);
                target = entry.LinkTarget is null ? null : entry.ResolveLinkTarget(returnFinalTarget: true);
            }
            catch (IOException e)
            {
                throw new ModelFolderException(folder, $"the link {relative} cannot be followed", e);
            }
            if (target is not null && !IsBelow(root, target.FullName) && !IsBelow(realRoot, target.FullName))
                throw new ModelFolderException(folder, $"{relative} is a link to {target.FullName}, outside the folder; copy the file in its place");
            last = target;
        }
        // A link's own length is that of its text: callers get the file.
        return last?.FullName ?? path;
    }

    private static string Real(string root) => new DirectoryInfo(root).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? root;

    private static bool IsBelow(string root, string path) =>
        path.StartsWith(Path.TrimEndingDirectorySeparator(root) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static ModelFolderException Outside(string folder, string relative) =>
        new(folder, $"the path '{relative}' points outside the folder");
}
