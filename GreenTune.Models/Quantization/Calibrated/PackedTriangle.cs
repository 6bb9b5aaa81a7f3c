using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace GreenTune.Models.Quantization.Calibrated;

/// <summary>
/// The lower triangle of a symmetric matrix, row by row: half of the memory, and one array whatever its size (14,336 inputs take 411 MB). Sums up
/// X^T X of inputs and is factorised in place.
/// </summary>
internal sealed class PackedTriangle
{
    /// <summary>Columns that are updated together: they stay in the first-level cache.</summary>
    private const int ColumnsAtATime = 1024;

    /// <summary>Rows that are factorised before those above them are updated, and inputs that are added together.</summary>
    private const int Panel = 64;

    /// <summary>Rows are filled up to multiples of this, so that loops over them need no ends of their own. What is behind the diagonal means nothing.</summary>
    private const int Lanes = 16;

    private readonly int _padded;
    private readonly float[] _values;

    public PackedTriangle(int size)
    {
        Size = size;
        _padded = (size + Lanes - 1) / Lanes * Lanes;
        _values = new float[Start(_padded)];
    }

    public int Size { get; }

    /// <summary>Columns 0 to <paramref name="row"/> of a row.</summary>
    public Span<float> Row(int row) => _values.AsSpan(Start(row), row + 1);

    private Span<float> Padded(int row) => _values.AsSpan(Start(row), (row / Lanes + 1) * Lanes);

    private static int Start(int row)
    {
        long group = row / Lanes;
        return checked((int)((Lanes * Lanes * group * (group + 1) / 2) + (row % Lanes * Lanes * (group + 1))));
    }

    /// <summary>Adds x^T x for each of the inputs.</summary>
    /// <param name="inputs">[count, size].</param>
    /// <param name="parallel">Degree, and what stops it.</param>
    public void AddInputs(ReadOnlySpan<float> inputs, ParallelOptions parallel)
    {
        var panel = new float[Panel * _padded];
        int all = inputs.Length / Size;
        for (int first = 0; first < all; first += Panel)
        {
            int count = Math.Min(Panel, all - first);
            for (int k = 0; k < count; k++)
                inputs.Slice((first + k) * Size, Size).CopyTo(panel.AsSpan(k * _padded));
            AddOuter(1, _padded, count, k => panel.AsSpan(k * _padded, _padded), parallel);
        }
    }

    /// <summary>
    /// Puts in place of a positive definite H the lower triangular N with H = N^T N, from the last row up. Row j of N says how far the errors of columns
    /// 0 to j show in the j-th of the squares that the whole error is a sum of: <c>|d N^T|^2 = d H d^T</c>.
    /// </summary>
    /// <exception cref="ArithmeticException">The matrix is not positive definite.</exception>
    public void Factorize(ParallelOptions parallel)
    {
        for (int end = Size; end > 0;)
        {
            int first = (end - 1) / Panel * Panel;
            for (int j = end - 1; j >= first; j--)
            {
                Span<float> row = Row(j);
                float pivot = row[j];
                if (!(pivot > 0) || !float.IsFinite(pivot))
                    throw new ArithmeticException($"The matrix of {Size} inputs is not positive definite in place {j}.");
                TensorPrimitives.Multiply(row, 1 / MathF.Sqrt(pivot), row);
                for (int i = first; i < j; i++)
                    TensorPrimitives.MultiplyAdd(row[..(i + 1)], -row[i], Row(i), Row(i));
            }
            AddOuter(-1, first, end - first, k => Padded(first + k), parallel);
            end = first;
        }
    }

    /// <summary>Adds sign x v_k[i] x v_k[0..i] to each row i below <paramref name="rows"/>, a multiple of the lanes, over all k below <paramref name="count"/>.</summary>
    private void AddOuter(float sign, int rows, int count, VectorOf vector, ParallelOptions parallel)
    {
        const int Rows = 8;
        int blocks = rows / Rows;
        // Long rows first, so that no thread is left with one at the end.
        Parallel.For(0, blocks, parallel, reversed =>
        {
            int row = (blocks - 1 - reversed) * Rows;
            int width = Padded(row).Length;
            for (int from = 0; from < width; from += ColumnsAtATime)
            {
                int to = Math.Min(width, from + ColumnsAtATime);
                for (int k = 0; k < count; k += 4)
                    Update(sign, row, Rows, from, to, vector(k), vector(Math.Min(k + 1, count - 1)), vector(Math.Min(k + 2, count - 1)), vector(Math.Min(k + 3, count - 1)), count - k);
            }
        });
    }

    /// <summary>Some rows, two at a time, with four vectors of which the first <paramref name="count"/> count.</summary>
    private void Update(float sign, int row, int rows, int from, int to, ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, ReadOnlySpan<float> d, int count)
    {
        ref float va = ref MemoryMarshal.GetReference(a), vb = ref MemoryMarshal.GetReference(b), vc = ref MemoryMarshal.GetReference(c), vd = ref MemoryMarshal.GetReference(d);
        float second = count > 1 ? sign : 0, third = count > 2 ? sign : 0, fourth = count > 3 ? sign : 0;
        for (int pair = 0; pair < rows; pair += 2)
        {
            int r = row + pair;
            ref float t0 = ref MemoryMarshal.GetReference(Padded(r)), t1 = ref MemoryMarshal.GetReference(Padded(r + 1));
            Vector<float> a0 = new(sign * a[r]), b0 = new(second * b[r]), c0 = new(third * c[r]), d0 = new(fourth * d[r]);
            Vector<float> a1 = new(sign * a[r + 1]), b1 = new(second * b[r + 1]), c1 = new(third * c[r + 1]), d1 = new(fourth * d[r + 1]);
            for (int i = from; i < to; i += Vector<float>.Count)
            {
                Vector<float> x = Vector.LoadUnsafe(ref va, (nuint)i), y = Vector.LoadUnsafe(ref vb, (nuint)i);
                Vector<float> z = Vector.LoadUnsafe(ref vc, (nuint)i), w = Vector.LoadUnsafe(ref vd, (nuint)i);
                Vector<float> first = Vector.FusedMultiplyAdd(x, a0, Vector.LoadUnsafe(ref t0, (nuint)i));
                Vector<float> other = Vector.FusedMultiplyAdd(x, a1, Vector.LoadUnsafe(ref t1, (nuint)i));
                first = Vector.FusedMultiplyAdd(y, b0, first);
                other = Vector.FusedMultiplyAdd(y, b1, other);
                first = Vector.FusedMultiplyAdd(z, c0, first);
                other = Vector.FusedMultiplyAdd(z, c1, other);
                Vector.FusedMultiplyAdd(w, d0, first).StoreUnsafe(ref t0, (nuint)i);
                Vector.FusedMultiplyAdd(w, d1, other).StoreUnsafe(ref t1, (nuint)i);
            }
        }
    }

    private delegate ReadOnlySpan<float> VectorOf(int k);
}
