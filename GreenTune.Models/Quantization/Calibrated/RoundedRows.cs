using GreenTune.Models.Architectures;

namespace GreenTune.Models.Quantization.Calibrated;

/// <summary>
/// A matrix that is rounded: as weights, what a graph computes with, and as rounder, the codes as they are. Holds a layer's group of maps between the
/// forward pass, which goes on with them, and the file.
/// </summary>
internal sealed class RoundedRows : WeightMatrix, IRowRounder
{
    private readonly WeightMatrix _source;
    private readonly byte[] _codes;
    private readonly float[] _scales;
    private readonly byte[] _zeroPoints;
    private readonly int _rowBytes;
    private readonly int _blocks;
    private readonly int _zeroPointBytes;

    private RoundedRows(WeightMatrix source, BlockFormat format) : base(source.Rows, source.Columns)
    {
        _source = source;
        Format = format;
        _blocks = format.Blocks(Columns);
        _rowBytes = _blocks * format.BytesPerBlock;
        _zeroPointBytes = format.ZeroPointBytes(Columns);
        _codes = new byte[checked(Rows * _rowBytes)];
        _scales = new float[checked(Rows * _blocks)];
        _zeroPoints = new byte[Rows * _zeroPointBytes];
    }

    public BlockFormat Format { get; }

    /// <exception cref="ModelFolderException">A weight is not finite.</exception>
    public static RoundedRows Of(WeightMatrix source, IRowRounder rounder, ParallelOptions parallel)
    {
        const int Rows = 4;
        var result = new RoundedRows(source, rounder.Format);
        try
        {
            Parallel.For(0, (source.Rows + Rows - 1) / Rows, parallel, () => new float[Rows * source.Columns], (block, _, rows) =>
            {
                int first = block * Rows;
                int count = Math.Min(Rows, source.Rows - first);
                for (int i = 0; i < count; i++)
                    result.Load(first + i, rows.AsSpan(i * source.Columns, source.Columns));
                if (rounder is ErrorFeedback feedback && count == Rows)
                {
                    feedback.RoundFour(rows, i => new(result.CodesOf(first + i), result.ScalesOf(first + i), result.ZeroPointsOf(first + i)));
                    return rows;
                }
                for (int i = 0; i < count; i++)
                    rounder.Round(first + i, rows.AsSpan(i * source.Columns, source.Columns), result.CodesOf(first + i), result.ScalesOf(first + i), result.ZeroPointsOf(first + i));
                return rows;
            }, _ => { });
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<ModelFolderException>().FirstOrDefault() is { } reason)
        {
            throw reason;
        }
        return result;
    }

    public override void Read(int row, int column, Span<float> destination)
    {
        ReadOnlySpan<byte> codes = CodesOf(row);
        ReadOnlySpan<byte> zeroPoints = ZeroPointsOf(row);
        ReadOnlySpan<float> scales = ScalesOf(row);
        for (int i = 0; i < destination.Length;)
        {
            int block = (column + i) / Format.BlockSize;
            int end = Math.Min(destination.Length, ((block + 1) * Format.BlockSize) - column);
            int zero = Format.Symmetric ? Format.MiddleCode : Format.Unpack(zeroPoints, block);
            float scale = scales[block];
            if (Format.Bits == 8)
            {
                for (; i < end; i++)
                    destination[i] = (codes[column + i] - zero) * scale;
            }
            else
            {
                for (; i < end; i++)
                    destination[i] = (((codes[(column + i) >> 1] >> (((column + i) & 1) * 4)) & 15) - zero) * scale;
            }
        }
    }

    public override void Release()
    {
        // Nothing is mapped.
    }

    public override ModelFolderException Error(int row, string what) => _source.Error(row, what);

    public void Round(int index, ReadOnlySpan<float> row, Span<byte> codes, Span<float> scales, Span<byte> zeroPoints)
    {
        CodesOf(index).CopyTo(codes);
        ScalesOf(index).CopyTo(scales);
        ZeroPointsOf(index).CopyTo(zeroPoints);
    }

    private void Load(int row, Span<float> target)
    {
        _source.Read(row, 0, target);
        if (!float.IsFinite(System.Numerics.Tensors.TensorPrimitives.MaxMagnitude<float>(target)))
            throw _source.Error(row, "has a weight that is no finite number");
    }

    private Span<byte> CodesOf(int row) => _codes.AsSpan(row * _rowBytes, _rowBytes);

    private Span<float> ScalesOf(int row) => _scales.AsSpan(row * _blocks, _blocks);

    private Span<byte> ZeroPointsOf(int row) => _zeroPoints.AsSpan(row * _zeroPointBytes, _zeroPointBytes);
}
