namespace GreenTune.Models.Store;

/// <summary>
/// Says to other processes that a folder is in use, for as long as it is not disposed: it is not removed meanwhile. Several may use one folder. Ends with
/// its process.
/// </summary>
public sealed class FolderUse : IDisposable
{
    private readonly FileStream? _lock;

    private FolderUse(FileStream? held) => _lock = held;

    /// <summary>Uses a folder. Where its parent cannot be written, as with a folder that belongs to another user, nothing is held: nothing can be removed there either.</summary>
    public static FolderUse Hold(string folder)
    {
        try
        {
            return new FolderUse(Open(folder, FileAccess.Read, FileShare.Read));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new FolderUse(null);
        }
    }

    public void Dispose() => _lock?.Dispose();

    /// <summary>Keeps others from using a folder; null where one does.</summary>
    internal static IDisposable? TryExclude(string folder)
    {
        try
        {
            return Open(folder, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static FileStream Open(string folder, FileAccess access, FileShare share)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        string locks = Path.Combine(Path.GetDirectoryName(full)!, ".locks");
        Directory.CreateDirectory(locks);
        return new FileStream(Path.Combine(locks, Path.GetFileName(full) + ".use"), FileMode.OpenOrCreate, access, share);
    }
}
