namespace GreenTune.Models.Quantization;

/// <summary>
/// Round to nearest. A symmetric block's scale is its weight of largest magnitude, with its sign, over -2^(bits-1): that weight is represented exactly by
/// the lowest code and no code is lost to symmetry. An asymmetric block's range is that of its weights, 0 included.
/// </summary>
internal sealed class RoundToNearest(BlockFormat format) : IRowRounder
{
    public BlockFormat Format => format;

    /// <exception cref="NotFiniteNumberException">A weight is not finite.</exception>
    public void Round(int index, ReadOnlySpan<float> row, Span<byte> codes, Span<float> scales, Span<byte> zeroPoints)
    {
        zeroPoints.Clear();
        for (int block = 0; block < format.Blocks(row.Length); block++)
        {
            ReadOnlySpan<float> weights = row[(block * format.BlockSize)..Math.Min(row.Length, (block + 1) * format.BlockSize)];
            (scales[block], byte zero) = Range(format, weights);
            if (!format.Symmetric)
                format.Pack(zeroPoints, block, zero);
            Encode(format, weights, scales[block], zero, codes.Slice(block * format.BytesPerBlock, format.BytesPerBlock));
        }
    }

    /// <summary>Scale and zero point of a block from its extremes.</summary>
    public static (float Scale, byte Zero) Range(BlockFormat format, ReadOnlySpan<float> weights)
    {
        // 0 is always inside the range, so that a weight of 0 stays 0.
        float low = 0, high = 0, largest = 0;
        foreach (float weight in weights)
        {
            if (!float.IsFinite(weight))
                throw new NotFiniteNumberException("A weight is not a finite number.", weight);
            low = MathF.Min(low, weight);
            high = MathF.Max(high, weight);
            if (MathF.Abs(weight) > MathF.Abs(largest))
                largest = weight;
        }
        if (format.Symmetric)
            return (format.RoundScale(largest / -format.MiddleCode), format.MiddleCode);
        float scale = format.RoundScale((high / format.LastCode) - (low / format.LastCode));
        return scale == 0 ? (0, format.MiddleCode) : (scale, (byte)Math.Clamp(MathF.Round(-low / scale), 0, format.LastCode));
    }

    /// <summary>Nearest codes of a block's weights; places behind the last weight hold the code of 0.</summary>
    public static void Encode(BlockFormat format, ReadOnlySpan<float> weights, float scale, byte zero, Span<byte> codes)
    {
        codes.Clear();
        // Dividing by a scale that rounds to 0 would give no code; such weights are all next to 0.
        float inverse = scale == 0 ? 0 : 1 / scale;
        if (!float.IsFinite(inverse))
            inverse = 0;
        for (int i = 0; i < format.BlockSize; i++)
        {
            float code = i < weights.Length ? MathF.Round((weights[i] * inverse) + zero) : zero;
            format.Pack(codes, i, (byte)Math.Clamp(code, 0, format.LastCode));
        }
    }
}
