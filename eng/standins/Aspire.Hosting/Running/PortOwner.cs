using System.Globalization;

namespace Aspire.Hosting.Running;

/// <summary>Who listens on a port. Linux only, and only for processes of the same user; null where it cannot be told.</summary>
internal static class PortOwner
{
    /// <returns>For example `process 4711 (nginx)`.</returns>
    public static string? Find(int port)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        try
        {
            var inodes = ((string[])["/proc/net/tcp", "/proc/net/tcp6"]).Where(File.Exists).SelectMany(table => ListeningInodes(File.ReadLines(table), port)).ToHashSet();
            foreach (var process in Directory.EnumerateDirectories("/proc"))
            {
                if (int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && Holds(process, inodes))
                {
                    return $"process {id} ({File.ReadAllText(Path.Combine(process, "comm")).Trim()})";
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A process that ended meanwhile, or a system that hides them: the port's number has to do.
        }

        return null;
    }

    /// <summary>
    /// Sockets that listen on the port, from lines such as
    /// <c>   0: 0100007F:13ED 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 30212 1 ...</c>
    /// (local address:port in hex, remote, state 0A = LISTEN, ..., inode as tenth column).
    /// </summary>
    internal static IEnumerable<string> ListeningInodes(IEnumerable<string> table, int port)
    {
        var suffix = string.Create(CultureInfo.InvariantCulture, $":{port:X4}");
        foreach (var line in table.Skip(1))
        {
            var columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (columns.Length > 9 && columns[3] == "0A" && columns[1].EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            {
                yield return columns[9];
            }
        }
    }

    private static bool Holds(string process, HashSet<string> inodes)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(Path.Combine(process, "fd"))
                .Any(descriptor => File.ResolveLinkTarget(descriptor, returnFinalTarget: false)?.Name is { } link
                    && link.StartsWith("socket:[", StringComparison.Ordinal)
                    && inodes.Contains(link["socket:[".Length..^1]));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
