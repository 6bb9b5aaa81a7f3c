using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace GreenTune.Models.Download;

/// <summary>The hash that the hub lists for a file: SHA-256 of its content, or git's SHA-1 of "blob", its length, a zero byte and its content.</summary>
internal sealed class ContentHash : IDisposable
{
    private readonly IncrementalHash _hash;
    private readonly string _expected;
    private readonly byte[] _before = [];

    public ContentHash(HubFile file)
    {
        if (file.Sha256 is { } sha256)
        {
            (_hash, _expected) = (IncrementalHash.CreateHash(HashAlgorithmName.SHA256), sha256);
            return;
        }
        _expected = file.BlobSha1 ?? throw new ArgumentException($"{file.Path} has no hash.", nameof(file));
#pragma warning disable CA5350 // Git's identity of a file, which the hub gives and nothing stronger.
        _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        _before = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {file.Size}\0"));
        _hash.AppendData(_before);
    }

    /// <summary>Forgets what was appended.</summary>
    public void Restart()
    {
        _hash.GetHashAndReset();
        _hash.AppendData(_before);
    }

    public void Append(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

    /// <summary>Whether all that was appended is what the hub lists. Ends this hash.</summary>
    public bool Fits(out string actual)
    {
        actual = Convert.ToHexStringLower(_hash.GetHashAndReset());
        return string.Equals(actual, _expected, StringComparison.OrdinalIgnoreCase);
    }

    public void Dispose() => _hash.Dispose();

    /// <summary>Whether the file at <paramref name="path"/> has the size and hash that the hub lists.</summary>
    public static bool FileFits(HubFile file, string path, Action<int>? read, CancellationToken cancellationToken)
    {
        var info = new FileInfo(path);
        if (!info.Exists || info.Length != file.Size)
            return false;
        using var hash = new ContentHash(file);
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        var buffer = new byte[1 << 20];
        for (int count; (count = stream.Read(buffer)) > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hash.Append(buffer.AsSpan(0, count));
            read?.Invoke(count);
        }
        return hash.Fits(out _);
    }
}
