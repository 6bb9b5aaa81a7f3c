using GreenTune.Models.Onnx;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Quantization;

/// <summary>
/// Form of block-quantised weights: value = (code - zero point) x scale, one scale (and zero point) for each block of consecutive inputs. Codes are
/// packed as ONNX Runtime's MatMulNBits reads them: unsigned, at 4 bits the even position in the low half of a byte.
/// </summary>
internal sealed record BlockFormat
{
    /// <param name="bits">4 or 8.</param>
    /// <param name="blockSize">Inputs that share a scale: 16, 32, 64 or 128.</param>
    /// <param name="symmetric">The zero point is the middle code and the range is centred on 0; otherwise each block has its own.</param>
    /// <param name="scaleType">Type in which scales are stored: float32, float16 or bfloat16. They are rounded to it before they are used.</param>
    public BlockFormat(int bits, int blockSize, bool symmetric, TensorElementType scaleType)
    {
        if (bits is not (4 or 8))
            throw new ArgumentOutOfRangeException(nameof(bits), bits, "Weights are quantised to 4 or 8 bits.");
        if (blockSize is not (16 or 32 or 64 or 128))
            throw new ArgumentOutOfRangeException(nameof(blockSize), blockSize, "A block has 16, 32, 64 or 128 weights.");
        (Bits, BlockSize, Symmetric, ScaleType) = (bits, blockSize, symmetric, scaleType);
    }

    public int Bits { get; }

    public int BlockSize { get; }

    public bool Symmetric { get; }

    public TensorElementType ScaleType { get; }

    /// <summary>Highest code: 15 or 255.</summary>
    public int LastCode => (1 << Bits) - 1;

    /// <summary>Code of 0 in symmetric blocks.</summary>
    public byte MiddleCode => (byte)(1 << (Bits - 1));

    public int BytesPerBlock => BlockSize * Bits / 8;

    /// <summary>Blocks of a row of <paramref name="columns"/> weights; the last may be partly filled.</summary>
    public int Blocks(int columns) => (columns + BlockSize - 1) / BlockSize;

    /// <summary>Bytes that the zero points of one row take.</summary>
    public int ZeroPointBytes(int columns) => Symmetric ? 0 : (Blocks(columns) * Bits + 7) / 8;

    /// <summary>The scale as it is stored.</summary>
    public float RoundScale(float scale) => FloatTypes.Round(scale, ScaleType);

    /// <summary>Puts a code, or a zero point, at its place. At 4 bits the place must be 0 before.</summary>
    public void Pack(Span<byte> target, int index, byte code)
    {
        if (Bits == 8)
            target[index] = code;
        else
            target[index >> 1] |= (byte)(code << ((index & 1) * 4));
    }

    public byte Unpack(ReadOnlySpan<byte> source, int index) =>
        Bits == 8 ? source[index] : (byte)((source[index >> 1] >> ((index & 1) * 4)) & 15);

    /// <summary>The weights that a graph computes with.</summary>
    public void Dequantize(ReadOnlySpan<byte> codes, ReadOnlySpan<float> scales, ReadOnlySpan<byte> zeroPoints, Span<float> row)
    {
        for (int i = 0; i < row.Length; i++)
        {
            int block = i / BlockSize;
            int zero = Symmetric ? MiddleCode : Unpack(zeroPoints, block);
            row[i] = (Unpack(codes[(block * BytesPerBlock)..], i % BlockSize) - zero) * scales[block];
        }
    }
}
