using GreenTune.Cli.CommandLine;

namespace GreenTune.Cli.Records;

/// <summary>
/// A file that is there whole or not at all: written under another name beside its place, flushed to the disk, then renamed. Without
/// <see cref="Complete"/> nothing is left and what was there stays.
/// </summary>
internal sealed class ExportFile : IDisposable
{
    private readonly string _path;
    private readonly bool _replace;
    private readonly string _temporary;
    private FileStream? _stream;

    private ExportFile(string path, bool replace)
    {
        _path = path;
        _replace = replace;
        _temporary = Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
    }

    public string FullPath => _path;

    public Stream Stream => _stream ??= Open();

    /// <exception cref="BadUsageException">No file can be put there.</exception>
    public static ExportFile At(string path, bool replace)
    {
        if (string.IsNullOrWhiteSpace(path))
            throw new BadUsageException("--out is empty, where it takes a file, for example --out records.csv");
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full) || Path.EndsInDirectorySeparator(path))
            throw new BadUsageException($"--out is the folder {full}, where it takes a file, for example --out {Path.Combine(path, "records.csv")}");
        if (!Directory.Exists(Path.GetDirectoryName(full)))
            throw new BadUsageException($"--out is in the folder {Path.GetDirectoryName(full)}, which does not exist; make it first, or name another file, for example --out records.csv");
        if (File.Exists(full) && !replace)
            throw new BadUsageException($"--out names {full}, which exists; --force replaces it");
        return new ExportFile(full, replace);
    }

    /// <summary>Moves the file into its place.</summary>
    /// <exception cref="CommandFailedException">It cannot be.</exception>
    public void Complete()
    {
        try
        {
            _stream!.Flush(flushToDisk: true);
            _stream.Dispose();
            _stream = null;
            File.Move(_temporary, _path, _replace);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(e);
        }
    }

    public CommandFailedException Failed(Exception because) => new($"{_path} could not be written: {because.Message}", because);

    public void Dispose()
    {
        _stream?.Dispose();
        try
        {
            File.Delete(_temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The folder went away, and the file with it.
        }
    }

    private FileStream Open()
    {
        try
        {
            return new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16, useAsync: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(e);
        }
    }
}
