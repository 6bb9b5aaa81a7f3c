using System.Buffers.Binary;
using System.Text;

namespace GreenTune.Models.Adapters;

/// <summary>
/// The part of FlatBuffers that adapters need. Every position comes from the file and is checked: a table's first number leads back to its list of fields,
/// and each field that is no number leads forward to what it holds.
/// </summary>
internal sealed class FlatBufferReader(byte[] bytes)
{
    public bool HasIdentifier(string identifier) => bytes.Length >= 8 && Encoding.ASCII.GetString(bytes, 4, 4) == identifier;

    /// <summary>Position of the root table.</summary>
    public int Root() => Forward(0);

    /// <summary>A number field; 0 where it is left out.</summary>
    public int Int32(int table, int field) => Field(table, field) is { } at ? BinaryPrimitives.ReadInt32LittleEndian(At(at, 4)) : 0;

    public string Text(int table, int field)
    {
        ReadOnlyMemory<byte> text = Bytes(table, field);
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(text.Span);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException("a name is no UTF-8", e);
        }
    }

    public long[] Int64s(int table, int field)
    {
        ReadOnlySpan<byte> whole = Vector(table, field, 8).Span;
        var values = new long[whole.Length / 8];
        for (int i = 0; i < values.Length; i++)
            values[i] = BinaryPrimitives.ReadInt64LittleEndian(whole[(8 * i)..]);
        return values;
    }

    public ReadOnlyMemory<byte> Bytes(int table, int field) => Vector(table, field, 1);

    /// <summary>Positions of the tables of a vector.</summary>
    public int[] Tables(int table, int field, int maximum)
    {
        if (Field(table, field) is not { } at)
            return [];
        int vector = Forward(at);
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(At(vector, 4));
        if (count > maximum)
            throw new InvalidDataException($"it has {count} tensors, more than {maximum}");
        var tables = new int[count];
        for (int i = 0; i < tables.Length; i++)
            tables[i] = Forward(checked(vector + 4 + (4 * i)));
        return tables;
    }

    private ReadOnlyMemory<byte> Vector(int table, int field, int width)
    {
        if (Field(table, field) is not { } at)
            return default;
        int vector = Forward(at);
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(At(vector, 4));
        long length = (long)count * width;
        return length <= bytes.Length - (vector + 4L) ? bytes.AsMemory(vector + 4, (int)length) : throw Outside(vector);
    }

    /// <summary>Position of a field's value; null where it is left out.</summary>
    private int? Field(int table, int field)
    {
        long list = table - (long)BinaryPrimitives.ReadInt32LittleEndian(At(table, 4));
        int size = BinaryPrimitives.ReadUInt16LittleEndian(At(list, 2));
        int entry = 4 + (2 * field);
        if (entry + 2 > size)
            return null;
        int offset = BinaryPrimitives.ReadUInt16LittleEndian(At(list + entry, 2));
        return offset == 0 ? null : checked(table + offset);
    }

    private int Forward(int at)
    {
        long target = at + (long)BinaryPrimitives.ReadUInt32LittleEndian(At(at, 4));
        return target < bytes.Length ? (int)target : throw Outside(target);
    }

    private ReadOnlySpan<byte> At(long position, int count) =>
        position >= 0 && position <= bytes.Length - count ? bytes.AsSpan((int)position, count) : throw Outside(position);

    private static InvalidDataException Outside(long position) => new($"it points to byte {position}, outside the file");
}
