namespace GreenTune.Models.Building;

/// <summary>The place of a folder that is built: its lock, its unfinished forms and the move that makes it real.</summary>
internal sealed class BuildPlace
{
    /// <summary>Marks folders that are not complete, or no longer wanted.</summary>
    private const string UnfinishedMark = ".unfinished-";

    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(100);

    private readonly string _parent;
    private readonly string _name;

    public BuildPlace(string target)
    {
        Target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target));
        _parent = Path.GetDirectoryName(Target) ?? throw new ArgumentException("A model folder cannot be a file system's root.", nameof(target));
        _name = Path.GetFileName(Target);
    }

    public string Target { get; }

    /// <summary>Waits until no other process builds this folder. The lock dies with its process.</summary>
    public async Task<IDisposable> LockAsync(Action waiting, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (TryLock() is { } free)
            return free;
        waiting();
        while (true)
        {
            await Task.Delay(RetryAfter, clock, cancellationToken);
            if (TryLock() is { } held)
                return held;
        }
    }

    /// <summary>Removes what stopped builds left. Only under the lock.</summary>
    public void RemoveLeftovers()
    {
        foreach (string leftover in Directory.EnumerateDirectories(_parent, _name + UnfinishedMark + "*"))
            Remove(leftover);
    }

    public string NewTemporary() => Directory.CreateDirectory(Aside()).FullName;

    /// <summary>Moves a complete folder into place; one that was there goes.</summary>
    public void Publish(string temporary)
    {
        if (Directory.Exists(Target))
        {
            string old = Aside();
            Directory.Move(Target, old);
            Directory.Move(temporary, Target);
            Remove(old);
        }
        else
        {
            Directory.Move(temporary, Target);
        }
    }

    /// <summary>Removes a folder, finished or not; false where a build of it runs or a file of it cannot be removed.</summary>
    public static bool RemoveUnlessBuilding(string folder)
    {
        int mark = folder.LastIndexOf(UnfinishedMark, StringComparison.Ordinal);
        using IDisposable? held = new BuildPlace(mark < 0 ? folder : folder[..mark]).TryLock();
        if (held is null)
            return false;
        Remove(folder);
        return !Directory.Exists(folder);
    }

    public static void Remove(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A file that is still open elsewhere stays; the next build under this lock tries again.
        }
    }

    /// <summary>The lock; null where another process or task has it.</summary>
    public FileStream? TryLock()
    {
        string locks = Path.Combine(_parent, ".locks");
        try
        {
            Directory.CreateDirectory(locks);
            return new FileStream(Path.Combine(locks, _name), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (IsHeld(e))
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFolderException(_parent, $"the folder cannot be made or written: {e.Message}; choose another with --cache or GREENTUNE_CACHE", e);
        }
    }

    /// <summary>Sharing or lock violation on Windows; EWOULDBLOCK on Linux and macOS.</summary>
    private static bool IsHeld(IOException e) => OperatingSystem.IsWindows() ? (e.HResult & 0xffff) is 32 or 33 : e.HResult is 11 or 35;

    private string Aside() => Path.Combine(_parent, $"{_name}{UnfinishedMark}{Guid.NewGuid():N}");
}
