using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Records;

/// <summary>
/// Records on disk until Accounting has them. Entries are appended to segment files of JSON lines and flushed to the disk before
/// <see cref="AppendAsync"/> returns; a segment is deleted when everything in it was taken. What a crash leaves behind is sent at the next start;
/// Accounting ignores what it has already.
/// </summary>
internal sealed partial class Outbox : IAsyncDisposable
{
    private const int SegmentBytes = 1 << 20;
    private const int MaxBatch = 512;
    private const string Pattern = "0*.jsonl";
    private const string RefusedFile = "refused.jsonl";

    private readonly string _directory;
    private readonly long _limitBytes;
    private readonly ILogger<Outbox> _logger;
    private readonly Channel<Pending> _incoming = Channel.CreateUnbounded<Pending>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Lock _files = new();
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly Task _writing;
    private FileStream? _open;
    private long _nextSegment;
    private volatile string? _problem;

    public Outbox(string directory, long limitBytes, ILogger<Outbox> logger)
    {
        _directory = directory;
        _limitBytes = limitBytes;
        _logger = logger;
        Directory.CreateDirectory(directory);
        string[] left = Segments();
        _nextSegment = left.Length == 0 ? 1 : Number(left[^1]) + 1;
        if (left.Length > 0)
        {
            LogFound(left.Length);
            _arrived.Release();
        }

        _writing = Task.Run(WriteLoop);
    }

    /// <summary>Why entries cannot be written now; null when they can.</summary>
    public string? Problem => _problem;

    /// <summary>Bytes that wait to be sent.</summary>
    public long Bytes
    {
        get
        {
            lock (_files)
            {
                return Segments().Sum(path => new FileInfo(path).Length);
            }
        }
    }

