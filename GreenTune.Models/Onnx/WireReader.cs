using System.Text;

namespace GreenTune.Models.Onnx;

/// <summary>Kinds of field in protocol buffers' wire format.</summary>
internal enum WireKind
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

/// <summary>Walks a protocol-buffer file field by field and seeks over what is not wanted.</summary>
internal sealed class WireReader(Stream stream)
{
    /// <summary>Longest text that is read: names and paths are shorter.</summary>
    private const int MaximumText = 1 << 16;

    private WireKind _kind;

    public long Length { get; } = stream.Length;

    public long Position => stream.Position;

    /// <summary>Number and kind of the next field of a message that ends at <paramref name="end"/>; null at its end.</summary>
    public (int Number, WireKind Kind)? NextField(long end)
    {
        if (stream.Position == end)
            return null;
        if (stream.Position > end)
            throw new InvalidDataException($"a field reaches past its message at byte {stream.Position}");
        ulong tag = Varint();
        _kind = (WireKind)(tag & 7);
        if (!Enum.IsDefined(_kind) || tag >> 3 is 0 or > int.MaxValue)
            throw new InvalidDataException($"there is no field at byte {stream.Position}");
        return ((int)(tag >> 3), _kind);
    }

    /// <summary>Enters the message that the field holds; its end.</summary>
    public long Open()
    {
        ulong length = Varint();
        if (length > (ulong)(Length - stream.Position))
            throw new InvalidDataException($"a message at byte {stream.Position} has {length} bytes, the file {Length}");
        return stream.Position + (long)length;
    }

    public string Text()
    {
        long end = Open();
        if (end - stream.Position > MaximumText)
            throw new InvalidDataException($"a name at byte {stream.Position} has {end - stream.Position} bytes");
        var bytes = new byte[end - stream.Position];
        stream.ReadExactly(bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    public ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            int next = stream.ReadByte();
            if (next < 0)
                throw new InvalidDataException("the file ends inside a field");
            value |= (ulong)(next & 0x7f) << shift;
            if ((next & 0x80) == 0)
                return value;
        }
        throw new InvalidDataException($"a number at byte {stream.Position} has no end");
    }

    /// <summary>Steps over the field's value.</summary>
    public void Skip()
    {
        switch (_kind)
        {
            case WireKind.Varint:
                Varint();
                break;
            case WireKind.Bytes:
                MoveTo(Open());
                break;
            default:
                MoveTo(stream.Position + (_kind == WireKind.Fixed64 ? 8 : 4));
                break;
        }
    }

    private void MoveTo(long position)
    {
        if (position > Length)
            throw new InvalidDataException("the file ends inside a field");
        stream.Position = position;
    }
}
