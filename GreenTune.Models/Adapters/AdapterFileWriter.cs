using System.Buffers.Binary;
using System.Text;

namespace GreenTune.Models.Adapters;

/// <summary>Lays out <see cref="AdapterFile"/>: tables first, what they point to behind them, so that every offset leads forward.</summary>
internal sealed class AdapterFileWriter
{
    public const string Identifier = "TORT";

    private const int Header = 8;
    private const int FieldList = 4 + (4 * 2);
    private const int TableBytes = 5 * 4;

    private byte[] _bytes = [];
    private int _end;

    public static byte[] Bytes(AdapterFile file)
    {
        long data = file.Tensors.Sum(t => t.Data.Length + (8L * t.Shape.Count) + (3L * t.Name.Length) + 64);
        return data < AdapterFile.MaximumBytes
            ? new AdapterFileWriter().Write(file)
            : throw new ArgumentException($"An adapter of {data >> 20} MB cannot be written; the format ends at {AdapterFile.MaximumBytes >> 20} MB.", nameof(file));
    }

    private byte[] Write(AdapterFile file)
    {
        // Both tables have four fields of four bytes and share one list of fields: its size, the table's size, each field's place in the table.
        int list = Reserve(Header + FieldList, 4) + Header;
        Encoding.ASCII.GetBytes(Identifier, _bytes.AsSpan(4));
        foreach ((int i, int value) in new[] { FieldList, TableBytes, 4, 8, 12, 16 }.Index())
            BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(list + (2 * i)), (ushort)value);
        int root = Table(list);
        Offset(0, root);
        Number(root + 4, AdapterFile.FormatVersion);
        Number(root + 8, file.AdapterVersion);
        Number(root + 12, file.ModelVersion);
        int vector = Reserve(4 + (4 * file.Tensors.Count), 4);
        Offset(root + 16, vector);
        Number(vector, file.Tensors.Count);
        foreach ((int i, AdapterTensor tensor) in file.Tensors.Index())
        {
            int table = Table(list);
            Offset(vector + 4 + (4 * i), table);
            byte[] name = Encoding.UTF8.GetBytes(tensor.Name);
            // Strings end in a zero that is not counted.
            int text = Vector(name.Length, name.Length + 1, 4);
            name.CopyTo(_bytes, text + 4);
            Offset(table + 4, text);
            int shape = Vector(tensor.Shape.Count, 8 * tensor.Shape.Count, 8);
            foreach ((int dimension, long size) in tensor.Shape.Index())
                BinaryPrimitives.WriteInt64LittleEndian(_bytes.AsSpan(shape + 4 + (8 * dimension)), size);
            Offset(table + 8, shape);
            Number(table + 12, (int)tensor.Type);
            int data = Vector(tensor.Data.Length, tensor.Data.Length, 8);
            tensor.Data.Span.CopyTo(_bytes.AsSpan(data + 4));
            Offset(table + 16, data);
        }
        return _bytes[.._end];
    }

    /// <summary>A table; the first number leads back to its list of fields.</summary>
    private int Table(int list)
    {
        int table = Reserve(TableBytes, 4);
        Number(table, table - list);
        return table;
    }

    /// <summary>A vector whose elements begin at a multiple of <paramref name="alignment"/>, behind their number.</summary>
    private int Vector(int count, int length, int alignment)
    {
        int elements = Aligned(_end + 4, alignment);
        _end = elements - 4;
        int vector = Reserve(4 + length, 4);
        Number(vector, count);
        return vector;
    }

    private int Reserve(int length, int alignment)
    {
        int start = Aligned(_end, alignment);
        _end = checked(start + length);
        if (_end > _bytes.Length)
            Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(_end, 2L * _bytes.Length)));
        return start;
    }

    private void Offset(int at, int target) => Number(at, target - at);

    private void Number(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(at), value);

    private static int Aligned(int position, int alignment) => (position + alignment - 1) / alignment * alignment;
}
