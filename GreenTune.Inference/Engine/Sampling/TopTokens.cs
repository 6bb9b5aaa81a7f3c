using System.Numerics;
using System.Runtime.InteropServices;

namespace GreenTune.Inference.Engine.Sampling;

/// <summary>
/// The highest of many values without sorting them all: one pass keeps what beats the lowest of the best so far, and the keepers are cut back whenever
/// they fill their buffer.
/// </summary>
internal static class TopTokens
{
    /// <summary>Length a buffer for <see cref="Select"/> has to have.</summary>
    public static int BufferLength(int count, int of) => Math.Min(of, 2 * count + 256);

    /// <summary>The <paramref name="count"/> highest values as <see cref="RankedToken"/>s, highest first, equal ones by the lower id.</summary>
    /// <param name="values">Finite numbers.</param>
    /// <param name="count">At least 1; all of the values where it is more than there are.</param>
    /// <param name="buffer">Room to work in, at least <see cref="BufferLength"/>; its beginning is the result.</param>
    public static Span<ulong> Select(ReadOnlySpan<float> values, int count, Span<ulong> buffer)
    {
        Span<ulong> found = SelectUnordered(values, count, buffer);
        found.Sort();
        return found;
    }

    /// <summary>The same in no order.</summary>
    /// <inheritdoc cref="Select"/>
    public static Span<ulong> SelectUnordered(ReadOnlySpan<float> values, int count, Span<ulong> buffer)
    {
        count = Math.Min(count, values.Length);
        buffer = buffer[..BufferLength(count, values.Length)];
        int filled = buffer.Length;
        for (int i = 0; i < filled; i++)
        {
            buffer[i] = RankedToken.Of(values[i], i);
        }

        if (filled < values.Length)
        {
            filled = CutBack(buffer, count, out float floor);
            int next = buffer.Length;
            while ((next = NextAbove(values, next, floor)) < values.Length)
            {
                buffer[filled++] = RankedToken.Of(values[next], next);
                next++;
                if (filled == buffer.Length)
                {
                    filled = CutBack(buffer, count, out floor);
                }
            }
        }

        Part(buffer[..filled], count);
        return buffer[..count];
    }

    /// <summary>Index of the first value above the floor; the length where there is none. A later value that equals the floor has the higher id and loses.</summary>
    private static int NextAbove(ReadOnlySpan<float> values, int from, float floor)
    {
        int i = from;
        var floors = new Vector<float>(floor);
        ref float first = ref MemoryMarshal.GetReference(values);
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            if (Vector.GreaterThanAny(Vector.LoadUnsafe(ref first, (nuint)i), floors))
            {
                break;
            }
        }

        for (; i < values.Length; i++)
        {
            if (values[i] > floor)
            {
                return i;
            }
        }

        return values.Length;
    }

    /// <summary>Moves the <paramref name="count"/> likeliest to the front, in no order among themselves (Hoare's selection).</summary>
    public static void Part(Span<ulong> ranked, int count)
    {
        int low = 0, high = ranked.Length - 1;
        while (low < high)
        {
            ulong pivot = Median(ranked[low], ranked[(low + high) >>> 1], ranked[high]);
            int left = low, right = high;
            while (left <= right)
            {
                while (ranked[left] < pivot)
                {
                    left++;
                }

                while (ranked[right] > pivot)
                {
                    right--;
                }

                if (left <= right)
                {
                    (ranked[left], ranked[right]) = (ranked[right], ranked[left]);
                    left++;
                    right--;
                }
            }

            if (count - 1 <= right)
            {
                high = right;
            }
            else if (count - 1 >= left)
            {
                low = left;
            }
            else
            {
                return;
            }
        }
    }

    private static int CutBack(Span<ulong> buffer, int count, out float floor)
    {
        Part(buffer, count);
        // Nothing in front of the border ranks behind it.
        floor = RankedToken.Value(buffer[count - 1]);
        return count;
    }

    private static ulong Median(ulong a, ulong b, ulong c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
}
