using System.Buffers;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenTune.Models.Quantization.Calibrated;

/// <summary>
/// GPTQ (Frantar et al., arXiv 2210.17323): columns are rounded from the first to the last, and each makes up for the errors of those before it as far
/// as the inputs' correlations allow.
/// </summary>
/// <remarks>
/// The output error d H d^T of a row is, with H = N^T N and N lower triangular, a sum of squares of which the j-th sees the columns up to j alone. Column j
/// is therefore rounded to the code nearest to w_j + (sum over i &lt; j of d_i N_ji) / N_jj: the same codes as by GPTQ's updates with the Cholesky factor of
/// the inverse (both are Babai's nearest plane, Chen et al., arXiv 2507.18553), without an inverse. A block's scale is chosen when it is reached: a few
/// candidates around the scale that fits the weights as they should be by then are tried, and the one whose squares sum up to the least is kept.
/// </remarks>
internal sealed class ErrorFeedback : IRowRounder
{
    /// <summary>Factors of the searched scale that are tried as well.</summary>
    private static readonly float[] Factors = [1f, 0.88f, 0.92f, 0.96f, 1.04f, 1.08f];

    private readonly BlockFormat _format;
    private readonly BlockSearch _search;
    private readonly PackedTriangle _factor;

    /// <summary>Columns of the triangles on the factor's diagonal: for block b and column i of it, N_ji of all j of the block.</summary>
    private readonly float[] _blocks;

    private readonly float[] _importance;

    /// <param name="format">Form of the codes.</param>
    /// <param name="moments">H = X^T X over the calibration inputs; taken over and factorised.</param>
    /// <param name="damping">Share of the mean of H's diagonal that is added to it, so that inputs that were never there have a say and H an inverse.</param>
    /// <param name="parallel">Degree, and what stops it.</param>
    public ErrorFeedback(BlockFormat format, PackedTriangle moments, double damping, ParallelOptions parallel)
    {
        (_format, _search, _factor) = (format, new BlockSearch(format), moments);
        Damp(moments, damping);
        moments.Factorize(parallel);
        int size = format.BlockSize;
        _blocks = new float[(long)format.Blocks(moments.Size) * size * size];
        _importance = new float[moments.Size];
        for (int j = 0; j < moments.Size; j++)
        {
            int first = j / size * size;
            ReadOnlySpan<float> row = moments.Row(j);
            for (int i = first; i <= j; i++)
                _blocks[(long)(((first / size * size) + i - first) * size) + j - first] = row[i];
            _importance[j] = row[j] * row[j];
        }
    }

    public BlockFormat Format => _format;

    /// <exception cref="NotFiniteNumberException">A weight is not finite.</exception>
    public void Round(int index, ReadOnlySpan<float> row, Span<byte> codes, Span<float> scales, Span<byte> zeroPoints)
    {
        float[] errors = ArrayPool<float>.Shared.Rent(row.Length);
        float[] carried = ArrayPool<float>.Shared.Rent(_format.BlockSize);
        zeroPoints.Clear();
        for (int block = 0; block < _format.Blocks(row.Length); block++)
        {
            int first = block * _format.BlockSize;
            int count = Math.Min(_format.BlockSize, row.Length - first);
            for (int j = 0; j < count; j++)
                carried[j] = TensorPrimitives.Dot(errors.AsSpan(0, first), _factor.Row(first + j)[..first]);
            Block(block, row.Slice(first, count), carried, errors.AsSpan(first, count), codes, scales, zeroPoints);
        }
        ArrayPool<float>.Shared.Return(errors);
        ArrayPool<float>.Shared.Return(carried);
    }

