using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Onnx;

/// <summary>The floating-point types of weights and activations, and how float32 becomes them.</summary>
internal static class FloatTypes
{
    /// <summary>"float32", "float16" or "bfloat16".</summary>
    public static string Word(TensorElementType type) => type switch
    {
        TensorElementType.Float => "float32",
        TensorElementType.Float16 => "float16",
        TensorElementType.BFloat16 => "bfloat16",
        _ => throw Unknown(type),
    };

    public static int Bytes(TensorElementType type) => type == TensorElementType.Float ? 4 : 2;

    /// <summary>Largest number that the type holds.</summary>
    public static float Largest(TensorElementType type) => type == TensorElementType.Float16 ? (float)Half.MaxValue : float.MaxValue;

    /// <summary>The nearest number that the type holds, within its range.</summary>
    public static float Round(float value, TensorElementType type) => type switch
    {
        TensorElementType.Float => value,
        TensorElementType.Float16 => (float)(Half)Math.Clamp(value, (float)Half.MinValue, (float)Half.MaxValue),
        TensorElementType.BFloat16 => BitConverter.UInt32BitsToSingle((uint)ToBFloat16(value) << 16),
        _ => throw Unknown(type),
    };

    /// <summary>Converts numbers into the type's bytes.</summary>
    public static void Convert(ReadOnlySpan<float> values, TensorElementType type, Span<byte> bytes)
    {
        switch (type)
        {
            case TensorElementType.Float:
                MemoryMarshal.AsBytes(values).CopyTo(bytes);
                break;
            case TensorElementType.Float16:
                TensorPrimitives.ConvertToHalf(values, MemoryMarshal.Cast<byte, Half>(bytes));
                break;
            case TensorElementType.BFloat16:
                Span<ushort> halves = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (int i = 0; i < values.Length; i++)
                    halves[i] = ToBFloat16(values[i]);
                break;
            default:
                throw Unknown(type);
        }
    }

    /// <summary>Numbers of a type's bytes.</summary>
    public static float[] ToFloats(ReadOnlySpan<byte> bytes, TensorElementType type)
    {
        var values = new float[bytes.Length / Bytes(type)];
        switch (type)
        {
            case TensorElementType.Float:
                bytes.CopyTo(MemoryMarshal.AsBytes(values.AsSpan()));
                break;
            case TensorElementType.Float16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), values);
                break;
            case TensorElementType.BFloat16:
                ReadOnlySpan<ushort> halves = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (int i = 0; i < values.Length; i++)
                    values[i] = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
                break;
            default:
                throw Unknown(type);
        }
        return values;
    }

    /// <summary>Upper half of a float32, rounded to nearest, ties to even. For finite numbers.</summary>
    private static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    private static ArgumentOutOfRangeException Unknown(TensorElementType type) => new(nameof(type), type, "Numbers are float32, float16 or bfloat16.");
}
