using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace GreenTune.Inference.Engine.Sampling;

/// <summary>Passes over a vocabulary, in blocks that stay in a core's nearest cache from one operation to the next.</summary>
internal static class SamplerMath
{
    /// <summary>Sums are taken over so many at a time in float and added up in double.</summary>
    public const int Block = 1024;

    /// <summary>exp((logit - highest) / temperature): 1 for the likeliest.</summary>
    public static void Weigh(ReadOnlySpan<float> logits, float highest, float temperature, Span<float> weights)
    {
        for (int start = 0; start < logits.Length; start += Block)
        {
            int count = Math.Min(Block, logits.Length - start);
            Span<float> block = weights.Slice(start, count);
            TensorPrimitives.Subtract(logits.Slice(start, count), highest, block);
            TensorPrimitives.Divide(block, temperature, block);
            TensorPrimitives.Exp(block, block);
        }
    }

    public static double Sum(ReadOnlySpan<float> values)
    {
        double sum = 0;
        for (int start = 0; start < values.Length; start += Block)
        {
            sum += TensorPrimitives.Sum(values.Slice(start, Math.Min(Block, values.Length - start)));
        }

        return sum;
    }

    /// <summary>Sets lower weights to 0.</summary>
    public static void KeepAtLeast(Span<float> weights, float least)
    {
        ref float first = ref MemoryMarshal.GetReference(weights);
        var floors = new Vector<float>(least);
        int i = 0;
        for (; i <= weights.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> some = Vector.LoadUnsafe(ref first, (nuint)i);
            Vector.ConditionalSelect(Vector.GreaterThanOrEqual(some, floors), some, Vector<float>.Zero).StoreUnsafe(ref first, (nuint)i);
        }

        for (; i < weights.Length; i++)
        {
            weights[i] = weights[i] >= least ? weights[i] : 0;
        }
    }
}
