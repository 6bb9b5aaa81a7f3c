using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace GreenTune.Models.Checkpoints;

/// <summary>
/// A file of a checkpoint, mapped into memory for reading. Pages come when they are read and are given back by <see cref="Release"/>, so that a file may be
/// larger than the memory and the process stays small.
/// </summary>
internal sealed unsafe partial class MappedFile : IDisposable
{
    /// <summary>MADV_DONTNEED of Linux and macOS: the pages of a read-only mapping are dropped and read again from the file when they are touched.</summary>
    private const int DontNeed = 4;

    private readonly MemoryMappedFile _mapping;
    private readonly MemoryMappedViewAccessor _view;
    private byte* _start;

    /// <param name="folder">Folder of the checkpoint.</param>
    /// <param name="name">File name inside it.</param>
    /// <exception cref="ModelFolderException">The file is missing, empty or points outside the folder.</exception>
    public MappedFile(string folder, string name)
    {
        Folder = folder;
        Name = name;
        string path = FolderPaths.Inside(folder, name);
        var info = new FileInfo(path);
        if (!info.Exists)
            throw new ModelFolderException(folder, $"{name} is missing");
        Length = info.Length;
        if (Length == 0)
            throw new ModelFolderException(folder, $"{name} is truncated: it is empty");
        MemoryMappedFile? mapping = null;
        MemoryMappedViewAccessor? view = null;
        try
        {
            mapping = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            view = mapping.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
            _start += view.PointerOffset;
        }
        catch (Exception e)
        {
            view?.Dispose();
            mapping?.Dispose();
            if (e is IOException or UnauthorizedAccessException)
                throw new ModelFolderException(folder, $"{name} cannot be read: {e.Message}", e);
            throw;
        }
        (_mapping, _view) = (mapping, view);
    }

    public string Folder { get; }

    /// <summary>File name inside the folder.</summary>
    public string Name { get; }

    public long Length { get; }

    /// <summary>Bytes of the file from <paramref name="offset"/>; valid until the file is disposed.</summary>
    public ReadOnlySpan<byte> Bytes(long offset, int count)
    {
        ObjectDisposedException.ThrowIf(_start == null, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + count, Length);
        return new ReadOnlySpan<byte>(_start + offset, count);
    }

    /// <summary>Says that these bytes are not needed soon. They can be read again: only the memory behind them is given back.</summary>
    public void Release(long offset, long count)
    {
        ObjectDisposedException.ThrowIf(_start == null, this);
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
            return;
        nint page = Environment.SystemPageSize;
        nint first = ((nint)_start + (nint)offset + page - 1) / page * page;
        nint end = ((nint)_start + (nint)Math.Min(offset + count, Length)) / page * page;
        // Advice alone: where the system does not take it the pages stay until the system wants them.
        if (end > first)
            _ = MemoryAdvise(first, (nuint)(end - first), DontNeed);
    }

    public void Dispose()
    {
        if (_start != null)
        {
            _start = null;
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
        _view.Dispose();
        _mapping.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MemoryAdvise(nint address, nuint length, int advice);
}
