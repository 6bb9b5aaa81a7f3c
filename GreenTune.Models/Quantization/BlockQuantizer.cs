namespace GreenTune.Models.Quantization;

/// <summary>
/// Block-wise linear quantisation of rows, round to nearest: value = (code - zero point) x scale, one scale (and zero point) for each block of
/// consecutive inputs. Codes are packed as ONNX Runtime's MatMulNBits reads them: unsigned, at 4 bits the even position in the low half of a byte.
/// </summary>
internal sealed class BlockQuantizer
{
    private readonly float _steps;

    /// <param name="bits">4 or 8.</param>
    /// <param name="blockSize">Inputs that share a scale: 16, 32, 64 or 128.</param>
    /// <param name="symmetric">The zero point is the middle code and the range is centred on 0; otherwise each block has its own.</param>
    /// <param name="halfScales">Scales are rounded to float16 before they are used, for graphs that store them so.</param>
    public BlockQuantizer(int bits, int blockSize, bool symmetric, bool halfScales)
    {
        if (bits is not (4 or 8))
            throw new ArgumentOutOfRangeException(nameof(bits), bits, "Weights are quantised to 4 or 8 bits.");
        if (blockSize is not (16 or 32 or 64 or 128))
            throw new ArgumentOutOfRangeException(nameof(blockSize), blockSize, "A block has 16, 32, 64 or 128 weights.");
        Bits = bits;
        BlockSize = blockSize;
        Symmetric = symmetric;
        HalfScales = halfScales;
        _steps = (1 << bits) - 1;
    }

    public int Bits { get; }

    public int BlockSize { get; }

    public bool Symmetric { get; }

    public bool HalfScales { get; }

    /// <summary>Code of 0 in symmetric blocks.</summary>
    public byte MiddleCode => (byte)(1 << (Bits - 1));

    public int BytesPerBlock => BlockSize * Bits / 8;

    /// <summary>Blocks of a row of <paramref name="columns"/> weights; the last may be partly filled.</summary>
    public int Blocks(int columns) => (columns + BlockSize - 1) / BlockSize;

    /// <summary>Bytes that the zero points of one row take.</summary>
    public int ZeroPointBytes(int columns) => (Blocks(columns) * Bits + 7) / 8;

    /// <summary>Quantises one row.</summary>
    /// <param name="row">Weights.</param>
    /// <param name="codes">Blocks(row) x BytesPerBlock bytes.</param>
    /// <param name="scales">One per block.</param>
    /// <param name="zeroPoints">ZeroPointBytes(row) bytes; empty when symmetric.</param>
    /// <exception cref="NotFiniteNumberException">A weight is not finite.</exception>
    public void Quantize(ReadOnlySpan<float> row, Span<byte> codes, Span<float> scales, Span<byte> zeroPoints)
    {
        if (!Symmetric)
            zeroPoints.Clear();
        for (int block = 0; block < Blocks(row.Length); block++)
        {
            ReadOnlySpan<float> weights = row[(block * BlockSize)..Math.Min(row.Length, (block + 1) * BlockSize)];
            (scales[block], byte zero) = Symmetric ? SymmetricRange(weights) : AsymmetricRange(weights);
            if (!Symmetric)
                Pack(zeroPoints, block, zero);
            Encode(weights, scales[block], zero, codes.Slice(block * BytesPerBlock, BytesPerBlock));
        }
    }

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

    private (float Scale, byte Zero) SymmetricRange(ReadOnlySpan<float> weights)
    {
        float largest = 0;
        foreach (float weight in weights)
        {
            ThrowUnlessFinite(weight);
            if (MathF.Abs(weight) > MathF.Abs(largest))
                largest = weight;
        }
        return (Round(largest / -MiddleCode), MiddleCode);
    }

    private (float Scale, byte Zero) AsymmetricRange(ReadOnlySpan<float> weights)
    {
        // 0 is always inside the range, so that a weight of 0 stays 0.
        float low = 0, high = 0;
        foreach (float weight in weights)
        {
            ThrowUnlessFinite(weight);
            low = MathF.Min(low, weight);
            high = MathF.Max(high, weight);
        }
        float scale = Round((high / _steps) - (low / _steps));
        return scale == 0 ? (0, MiddleCode) : (scale, (byte)Math.Clamp(MathF.Round(-low / scale), 0, _steps));
    }

    private void Encode(ReadOnlySpan<float> weights, float scale, byte zero, Span<byte> codes)
    {
        codes.Clear();
        // Dividing by a scale that rounds to 0 would give no code; such weights are all next to 0.
        float inverse = scale == 0 ? 0 : 1 / scale;
        if (!float.IsFinite(inverse))
            inverse = 0;
        for (int i = 0; i < BlockSize; i++)
        {
            float code = i < weights.Length ? MathF.Round((weights[i] * inverse) + zero) : zero;
            Pack(codes, i, (byte)Math.Clamp(code, 0, _steps));
        }
    }

    private float Round(float scale) => HalfScales ? (float)(Half)Math.Clamp(scale, (float)Half.MinValue, (float)Half.MaxValue) : scale;

    private void Pack(Span<byte> target, int index, byte code)
    {
        if (Bits == 8)
            target[index] = code;
        else
            target[index >> 1] |= (byte)(code << ((index & 1) * 4));
    }

    private byte Unpack(ReadOnlySpan<byte> source, int index) =>
        Bits == 8 ? source[index] : (byte)((source[index >> 1] >> ((index & 1) * 4)) & 15);

    private static void ThrowUnlessFinite(float weight)
    {
        if (!float.IsFinite(weight))
            throw new NotFiniteNumberException("A weight is not a finite number.", weight);
    }
}
