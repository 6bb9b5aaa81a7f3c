namespace GreenTune.Models.Quantization;

/// <summary>Round to nearest with the scale of each block from <see cref="BlockSearch"/>.</summary>
/// <param name="format">Form of the codes.</param>
/// <param name="importance">What a squared error of each column counts, [columns]; null where all count alike.</param>
internal sealed class SearchRounding(BlockFormat format, float[]? importance = null) : IRowRounder
{
    private readonly BlockSearch _search = new(format);

    public BlockFormat Format => format;

    /// <exception cref="NotFiniteNumberException">A weight is not finite.</exception>
    public void Round(int index, ReadOnlySpan<float> row, Span<byte> codes, Span<float> scales, Span<byte> zeroPoints)
    {
        zeroPoints.Clear();
        for (int block = 0; block < format.Blocks(row.Length); block++)
        {
            int first = block * format.BlockSize;
            int count = Math.Min(format.BlockSize, row.Length - first);
            ReadOnlySpan<float> weights = row.Slice(first, count);
            (scales[block], byte zero) = _search.Find(weights, importance.AsSpan(importance is null ? 0 : first, importance is null ? 0 : count));
            if (!format.Symmetric)
                format.Pack(zeroPoints, block, zero);
            RoundToNearest.Encode(format, weights, scales[block], zero, codes.Slice(block * format.BytesPerBlock, format.BytesPerBlock));
        }
    }
}