    /// <summary>Rounds four rows at once, which share the factor's rows as they are read.</summary>
    public void RoundFour(ReadOnlySpan<float> rows, FourTargets targets)
    {
        int width = rows.Length / 4;
        float[] errors = ArrayPool<float>.Shared.Rent(rows.Length);
        float[] carried = ArrayPool<float>.Shared.Rent(4 * _format.BlockSize);
        for (int row = 0; row < 4; row++)
            targets(row).ZeroPoints.Clear();
        for (int block = 0; block < _format.Blocks(width); block++)
        {
            int first = block * _format.BlockSize;
            int count = Math.Min(_format.BlockSize, width - first);
            for (int j = 0; j < count; j++)
            {
                Vector4 sums = Dots(errors, width, _factor.Row(first + j)[..first]);
                for (int row = 0; row < 4; row++)
                    carried[(row * _format.BlockSize) + j] = sums[row];
            }
            for (int row = 0; row < 4; row++)
            {
                RowTarget target = targets(row);
                Block(block, rows.Slice((row * width) + first, count), carried.AsSpan(row * _format.BlockSize, _format.BlockSize), errors.AsSpan((row * width) + first, count),
                    target.Codes, target.Scales, target.ZeroPoints);
            }
        }
        ArrayPool<float>.Shared.Return(errors);
        ArrayPool<float>.Shared.Return(carried);
    }

    private static void Damp(PackedTriangle moments, double damping)
    {
        double mean = 0;
        for (int i = 0; i < moments.Size; i++)
            mean += moments.Row(i)[i] / (double)moments.Size;
        // Inputs that are all 0 leave the identity: round to nearest.
        float added = mean > 0 ? (float)(mean * damping) : 1;
        for (int i = 0; i < moments.Size; i++)
            moments.Row(i)[i] += added;
    }

    /// <summary>Dot products of four rows' errors with a row of the factor.</summary>
    private static Vector4 Dots(float[] errors, int width, ReadOnlySpan<float> factor)
    {
        Vector<float> a = default, b = default, c = default, d = default;
        int whole = factor.Length - (factor.Length % Vector<float>.Count);
        ref float n = ref MemoryMarshal.GetReference(factor), e = ref MemoryMarshal.GetArrayDataReference(errors);
        for (int i = 0; i < whole; i += Vector<float>.Count)
        {
            Vector<float> x = Vector.LoadUnsafe(ref n, (nuint)i);
            a = Vector.FusedMultiplyAdd(x, Vector.LoadUnsafe(ref e, (nuint)i), a);
            b = Vector.FusedMultiplyAdd(x, Vector.LoadUnsafe(ref e, (nuint)(width + i)), b);
            c = Vector.FusedMultiplyAdd(x, Vector.LoadUnsafe(ref e, (nuint)((2 * width) + i)), c);
            d = Vector.FusedMultiplyAdd(x, Vector.LoadUnsafe(ref e, (nuint)((3 * width) + i)), d);
        }
        var sums = new Vector4(Vector.Sum(a), Vector.Sum(b), Vector.Sum(c), Vector.Sum(d));
        for (int i = whole; i < factor.Length; i++)
            sums += factor[i] * new Vector4(errors[i], errors[width + i], errors[(2 * width) + i], errors[(3 * width) + i]);
        return sums;
    }

