using System.Text;
using System.Text.Json;
using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Records;

/// <summary>
/// At the start, makes a record, marked aborted, of every request that a process before this one began and never ended. Killed half-way, the next start goes
/// on: a request whose record is in the outbox is noted as ended before its journal is deleted, and Accounting takes each id once in any case.
/// </summary>
internal sealed partial class JournalRecovery(string directory, Outbox outbox, ILogger<JournalRecovery> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RecoverAsync();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Accounting may be away and the outbox full: the journals stay for the next start.
            LogLeft(e.Message);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Does it once.</summary>
    /// <returns>How many requests were found.</returns>
    internal async Task<int> RecoverAsync()
    {
        var files = new List<FileStream>();
        try
        {
            // Oldest first; the last line of a request wins.
            foreach (string path in Directory.Exists(directory) ? Directory.GetFiles(directory, RequestJournal.Pattern).Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
            {
                if (TryOpen(path) is { } file)
                {
                    files.Add(file);
                }
            }

            Dictionary<string, (JournalEntry Entry, DateTimeOffset LastSign)> open = Read(files);
            if (open.Count > 0)
            {
                await AbortAsync(open, files[^1]);
                LogAborted(open.Count);
            }

            // Only now: a request may begin in one file and end in another.
            foreach (FileStream file in files)
            {
                File.Delete(file.Name);
            }

            return open.Count;
        }
        finally
        {
            files.ForEach(file => file.Dispose());
        }
    }

    private async Task AbortAsync(Dictionary<string, (JournalEntry Entry, DateTimeOffset LastSign)> open, FileStream journal)
    {
        HashSet<string> waiting = outbox.WaitingRecords();
        foreach ((string id, (JournalEntry entry, DateTimeOffset lastSign)) in open)
        {
            if (!waiting.Contains(id))
            {
                await outbox.AppendAsync(OutboxEntry.Of(entry.ToRecord(lastSign)));
            }

            DateTime changed = File.GetLastWriteTimeUtc(journal.SafeFileHandle);
            journal.Seek(0, SeekOrigin.End);
            journal.Write(JsonSerializer.SerializeToUtf8Bytes(new JournalLine { End = id }, ContractJson.Options));
            journal.WriteByte((byte)'\n');
            journal.Flush();
            // The file's time of change is the dead process's last sign, not ours.
            File.SetLastWriteTimeUtc(journal.SafeFileHandle, changed);
        }
    }

    /// <summary>Null for the journal of a process that lives, this one's included, and for one that cannot be read.</summary>
    private FileStream? TryOpen(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogSkipped(Path.GetFileName(path), e.Message);
            return null;
        }
    }

    private Dictionary<string, (JournalEntry Entry, DateTimeOffset LastSign)> Read(List<FileStream> files)
    {
        var open = new Dictionary<string, (JournalEntry, DateTimeOffset)>();
        var ended = new HashSet<string>();
        foreach (FileStream file in files)
        {
            DateTimeOffset lastSign = File.GetLastWriteTimeUtc(file.Name);
            using var reader = new StreamReader(file, Encoding.UTF8, leaveOpen: true);
            while (reader.ReadLine() is { } text)
            {
                if (Parse(text) is not { } line)
                {
                    LogTorn(Path.GetFileName(file.Name));
                }
                else if (line.Begin is { } entry)
                {
                    open[entry.Id] = (entry, lastSign);
                }
                else if (line.End is { } id)
                {
                    ended.Add(id);
                }
            }
        }

        foreach (string id in ended)
        {
            open.Remove(id);
        }

        return open;
    }

    /// <summary>Null for a line that the process did not finish writing.</summary>
    private static JournalLine? Parse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<JournalLine>(text, ContractJson.Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Requests} requests were in flight when an earlier process ended; their records are marked aborted")]
    private partial void LogAborted(int requests);

    [LoggerMessage(2, LogLevel.Warning, "Requests that an earlier process left unfinished wait for the next start: {Reason}")]
    private partial void LogLeft(string reason);

    [LoggerMessage(3, LogLevel.Information, "{Journal} is left alone: {Reason}")]
    private partial void LogSkipped(string journal, string reason);

    [LoggerMessage(4, LogLevel.Warning, "A torn line of {Journal} was skipped")]
    private partial void LogTorn(string journal);
}
