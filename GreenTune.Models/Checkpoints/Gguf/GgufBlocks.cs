using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace GreenTune.Models.Checkpoints.Gguf;

/// <summary>
/// The block types of 32 numbers. Layouts are those of the ggml project (ggml-common.h: <c>block_q4_0</c> and so on; all fields little endian); numbers
/// are computed in float32 in the order that ggml's own dequantisation has.
/// </summary>
internal static class GgufBlocks
{
    public const int Elements = 32;

    private const int Half = Elements / 2;

    /// <summary>F32, F16 (IEEE binary16) and BF16 (the upper half of a float32), one number after the other.</summary>
    public static void Floats(GgufTensorType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        switch (type)
        {
            case GgufTensorType.F32:
                MemoryMarshal.Cast<byte, float>(source).CopyTo(destination);
                break;
            case GgufTensorType.F16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), destination);
                break;
            default:
                BFloat16(MemoryMarshal.Cast<byte, ushort>(source), destination);
                break;
        }
    }

    /// <summary>Q4_0, 18 bytes: float16 d, then 16 bytes whose low nibbles are numbers 0 to 15 and whose high nibbles are 16 to 31. Number = d (q - 8).</summary>
    public static void Q4_0(ReadOnlySpan<byte> block, Span<float> destination)
    {
        float d = HalfAt(block, 0);
        Vector128<byte> quants = Bytes(block, 2);
        Write(Bits(quants, 0, 15), 8, d, 0, destination);
        Write(Bits(quants, 4, 15), 8, d, 0, destination[Half..]);
    }

    /// <summary>Q4_1, 20 bytes: float16 d, float16 m, 16 bytes of nibbles as in Q4_0. Number = d q + m.</summary>
    public static void Q4_1(ReadOnlySpan<byte> block, Span<float> destination)
    {
        float d = HalfAt(block, 0);
        float m = HalfAt(block, 2);
        Vector128<byte> quants = Bytes(block, 4);
        Write(Bits(quants, 0, 15), 0, d, -m, destination);
        Write(Bits(quants, 4, 15), 0, d, -m, destination[Half..]);
    }

    /// <summary>Q5_0, 22 bytes: float16 d, 32 bits that are the fifth bits of numbers 0 to 31, 16 bytes of nibbles as in Q4_0. Number = d (q - 16).</summary>
    public static void Q5_0(ReadOnlySpan<byte> block, Span<float> destination)
    {
        float d = HalfAt(block, 0);
        Vector128<byte> quants = Bytes(block, 6);
        Write(Bits(quants, 0, 15) | Fifth(block, 2), 16, d, 0, destination);
        Write(Bits(quants, 4, 15) | Fifth(block, 4), 16, d, 0, destination[Half..]);
    }

    /// <summary>Q5_1, 24 bytes: float16 d, float16 m, fifth bits and nibbles as in Q5_0. Number = d q + m.</summary>
    public static void Q5_1(ReadOnlySpan<byte> block, Span<float> destination)
    {
        float d = HalfAt(block, 0);
        float m = HalfAt(block, 2);
        Vector128<byte> quants = Bytes(block, 8);
        Write(Bits(quants, 0, 15) | Fifth(block, 4), 0, d, -m, destination);
        Write(Bits(quants, 4, 15) | Fifth(block, 6), 0, d, -m, destination[Half..]);
    }

    /// <summary>Q8_0, 34 bytes: float16 d, 32 signed bytes. Number = d q.</summary>
    public static void Q8_0(ReadOnlySpan<byte> block, Span<float> destination)
    {
        float d = HalfAt(block, 0);
        Write(Bytes(block, 2), 0, d, 0, destination);
        Write(Bytes(block, 2 + Half), 0, d, 0, destination[Half..]);
    }

    public static float HalfAt(ReadOnlySpan<byte> block, int offset) => (float)BinaryPrimitives.ReadHalfLittleEndian(block[offset..]);

    /// <summary>16 bytes from <paramref name="offset"/>.</summary>
    public static Vector128<byte> Bytes(ReadOnlySpan<byte> block, int offset) => Vector128.Create(block.Slice(offset, Half));

    /// <summary>Some bits of each byte.</summary>
    public static Vector128<byte> Bits(Vector128<byte> bytes, int shift, byte mask) => (bytes >>> shift) & Vector128.Create(mask);

    /// <summary>Writes 16 numbers scale (q - zero) - minimum.</summary>
    /// <param name="quants">q, of which q - zero is taken as a signed byte.</param>
    /// <param name="zero">What is taken off before scaling.</param>
    /// <param name="scale">Factor.</param>
    /// <param name="minimum">What is taken off after scaling.</param>
    /// <param name="destination">16 numbers or more.</param>
    public static void Write(Vector128<byte> quants, byte zero, float scale, float minimum, Span<float> destination)
    {
        destination = destination[..Half];
        Vector128<float> factor = Vector128.Create(scale);
        Vector128<float> offset = Vector128.Create(minimum);
        (Vector128<short> lower, Vector128<short> upper) = Vector128.Widen((quants - Vector128.Create(zero)).AsSByte());
        (Vector128<int> first, Vector128<int> second) = Vector128.Widen(lower);
        (Vector128<int> third, Vector128<int> fourth) = Vector128.Widen(upper);
        ((Vector128.ConvertToSingle(first) * factor) - offset).CopyTo(destination);
        ((Vector128.ConvertToSingle(second) * factor) - offset).CopyTo(destination[4..]);
        ((Vector128.ConvertToSingle(third) * factor) - offset).CopyTo(destination[8..]);
        ((Vector128.ConvertToSingle(fourth) * factor) - offset).CopyTo(destination[12..]);
    }

    /// <summary>16 where the bit of a number is set, in the two bytes at <paramref name="offset"/>: number 0 has the lowest bit of the first, number 8 that of the second.</summary>
    private static Vector128<byte> Fifth(ReadOnlySpan<byte> block, int offset)
    {
        Vector128<byte> pair = Vector128.CreateScalar(BinaryPrimitives.ReadUInt16LittleEndian(block[offset..])).AsByte();
        Vector128<byte> places = Vector128.Create(0x8040201008040201UL).AsByte();
        Vector128<byte> bits = Vector128.Shuffle(pair, Vector128.Create((byte)0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1)) & places;
        return Vector128.Equals(bits, places) & Vector128.Create((byte)16);
    }

    private static void BFloat16(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        int i = 0;
        for (; i <= source.Length - Vector128<ushort>.Count; i += Vector128<ushort>.Count)
        {
            (Vector128<uint> lower, Vector128<uint> upper) = Vector128.Widen(Vector128.Create(source[i..]));
            (lower << 16).AsSingle().CopyTo(destination[i..]);
            (upper << 16).AsSingle().CopyTo(destination[(i + Vector128<uint>.Count)..]);
        }
        for (; i < source.Length; i++)
            destination[i] = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
    }
}
