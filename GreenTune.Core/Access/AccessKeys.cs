using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace GreenTune.Core.Access;

/// <summary>
/// The text of API keys: "gt_" and 256 random bits in base64url. Keys are kept as their SHA-256: a slow hash protects what people choose, and 256
/// random bits cannot be guessed however fast the hash is.
/// </summary>
public static class AccessKeys
{
    public const string Prefix = "gt_";

    /// <summary>What a key looks like, for messages.</summary>
    public const string Form = "gt_ and 43 characters of [A-Za-z0-9_-]";

    private const int Bytes = 32;
    private const int ShownCharacters = 7;

    /// <summary>A new key.</summary>
    public static string Create() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>Whether a text could be a key at all.</summary>
    public static bool IsKey([NotNullWhen(true)] string? text) => text is not null
        && text.StartsWith(Prefix, StringComparison.Ordinal)
        && Base64Url.IsValid(text.AsSpan(Prefix.Length), out int length)
        && length == Bytes;

    /// <summary>SHA-256 of a key's UTF-8 bytes, in small hexadecimal digits.</summary>
    public static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    /// <summary>Whether two texts are the same, in a time that does not tell where they differ.</summary>
    public static bool SameText(string a, string b) => CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(a)), SHA256.HashData(Encoding.UTF8.GetBytes(b)));

    /// <summary>The first characters, by which people tell keys apart: 24 of the 256 bits.</summary>
    public static string Shown(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key[..ShownCharacters];
    }
}
