using System.Buffers.Binary;
using System.Buffers.Text;

namespace GreenTune.Accounting.Http;

/// <summary>
/// Where a page ends: a time and the key that breaks ties. Pages cut by a cursor neither skip nor repeat an item when new ones arrive meanwhile.
/// Opaque to callers.
/// </summary>
internal readonly record struct Cursor(long Ticks, long Key)
{
    private const int Bytes = 17;
    private const byte Version = 1;

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        bytes[0] = Version;
        BinaryPrimitives.WriteInt64BigEndian(bytes[1..], Ticks);
        BinaryPrimitives.WriteInt64BigEndian(bytes[9..], Key);
        return Base64Url.EncodeToString(bytes);
    }

    public static bool TryParse(string text, out Cursor cursor)
    {
        cursor = default;
        Span<byte> bytes = stackalloc byte[Bytes + 3];
        // Of some texts the decoder says that they are none by an exception.
        if (!Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, bytes, out int written) || written != Bytes || bytes[0] != Version)
        {
            return false;
        }

        cursor = new Cursor(BinaryPrimitives.ReadInt64BigEndian(bytes[1..]), BinaryPrimitives.ReadInt64BigEndian(bytes[9..]));
        return true;
    }

    /// <summary>The cursor in a query; null when there is none or it is malformed, which the reader's errors then say.</summary>
    public static Cursor? Of(QueryReader query)
    {
        const string Name = "cursor";
        if (query.Text(Name) is not { } text)
        {
            return null;
        }

        if (TryParse(text, out Cursor cursor))
        {
            return cursor;
        }

        query.Errors.Add(Name, "The cursor is the \"next\" of an earlier page.");
        return null;
    }
}
