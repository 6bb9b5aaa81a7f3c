namespace GreenTune.Metering.Files;

/// <summary>How opening a file went.</summary>
internal enum FileAnswer
{
    Ok,
    Missing,

    /// <summary>The file is there, and this user may not read it.</summary>
    Denied,

    /// <summary>Reading failed in another way.</summary>
    Failed,
}

/// <summary>The few things that sources do with the system's own files. A seam: tests put text behind it.</summary>
internal interface ISystemFiles
{
    /// <summary>Names of the folders and links to folders in one; null when it does not exist.</summary>
    IReadOnlyList<string>? Folders(string path);

    /// <summary>The whole text of a small file.</summary>
    FileAnswer Read(string path, out string text);

    /// <summary>Keeps a file open that is read again and again from its start.</summary>
    FileAnswer Open(string path, out ISystemFile? file);
}

/// <summary>A file that is read again and again. Reading allocates nothing.</summary>
internal interface ISystemFile : IDisposable
{
    /// <summary>Reads from the start; the number of bytes, or -1 when that failed.</summary>
    int Read(Span<byte> buffer);
}

/// <summary>The machine's own files.</summary>
internal sealed class SystemFiles : ISystemFiles
{
    public IReadOnlyList<string>? Folders(string path)
    {
        try
        {
            return Directory.Exists(path) ? [.. Directory.EnumerateFileSystemEntries(path).Where(Directory.Exists).Select(entry => Path.GetFileName(entry))] : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public FileAnswer Read(string path, out string text)
    {
        text = "";
        try
        {
            text = File.ReadAllText(path);
            return FileAnswer.Ok;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return AnswerOf(problem);
        }
    }

    public FileAnswer Open(string path, out ISystemFile? file)
    {
        file = null;
        try
        {
            file = new OpenFile(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            return FileAnswer.Ok;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return AnswerOf(problem);
        }
    }

    private static FileAnswer AnswerOf(Exception problem) => problem switch
    {
        UnauthorizedAccessException => FileAnswer.Denied,
        FileNotFoundException or DirectoryNotFoundException => FileAnswer.Missing,
        _ => FileAnswer.Failed,
    };

    private sealed class OpenFile(Microsoft.Win32.SafeHandles.SafeFileHandle handle) : ISystemFile
    {
        public int Read(Span<byte> buffer)
        {
            try
            {
                return RandomAccess.Read(handle, buffer, 0);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or ObjectDisposedException)
            {
                return -1;
            }
        }

        public void Dispose() => handle.Dispose();
    }
}
