namespace GreenTune.Models.Download;

/// <summary>A file of a repository as the hub lists it.</summary>
/// <param name="Path">Inside the repository, with slashes.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Of the content, for files in large file storage; null for others.</param>
/// <param name="BlobSha1">Git's id of the content, for files that git itself keeps; null for others.</param>
public sealed record HubFile(string Path, long Size, string? Sha256, string? BlobSha1)
{
    private const int LongestPath = 300;

    private static readonly HashSet<string> Devices = new(
        ["con", "prn", "aux", "nul", .. Enumerable.Range(0, 10).SelectMany(i => new[] { $"com{i}", $"lpt{i}" })], StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Whether a path from outside may be written below a folder, on any system: relative, with slashes, without parts that climb, control characters,
    /// drive letters, streams or Windows's device names.
    /// </summary>
    public static bool IsSafePath(string path) =>
        path.Length is > 0 and <= LongestPath
        && !path.Any(c => char.IsControl(c) || c is '\\' or ':' or '*' or '?' or '"' or '<' or '>' or '|')
        && path.Split('/').All(part => part.Length > 0 && !part.EndsWith('.') && !part.EndsWith(' ') && !part.StartsWith(' ') && !Devices.Contains(part.Split('.')[0]));
}