    /// <summary>Finds the scale and codes of one block.</summary>
    /// <param name="block">Which.</param>
    /// <param name="weights">The weights as they were.</param>
    /// <param name="carried">For each column, what the errors before the block amount to in its square.</param>
    /// <param name="errors">Gets weight less rounded weight.</param>
    [SkipLocalsInit]
    private void Block(int block, ReadOnlySpan<float> weights, ReadOnlySpan<float> carried, Span<float> errors, Span<byte> codes, Span<float> scales, Span<byte> zeroPoints)
    {
        int size = _format.BlockSize;
        ReadOnlySpan<float> factor = _blocks.AsSpan(block * size * size, size * size);
        Span<float> wanted = stackalloc float[size];
        Span<float> state = stackalloc float[size];
        Span<byte> tried = stackalloc byte[size];
        Span<byte> best = stackalloc byte[size];
        Span<float> differences = stackalloc float[size];

        // The weights that would make up for all errors so far if they were not rounded.
        carried[..size].CopyTo(state);
        for (int i = 0; i < weights.Length; i++)
        {
            float change = state[i] / factor[(i * size) + i];
            wanted[i] = weights[i] + change;
            Subtract(factor.Slice(i * size, size), change, state, i);
        }

        (float searched, byte zero) = _search.Find(wanted[..weights.Length], _importance.AsSpan(block * size, weights.Length));
        float least = float.PositiveInfinity, scale = 0;
        foreach (float share in Factors)
        {
            float candidate = _format.RoundScale(searched * share);
            float error = Try(weights, carried, factor, candidate, zero, least, state, differences, tried);
            if (error < least)
            {
                (least, scale) = (error, candidate);
                tried.CopyTo(best);
                differences[..weights.Length].CopyTo(errors);
            }
        }
        if (float.IsPositiveInfinity(least))
            throw new NotFiniteNumberException("A block's error is not a finite number.");
        scales[block] = scale;
        if (!_format.Symmetric)
            _format.Pack(zeroPoints, block, zero);
        Span<byte> packed = codes.Slice(block * _format.BytesPerBlock, _format.BytesPerBlock);
        packed.Clear();
        for (int i = 0; i < size; i++)
            _format.Pack(packed, i, i < weights.Length ? best[i] : zero);
    }

    /// <summary>Rounds the block's columns one after the other; gives up where the squares are beyond <paramref name="limit"/>.</summary>
    private float Try(ReadOnlySpan<float> weights, ReadOnlySpan<float> carried, ReadOnlySpan<float> factor, float scale, byte zero, float limit, Span<float> state, Span<float> differences, Span<byte> codes)
    {
        int size = _format.BlockSize;
        float inverse = scale == 0 || !float.IsFinite(1 / scale) ? 0 : 1 / scale;
        float last = _format.LastCode, sum = 0;
        carried[..size].CopyTo(state);
        for (int i = 0; i < weights.Length; i++)
        {
            float pivot = factor[(i * size) + i];
            float code = MathF.Round((weights[i] + (state[i] / pivot)) * inverse) + zero;
            code = MathF.Min(MathF.Max(code, 0), last);
            float difference = weights[i] - ((code - zero) * scale);
            float square = state[i] + (difference * pivot);
            sum += square * square;
            if (!(sum < limit))
                return float.PositiveInfinity;
            codes[i] = (byte)code;
            differences[i] = difference;
            Subtract(factor.Slice(i * size, size), -difference, state, i + 1);
        }
        return sum;
    }

    /// <summary>state[j] -= factor[j] x amount for j from <paramref name="from"/>, and for some before it that are not read again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Subtract(ReadOnlySpan<float> factor, float amount, Span<float> state, int from)
    {
        ref float n = ref MemoryMarshal.GetReference(factor), s = ref MemoryMarshal.GetReference(state);
        var change = new Vector<float>(-amount);
        for (int i = from / Vector<float>.Count * Vector<float>.Count; i < state.Length; i += Vector<float>.Count)
            Vector.FusedMultiplyAdd(Vector.LoadUnsafe(ref n, (nuint)i), change, Vector.LoadUnsafe(ref s, (nuint)i)).StoreUnsafe(ref s, (nuint)i);
    }

    /// <summary>Where the result of one of four rows goes.</summary>
    public delegate RowTarget FourTargets(int row);

    /// <summary>See <see cref="IRowRounder.Round"/>.</summary>
    public readonly ref struct RowTarget(Span<byte> codes, Span<float> scales, Span<byte> zeroPoints)
    {
        public Span<byte> Codes { get; } = codes;

        public Span<float> Scales { get; } = scales;

        public Span<byte> ZeroPoints { get; } = zeroPoints;
    }
}