    /// <summary>Completes when the entry is on the disk.</summary>
    /// <exception cref="IOException">It could not be written; <see cref="Problem"/> says why.</exception>
    public Task AppendAsync(OutboxEntry entry)
    {
        var pending = new Pending(JsonSerializer.SerializeToUtf8Bytes(entry, ContractJson.Options), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        return _incoming.Writer.TryWrite(pending) ? pending.Written.Task : Task.FromException(new IOException("The outbox is closed."));
    }

    /// <summary>Completes when there may be something to send.</summary>
    public async Task WaitAsync(TimeSpan atMost, CancellationToken cancellation)
    {
        await _arrived.WaitAsync(atMost, cancellation);
        while (_arrived.CurrentCount > 0 && await _arrived.WaitAsync(TimeSpan.Zero, cancellation))
        {
            // One wake-up for everything that has arrived.
        }
    }

    /// <summary>The oldest segment's entries, in order; null when there is none. It stays on disk until <see cref="Remove"/>.</summary>
    public OutboxSegment? Oldest()
    {
        lock (_files)
        {
            string[] segments = Segments();
            if (segments.Length == 0)
            {
                return null;
            }

            if (_open is not null && segments[0] == _open.Name)
            {
                CloseSegment();
            }

            return new OutboxSegment(segments[0], Read(segments[0]));
        }
    }

    /// <summary>Ids of the records that wait to be sent. Reads every segment.</summary>
    public HashSet<string> WaitingRecords()
    {
        lock (_files)
        {
            CloseSegment();
            return [.. Segments().SelectMany(Read).Where(entry => entry.Kind == OutboxKind.Record).Select(entry => entry.Id)];
        }
    }

    /// <summary>Accounting has everything of the segment.</summary>
    public void Remove(OutboxSegment segment)
    {
        lock (_files)
        {
            File.Delete(segment.Path);
        }
    }

    /// <summary>Keeps entries that Accounting refused for a person to look at: nothing is thrown away.</summary>
    public void SetAside(IEnumerable<OutboxEntry> entries, string reason)
    {
        lock (_files)
        {
            File.AppendAllLines(
                Path.Combine(_directory, RefusedFile),
                entries.Select(entry => JsonSerializer.Serialize(new { reason, entry }, ContractJson.Options)));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _incoming.Writer.TryComplete();
        await _writing;
        lock (_files)
        {
            CloseSegment();
        }

        _arrived.Dispose();
    }

    private async Task WriteLoop()
    {
        var batch = new List<Pending>();
        while (await _incoming.Reader.WaitToReadAsync())
        {
            while (batch.Count < MaxBatch && _incoming.Reader.TryRead(out Pending? pending))
            {
                batch.Add(pending);
            }

            try
            {
                Write(batch);
                _problem = null;
                batch.ForEach(pending => pending.Written.SetResult());
                _arrived.Release();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                if (_problem is null)
                {
                    LogUnwritable(e, _directory);
                }

                _problem = e.Message;
                batch.ForEach(pending => pending.Written.SetException(e));
            }

            batch.Clear();
        }
    }

    private void Write(List<Pending> batch)
    {
        lock (_files)
        {
            if (Bytes >= _limitBytes)
            {
                throw new IOException($"Records wait for Accounting and fill the {_limitBytes >> 20} MiB they may take (Inference:OutboxLimitBytes).");
            }

            _open ??= new FileStream(Path.Combine(_directory, $"{_nextSegment++:D12}.jsonl"), FileMode.CreateNew, FileAccess.Write, FileShare.Read);
            long before = _open.Length;
            try
            {
                foreach (Pending pending in batch)
                {
                    _open.Write(pending.Line);
                    _open.WriteByte((byte)'\n');
                }

                _open.Flush(flushToDisk: true);
            }
            catch (IOException)
            {
                Truncate(before);
                throw;
            }

            if (_open.Length >= SegmentBytes)
            {
                CloseSegment();
            }
        }
    }

    /// <summary>A batch that failed half-way (disk full) leaves no half line behind.</summary>
    private void Truncate(long length)
    {
        FileStream? open = _open;
        _open = null;
        if (open is null)
        {
            return;
        }

        try
        {
            open.SetLength(length);
            open.Dispose();
        }
        catch (IOException)
        {
            // The disk refuses even that: a torn last line is skipped when the segment is read.
        }
    }

    private void CloseSegment()
    {
        _open?.Dispose();
        _open = null;
    }

    private List<OutboxEntry> Read(string path)
    {
        var entries = new List<OutboxEntry>();
        foreach (string line in File.ReadLines(path, Encoding.UTF8))
        {
            try
            {
                if (line.Length > 0 && JsonSerializer.Deserialize<OutboxEntry>(line, ContractJson.Options) is { } entry)
                {
                    entries.Add(entry);
                }
            }
            catch (JsonException e)
            {
                // The process died while it wrote this line, so nobody was told that it was safe.
                LogTorn(e, path);
            }
        }

        return entries;
    }

    private string[] Segments()
    {
        string[] segments = Directory.GetFiles(_directory, Pattern);
        Array.Sort(segments, StringComparer.Ordinal);
        return segments;
    }

    private static long Number(string segment) => long.TryParse(Path.GetFileNameWithoutExtension(segment), out long number) ? number : 0;

    [LoggerMessage(1, LogLevel.Information, "{Segments} segments of records wait from an earlier run")]
    private partial void LogFound(int segments);

    [LoggerMessage(2, LogLevel.Critical, "Records cannot be written to {Directory}; they are kept in memory and tried again")]
    private partial void LogUnwritable(Exception exception, string directory);

    [LoggerMessage(3, LogLevel.Warning, "A torn line of {Segment} was skipped")]
    private partial void LogTorn(Exception exception, string segment);

    private sealed record Pending(byte[] Line, TaskCompletionSource Written);
}

/// <summary>A segment of the outbox, read.</summary>
internal sealed record OutboxSegment(string Path, IReadOnlyList<OutboxEntry> Entries);
