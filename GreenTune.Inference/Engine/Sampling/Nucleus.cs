using System.Numerics;
using System.Runtime.InteropServices;

namespace GreenTune.Inference.Engine.Sampling;

/// <summary>
/// The fewest likeliest tokens that together reach a share of the whole (Holtzman et al. 2020), found without sorting: weights are summed by class of
/// their leading bits, which rise with the weight; only the class that holds the border is sorted, and only the class that the draw falls into is looked at.
/// </summary>
internal readonly ref struct Nucleus
{
    /// <summary>64 classes an octave: sign and exponent and the first six bits of the fraction.</summary>
    private const int ClassShift = 17;

    /// <summary>Classes of the weights from 0 to 1.</summary>
    public const int Classes = (0x3F80_0000 >> ClassShift) + 1;

    private readonly ReadOnlySpan<float> _weights;
    private readonly ReadOnlySpan<double> _masses;
    private readonly ReadOnlySpan<ulong> _border;
    private readonly int _borderClass;

    private Nucleus(ReadOnlySpan<float> weights, ReadOnlySpan<double> masses, ReadOnlySpan<ulong> border, int borderClass, double mass)
    {
        _weights = weights;
        _masses = masses;
        _border = border;
        _borderClass = borderClass;
        Mass = mass;
    }

    /// <summary>Sum of the weights that are kept.</summary>
    public double Mass { get; }

    /// <summary>Finds the nucleus.</summary>
    /// <param name="weights">By token id, from 0 to 1; the highest is 1.</param>
    /// <param name="total">Their sum.</param>
    /// <param name="share">Above 0 and below 1.</param>
    /// <param name="scratch">Its masses and ranked tokens are in use as long as the result is.</param>
    public static Nucleus Of(ReadOnlySpan<float> weights, double total, double share, SamplerScratch scratch)
    {
        // All that lies below it adds up to less than what the nucleus may leave out. The margin covers the rounding of the sums.
        float floor = (float)((1 - share) * total / weights.Length * 0.999);
        Span<double> masses = scratch.Masses;
        int lowest = Class(floor);
        masses[lowest..].Clear();
        Sum(weights, floor, masses);

        double goal = share * total;
        double sum = 0;
        int border = Classes - 1;
        for (; border > lowest && sum + masses[border] < goal; border--)
        {
            sum += masses[border];
        }

        Span<ulong> ranked = scratch.Ranked(weights.Length);
        int count = Gather(weights, border, floor, ranked);
        ranked[..count].Sort();
        int kept = 0;
        while (kept < count && (sum < goal || sum == 0))
        {
            sum += RankedToken.Value(ranked[kept++]);
        }

        return new Nucleus(weights, masses, ranked[..kept], border, sum);
    }

    /// <summary>The token at a point of the kept mass.</summary>
    /// <param name="point">From 0 up to <see cref="Mass"/>.</param>
    public int At(double point)
    {
        int last = -1;
        for (int one = Classes - 1; one > _borderClass; one--)
        {
            double mass = _masses[one];
            if (mass == 0)
            {
                continue;
            }

            if (point < mass)
            {
                return Within(one, point);
            }

            point -= mass;
            last = one;
        }

        foreach (ulong ranked in _border)
        {
            point -= RankedToken.Value(ranked);
            if (point < 0)
            {
                return RankedToken.Id(ranked);
            }
        }

        // Rounding alone leads here: the point lay at the very end.
        return _border.Length > 0 ? RankedToken.Id(_border[^1]) : Within(last, double.PositiveInfinity);
    }

    /// <summary>A token's probability; 0 where it is left out.</summary>
    public double Probability(int id)
    {
        float weight = _weights[id];
        int one = Class(weight);
        bool kept = weight > 0 && (one > _borderClass || (one == _borderClass && _border.IndexOf(RankedToken.Of(weight, id)) >= 0));
        return kept ? weight / Mass : 0;
    }

    private static int Class(float weight) => (int)(BitConverter.SingleToUInt32Bits(weight) >> ClassShift);

    private static void Sum(ReadOnlySpan<float> weights, float floor, Span<double> masses)
    {
        var floors = new Vector<float>(floor);
        ref float first = ref MemoryMarshal.GetReference(weights);
        int i = 0;
        while (i < weights.Length)
        {
            int end = Math.Min(i + Vector<float>.Count, weights.Length);
            if (end - i == Vector<float>.Count && !Vector.GreaterThanOrEqualAny(Vector.LoadUnsafe(ref first, (nuint)i), floors))
            {
                i = end;
                continue;
            }

            for (; i < end; i++)
            {
                float weight = weights[i];
                if (weight >= floor)
                {
                    masses[Class(weight)] += weight;
                }
            }
        }
    }

    /// <summary>Tokens of one class, by id.</summary>
    private static int Gather(ReadOnlySpan<float> weights, int one, float floor, Span<ulong> ranked)
    {
        int count = 0;
        for (int i = 0; (i = NextIn(weights, i, one)) < weights.Length; i++)
        {
            if (weights[i] >= floor)
            {
                ranked[count++] = RankedToken.Of(weights[i], i);
            }
        }

        return count;
    }

    private int Within(int one, double point)
    {
        int last = 0;
        for (int i = 0; (i = NextIn(_weights, i, one)) < _weights.Length; i++)
        {
            last = i;
            point -= _weights[i];
            if (point < 0)
            {
                break;
            }
        }

        return last;
    }

    /// <summary>Index of the first weight of a class; the length where there is none.</summary>
    private static int NextIn(ReadOnlySpan<float> weights, int from, int one)
    {
        uint lowest = (uint)one << ClassShift;
        var low = new Vector<uint>(lowest);
        var width = new Vector<uint>(1u << ClassShift);
        ref float first = ref MemoryMarshal.GetReference(weights);
        int i = from;
        for (; i <= weights.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            if (Vector.LessThanAny(Vector.AsVectorUInt32(Vector.LoadUnsafe(ref first, (nuint)i)) - low, width))
            {
                break;
            }
        }

        for (; i < weights.Length; i++)
        {
            if (BitConverter.SingleToUInt32Bits(weights[i]) - lowest < 1u << ClassShift)
            {
                return i;
            }
        }

        return weights.Length;
    }
}
