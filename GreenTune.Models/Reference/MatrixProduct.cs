using System.Numerics;
using System.Runtime.InteropServices;
using GreenTune.Models.Architectures;

namespace GreenTune.Models.Reference;

/// <summary>Products of activations with weights that are read a block of rows at a time, on all processors.</summary>
internal sealed class MatrixProduct(CancellationToken cancellationToken)
{
    /// <summary>Rows of weights that are in memory per thread: enough to use each several times, few enough to stay in its cache.</summary>
    private const int RowsAtATime = 32;

    private readonly ParallelOptions _options = new() { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };

    public void For(int count, Action<int> body) => Parallel.For(0, count, _options, body);

    /// <summary>Inputs [tokens, K] x weights [N, K]^T + bias: [tokens, N].</summary>
    public float[] Multiply(ReadOnlyMemory<float> inputs, int tokens, Linear linear)
    {
        WeightMatrix weights = linear.Weight;
        (int outputs, int width) = (weights.Rows, weights.Columns);
        var result = new float[(long)tokens * outputs];
        float[]? bias = linear.Bias?.Row(0);
        Parallel.For(0, (outputs + RowsAtATime - 1) / RowsAtATime, _options, () => new float[RowsAtATime * width], (block, _, rows) =>
        {
            int first = block * RowsAtATime;
            int count = Math.Min(RowsAtATime, outputs - first);
            for (int i = 0; i < count; i++)
                weights.Read(first + i, 0, rows.AsSpan(i * width, width));
            Block(inputs.Span, rows, tokens, count, width, result.AsSpan(first), outputs);
            if (bias is not null)
            {
                for (int token = 0; token < tokens; token++)
                {
                    Span<float> target = result.AsSpan((token * outputs) + first, count);
                    for (int i = 0; i < count; i++)
                        target[i] += bias[first + i];
                }
            }
            return rows;
        }, _ => { });
        return result;
    }

    /// <summary>result[token, row] of one block, two rows and four tokens at a time; at the edges a neighbour is computed twice.</summary>
    private static void Block(ReadOnlySpan<float> inputs, ReadOnlySpan<float> rows, int tokens, int count, int width, Span<float> result, int stride)
    {
        for (int token = 0; token < tokens; token += 4)
        {
            int b = Math.Min(token + 1, tokens - 1), c = Math.Min(token + 2, tokens - 1), d = Math.Min(token + 3, tokens - 1);
            for (int row = 0; row < count; row += 2)
            {
                int second = Math.Min(row + 1, count - 1);
                Dots(inputs.Slice(token * width, width), inputs.Slice(b * width, width), inputs.Slice(c * width, width), inputs.Slice(d * width, width),
                    rows.Slice(row * width, width), rows.Slice(second * width, width), out Vector4 first, out Vector4 other);
                (result[(token * stride) + row], result[(b * stride) + row], result[(c * stride) + row], result[(d * stride) + row]) = (first.X, first.Y, first.Z, first.W);
                (result[(token * stride) + second], result[(b * stride) + second], result[(c * stride) + second], result[(d * stride) + second]) = (other.X, other.Y, other.Z, other.W);
            }
        }
    }

    /// <summary>Dot products of four inputs with two rows.</summary>
    private static void Dots(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, ReadOnlySpan<float> d, ReadOnlySpan<float> row, ReadOnlySpan<float> other, out Vector4 rowDots, out Vector4 otherDots)
    {
        Vector<float> a0 = default, b0 = default, c0 = default, d0 = default, a1 = default, b1 = default, c1 = default, d1 = default;
        int lanes = Vector<float>.Count;
        int whole = row.Length - (row.Length % lanes);
        ref float pa = ref MemoryMarshal.GetReference(a), pb = ref MemoryMarshal.GetReference(b), pc = ref MemoryMarshal.GetReference(c), pd = ref MemoryMarshal.GetReference(d);
        ref float p0 = ref MemoryMarshal.GetReference(row), p1 = ref MemoryMarshal.GetReference(other);
        for (int i = 0; i < whole; i += lanes)
        {
            Vector<float> w0 = Vector.LoadUnsafe(ref p0, (nuint)i), w1 = Vector.LoadUnsafe(ref p1, (nuint)i);
            Vector<float> x = Vector.LoadUnsafe(ref pa, (nuint)i);
            a0 = Vector.FusedMultiplyAdd(x, w0, a0);
            a1 = Vector.FusedMultiplyAdd(x, w1, a1);
            x = Vector.LoadUnsafe(ref pb, (nuint)i);
            b0 = Vector.FusedMultiplyAdd(x, w0, b0);
            b1 = Vector.FusedMultiplyAdd(x, w1, b1);
            x = Vector.LoadUnsafe(ref pc, (nuint)i);
            c0 = Vector.FusedMultiplyAdd(x, w0, c0);
            c1 = Vector.FusedMultiplyAdd(x, w1, c1);
            x = Vector.LoadUnsafe(ref pd, (nuint)i);
            d0 = Vector.FusedMultiplyAdd(x, w0, d0);
            d1 = Vector.FusedMultiplyAdd(x, w1, d1);
        }
        rowDots = new(Vector.Sum(a0), Vector.Sum(b0), Vector.Sum(c0), Vector.Sum(d0));
        otherDots = new(Vector.Sum(a1), Vector.Sum(b1), Vector.Sum(c1), Vector.Sum(d1));
        for (int i = whole; i < row.Length; i++)
        {
            var inputs = new Vector4(a[i], b[i], c[i], d[i]);
            rowDots += inputs * row[i];
            otherDots += inputs * other[i];
        }
    }
}
