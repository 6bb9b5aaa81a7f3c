using System.Text.Json;
using GreenTune.Models.Folders;

namespace GreenTune.Models.Store;

/// <summary>
/// Remembers the hash of files by path, length and time of change, so that gigabytes of weights are not read at each start. A file that cannot be
/// read or written costs only the time to hash again.
/// </summary>
internal sealed class FingerprintMemory(string path)
{
    private readonly Lock _lock = new();
    private Dictionary<string, Entry>? _entries;

    public string HashOf(string file, CancellationToken cancellationToken)
    {
        var info = new FileInfo(file);
        lock (_lock)
        {
            _entries ??= Load();
            if (_entries.TryGetValue(file, out Entry? known) && known.Bytes == info.Length && known.ChangedTicks == info.LastWriteTimeUtc.Ticks)
                return known.Sha256;
        }
        string hash = SourceFingerprint.HashOf(file, cancellationToken);
        lock (_lock)
        {
            _entries![file] = new Entry(info.Length, info.LastWriteTimeUtc.Ticks, hash);
            Save();
        }
        return hash;
    }

    private Dictionary<string, Entry> Load()
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            return JsonSerializer.Deserialize<Dictionary<string, Entry>>(file, JsonSerializerOptions.Web) ?? [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return [];
        }
    }

    private void Save()
    {
        string temporary = $"{path}.{Guid.NewGuid():N}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(_entries, JsonSerializerOptions.Web));
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next start hashes again.
        }
    }

    private sealed record Entry(long Bytes, long ChangedTicks, string Sha256);
}
