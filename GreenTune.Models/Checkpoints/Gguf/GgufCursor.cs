using System.Buffers.Binary;
using System.Text;

namespace GreenTune.Models.Checkpoints.Gguf;

/// <summary>Reads a GGUF header from front to back; never past the end of the file, and never more than it says.</summary>
internal sealed class GgufCursor(MappedFile file, long position)
{
    /// <summary>Longest text that is read: chat templates are the longest, and have some ten thousand bytes.</summary>
    public const int MaximumTextBytes = 1 << 24;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public long Position { get; private set; } = position;

    public long Left => file.Length - Position;

    public byte Byte(string what) => Take(1, what)[0];

    public ushort UInt16(string what) => BinaryPrimitives.ReadUInt16LittleEndian(Take(2, what));

    public uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    public ulong UInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    /// <summary>A number of entries of at least <paramref name="smallest"/> bytes each: never more than the rest of the file can hold.</summary>
    public int Count(string what, int smallest)
    {
        ulong count = UInt64(what);
        if (count > (ulong)(Left / smallest) || count > int.MaxValue)
            throw Error($"is truncated or damaged: {what} is {count}, which the {Left} bytes that follow cannot hold");
        return (int)count;
    }

    /// <summary>A length and as many bytes of UTF-8.</summary>
    public string Text(string what, int maximum = MaximumTextBytes)
    {
        int length = TextLength(what, maximum);
        try
        {
            return Strict.GetString(Take(length, what));
        }
        catch (DecoderFallbackException e)
        {
            throw Error($"is damaged: {what} is not UTF-8", e);
        }
    }

    public void SkipText(string what) => Skip(TextLength(what, MaximumTextBytes), what);

    public void Skip(long count, string what)
    {
        if (count > Left)
            throw Truncated(what);
        Position += count;
    }

    public ModelFolderException Error(string what, Exception? inner = null) => new(file.Folder, $"{file.Name} {what}", inner);

    private int TextLength(string what, int maximum)
    {
        ulong length = UInt64(what);
        if (length > (ulong)Left)
            throw Truncated(what);
        return length <= (ulong)maximum ? (int)length : throw Error($"is damaged: {what} has {length} bytes; up to {maximum} are read");
    }

    private ReadOnlySpan<byte> Take(int count, string what)
    {
        if (count > Left)
            throw Truncated(what);
        ReadOnlySpan<byte> bytes = file.Bytes(Position, count);
        Position += count;
        return bytes;
    }

    private ModelFolderException Truncated(string what) => Error($"is truncated: it ends at byte {file.Length}, inside {what}");
}
