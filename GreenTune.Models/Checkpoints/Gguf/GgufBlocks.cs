using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

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
                ReadOnlySpan<ushort> halves = MemoryMarshal.Cast<byte, ushort>(source);
                for (int i = 0; i < halves.Length; i++)
                    destination[i] = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
                break;
        }
    }

    /// <summary>Q4_0, 18 bytes: float16 d, then 16 bytes whose low nibbles are numbers 0 to 15 and whose high nibbles are 16 to 31. Number = d (q - 8).</summary>
    public static void Q4_0(ReadOnlySpan<byte> block, Span<float> destination)
    {
        float d = HalfAt(block, 0);
        ReadOnlySpan<byte> quants = block.Slice(2, Half);
        for (int i = 0; i < Half; i++)
        {
            destination[i] = d * ((quants[i] & 15) - 8);
            destination[i + Half] = d * ((quants[i] >> 4) - 8);
        }
    }

    /// <summary>Q4_1, 20 bytes: float16 d, float16 m, 16 bytes of nibbles as in Q4_0. Number = d q + m.</summary>
    public static void Q4_1(ReadOnlySpan<byte> block, Span<float> destination)
    {
        float d = HalfAt(block, 0);
        float m = HalfAt(block, 2);
        ReadOnlySpan<byte> quants = block.Slice(4, Half);
        for (int i = 0; i < Half; i++)
        {
            destination[i] = (d * (quants[i] & 15)) + m;
            destination[i + Half] = (d * (quants[i] >> 4)) + m;
        }
    }

    /// <summary>Q5_0, 22 bytes: float16 d, 32 bits that are the fifth bits of numbers 0 to 31, 16 bytes of nibbles as in Q4_0. Number = d (q - 16).</summary>
    public static void Q5_0(ReadOnlySpan<byte> block, Span<float> destination)
    {
        float d = HalfAt(block, 0);
        uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(block[2..]);
        ReadOnlySpan<byte> quants = block.Slice(6, Half);
        for (int i = 0; i < Half; i++)
        {
            destination[i] = d * ((quants[i] & 15 | Fifth(fifth, i)) - 16);
            destination[i + Half] = d * ((quants[i] >> 4 | Fifth(fifth, i + Half)) - 16);
        }
    }

    /// <summary>Q5_1, 24 bytes: float16 d, float16 m, fifth bits and nibbles as in Q5_0. Number = d q + m.</summary>
    public static void Q5_1(ReadOnlySpan<byte> block, Span<float> destination)
    {
        float d = HalfAt(block, 0);
        float m = HalfAt(block, 2);
        uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(block[4..]);
        ReadOnlySpan<byte> quants = block.Slice(8, Half);
        for (int i = 0; i < Half; i++)
        {
            destination[i] = (d * (quants[i] & 15 | Fifth(fifth, i))) + m;
            destination[i + Half] = (d * (quants[i] >> 4 | Fifth(fifth, i + Half))) + m;
        }
    }

    /// <summary>Q8_0, 34 bytes: float16 d, 32 signed bytes. Number = d q.</summary>
    public static void Q8_0(ReadOnlySpan<byte> block, Span<float> destination)
    {
        float d = HalfAt(block, 0);
        ReadOnlySpan<sbyte> quants = MemoryMarshal.Cast<byte, sbyte>(block.Slice(2, Elements));
        for (int i = 0; i < Elements; i++)
            destination[i] = d * quants[i];
    }

    public static float HalfAt(ReadOnlySpan<byte> block, int offset) => (float)BinaryPrimitives.ReadHalfLittleEndian(block[offset..]);

    private static int Fifth(uint bits, int number) => (int)(bits >> number & 1) << 4;
}
