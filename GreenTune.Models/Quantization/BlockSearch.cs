using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenTune.Models.Quantization;

/// <summary>
/// Finds the scale (and zero point) of a block that makes the smallest, optionally weighted, squared error. Each candidate scale gives codes, and codes
/// w ~ s q have one best scale s = &lt;w,q&gt;/&lt;q,q&gt; with the error &lt;w,w&gt; - &lt;w,q&gt;^2/&lt;q,q&gt;: candidates are compared by what their codes can reach, and
/// the best is refined by taking turns between codes and scale. What comes out is never worse than round to nearest.
/// </summary>
internal sealed class BlockSearch(BlockFormat format)
{
    /// <summary>Beyond these magnitudes squares would leave float32's range; round to nearest is what remains.</summary>
    private const float Smallest = 1e-15f, Largest = 1e15f;

    private const int Refinements = 4;

    /// <summary>
    /// By how much of a code the largest weight may lie outside (or inside) the range: from all weights well inside to clipped by a quarter of 4 bits' range.
    /// </summary>
    private static readonly float[] Offsets = [-1.25f, -1f, -0.75f, -0.5f, -0.3f, -0.15f, 0, 0.15f, 0.3f, 0.45f, 0.6f, 0.8f, 1f, 1.25f, 1.5f, 2f];

    /// <summary>Steps of an asymmetric range as shares of the plain one.</summary>
    private static readonly float[] Shares = [0.76f, 0.82f, 0.86f, 0.9f, 0.92f, 0.94f, 0.96f, 0.98f, 1f, 1.02f, 1.05f];

    public BlockFormat Format => format;

    /// <param name="weights">One block, or what there is of the last.</param>
    /// <param name="importance">Weight of each squared error, 0 or more; empty where all count alike.</param>
    /// <exception cref="NotFiniteNumberException">A weight is not finite.</exception>
    [SkipLocalsInit]
    public (float Scale, byte Zero) Find(ReadOnlySpan<float> weights, ReadOnlySpan<float> importance)
    {
        (float plain, byte plainZero) = RoundToNearest.Range(format, weights);
        float magnitude = System.Numerics.Tensors.TensorPrimitives.MaxMagnitude(weights);
        if (MathF.Abs(magnitude) is < Smallest or > Largest)
            return (plain, plainZero);

        // Places behind the last weight count nothing.
        Span<float> w = stackalloc float[format.BlockSize];
        Span<float> m = stackalloc float[format.BlockSize];
        w.Clear();
        m.Clear();
        weights.CopyTo(w);
        if (importance.IsEmpty)
            m[..weights.Length].Fill(1);
        else
            importance[..weights.Length].CopyTo(m);

        var best = new Candidate { Gain = -1, Zero = plainZero };
        if (format.Symmetric)
        {
            foreach (float offset in Offsets)
            {
                // The lowest code, which has no counterpart above, may take either extreme.
                best.Try(w, m, -(format.MiddleCode + offset) / magnitude, format.MiddleCode, format.LastCode);
                best.Try(w, m, (format.MiddleCode - 1 + offset) / magnitude, format.MiddleCode, format.LastCode);
            }
        }
        else
        {
            for (int zero = Math.Max(0, plainZero - 1); zero <= Math.Min(format.LastCode, plainZero + 1); zero++)
            {
                foreach (float share in Shares)
                    best.Try(w, m, 1 / (plain * share), (byte)zero, format.LastCode);
            }
        }
        for (int i = 0; i < Refinements && best.Try(w, m, 1 / best.Scale, best.Zero, format.LastCode); i++)
        {
        }
        float scale = format.RoundScale(best.Scale);
        return best.Gain > 0 && float.IsFinite(1 / scale) && Error(w, m, scale, best.Zero) < Error(w, m, plain, plainZero) ? (scale, best.Zero) : (plain, plainZero);
    }

    /// <summary>Weighted squared error of the nearest codes.</summary>
    private float Error(ReadOnlySpan<float> weights, ReadOnlySpan<float> importance, float scale, byte zero)
    {
        float inverse = 1 / scale;
        if (!float.IsFinite(inverse))
            inverse = 0;
        Vector<float> sum = default, low = new(-zero), high = new(format.LastCode - zero);
        ref float w = ref MemoryMarshal.GetReference(weights), m = ref MemoryMarshal.GetReference(importance);
        for (int i = 0; i < weights.Length; i += Vector<float>.Count)
        {
            Vector<float> weight = Vector.LoadUnsafe(ref w, (nuint)i);
            Vector<float> difference = weight - (Codes(weight, inverse, low, high) * scale);
            sum += difference * difference * Vector.LoadUnsafe(ref m, (nuint)i);
        }
        return Vector.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Codes(Vector<float> weights, float inverse, Vector<float> low, Vector<float> high) =>
        Vector.MinNative(Vector.MaxNative(Vector.Round(weights * inverse), low), high);

    private struct Candidate
    {
        /// <summary>By how much the error is below that of all zeros.</summary>
        public float Gain;

        public float Scale;

        public byte Zero;

        /// <summary>Takes the codes of 1 / <paramref name="inverse"/> and their best scale if they are better.</summary>
        public bool Try(ReadOnlySpan<float> weights, ReadOnlySpan<float> importance, float inverse, byte zero, int lastCode)
        {
            Vector<float> products = default, squares = default, low = new(-zero), high = new(lastCode - zero);
            ref float w = ref MemoryMarshal.GetReference(weights), m = ref MemoryMarshal.GetReference(importance);
            for (int i = 0; i < weights.Length; i += Vector<float>.Count)
            {
                Vector<float> weight = Vector.LoadUnsafe(ref w, (nuint)i);
                Vector<float> code = Codes(weight, inverse, low, high);
                Vector<float> weighted = code * Vector.LoadUnsafe(ref m, (nuint)i);
                products = Vector.FusedMultiplyAdd(weighted, weight, products);
                squares = Vector.FusedMultiplyAdd(weighted, code, squares);
            }
            float product = Vector.Sum(products), square = Vector.Sum(squares);
            float gain = product * product / square;
            // A negative product would turn the sign of the scale that the codes were made with; NaN, where all codes are 0, compares as false.
            if (!(gain > Gain) || !float.IsFinite(gain))
                return false;
            (Gain, Scale, Zero) = (gain, product / square, zero);
            return true;
        }
    }
}
