using System.Text.Json;
using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Records;

/// <summary>
/// Requests in flight, in a file of this process's own: a line when one begins, a line when its record is safe in the outbox. Each line is one write to the
/// operating system and none waits for the disk: what a killed process wrote, the system keeps, and a request pays some microseconds. A power cut may
/// lose the last seconds. Lines of ended requests are left behind when the file has grown: what is still open goes to a new file and the old one goes away.
/// A lock on the file tells others that its process lives. Thread-safe.
/// </summary>
internal sealed partial class RequestJournal : IDisposable
{
    /// <summary>Names of journal files, oldest first within a process.</summary>
    public const string Pattern = "requests-*.jsonl";

    internal const long CompactAbove = 256 << 10;

    private static readonly TimeSpan SignEvery = TimeSpan.FromSeconds(1);

    private readonly string _directory;
    private readonly TimeProvider _clock;
    private readonly ILogger<RequestJournal> _logger;
    private readonly string _process = Guid.CreateVersion7().ToString("N");
    private readonly Dictionary<string, byte[]> _open = [];
    private readonly Lock _gate = new();
    private readonly ITimer _signs;
    private FileStream? _file;
    private long _bytes;
    private long _compactAt = CompactAbove;
    private int _number;
    private bool _failed;
    private bool _disposed;

    /// <param name="directory">Created when missing.</param>
    public RequestJournal(string directory, TimeProvider clock, ILogger<RequestJournal> logger)
    {
        _directory = directory;
        _clock = clock;
        _logger = logger;
        Directory.CreateDirectory(directory);
        _signs = clock.CreateTimer(static state => ((RequestJournal)state!).GiveSign(), this, SignEvery, SignEvery);
    }

    /// <summary>Requests that have begun and not ended.</summary>
    public int Open
    {
        get
        {
            lock (_gate)
            {
                return _open.Count;
            }
        }
    }

    /// <summary>A request begins. A disk that refuses is named once and stops nobody.</summary>
    public void Begin(JournalEntry entry)
    {
        byte[] line = Line(new JournalLine { Begin = entry });
        lock (_gate)
        {
            _open[entry.Id] = line;
            Append(line);
        }
    }

    /// <summary>The request's record is in the outbox. Unknown ids are ignored.</summary>
    public void End(string id)
    {
        byte[] line = Line(new JournalLine { End = id });
        lock (_gate)
        {
            if (!_open.Remove(id))
            {
                return;
            }

            Append(line);
            if (_bytes > _compactAt)
            {
                Compact();
            }
        }
    }

    /// <summary>Ends the journal. What is still open is found at the next start; without anything open no file stays.</summary>
    public void Dispose()
    {
        _signs.Dispose();
        lock (_gate)
        {
            _disposed = true;
            string? path = _file?.Name;
            _file?.Dispose();
            _file = null;
            if (path is not null && _open.Count == 0)
            {
                TryDelete(path);
            }
        }
    }

    private static byte[] Line(JournalLine line)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(line, ContractJson.Options);
        Array.Resize(ref json, json.Length + 1);
        json[^1] = (byte)'\n';
        return json;
    }

    private void Append(byte[] line)
    {
        if (_disposed)
        {
            return;
        }

        try
        {
            _file ??= Create();
            _file.Write(line);
            _bytes += line.Length;
            _failed = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!_failed)
            {
                LogUnwritable(e, _directory);
            }

            _failed = true;
        }
    }

    /// <summary>Without a buffer of its own: each line is the operating system's at once. Nobody else opens it while this process lives.</summary>
    private FileStream Create() =>
        new(Path.Combine(_directory, $"requests-{_process}-{_number++:D8}.jsonl"), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);

    private void Compact()
    {
        FileStream? old = _file;
        FileStream? next = null;
        try
        {
            next = Create();
            byte[] open = [.. _open.Values.SelectMany(line => line)];
            next.Write(open);
            (_file, _bytes) = (next, open.Length);
            // Grows with what is in flight, so that a long queue is not written again and again.
            _compactAt = Math.Max(CompactAbove, 2 * open.Length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The old file goes on; the half of a new one has nothing that the old one lacks.
            LogUnwritable(e, _directory);
            _compactAt = 2 * _bytes;
            (old, next) = (next, old);
            _file = next;
        }

        if (old is not null)
        {
            old.Dispose();
            TryDelete(old.Name);
        }
    }

    /// <summary>The file's time of change says until when the process lived.</summary>
    private void GiveSign()
    {
        lock (_gate)
        {
            if (_file is null || _open.Count == 0)
            {
                return;
            }

            try
            {
                File.SetLastWriteTimeUtc(_file.SafeFileHandle, _clock.GetUtcNow().UtcDateTime);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The last line's time stands in.
            }
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Read again at the next start, which finds nothing open in it.
        }
    }

    [LoggerMessage(1, LogLevel.Error, "Requests in flight cannot be noted in {Directory}: those that a crash ends leave no record")]
    private partial void LogUnwritable(Exception exception, string directory);
}
