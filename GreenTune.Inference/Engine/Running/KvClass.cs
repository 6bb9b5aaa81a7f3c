namespace GreenTune.Inference.Engine.Running;

/// <summary>Rows of like length share one block of KV memory, so that its addresses never move and a step can be captured once for all.</summary>
/// <param name="Capacity">Tokens that fit into one slot.</param>
/// <param name="Slots">Rows that fit.</param>
internal sealed record KvClass(int Capacity, int Slots);

/// <summary>How a memory budget is divided into capacity classes.</summary>
internal static class KvPlan
{
    /// <summary>Share of what is left that a class may take; the longest class gets the rest.</summary>
    private const double Share = 0.6;

    /// <summary>A class that holds this much less than the next is not worth a block of its own.</summary>
    private const double NearlyTheNext = 0.75;

    private const int ShortestContext = 16;

    /// <summary>The classes of a configuration, shortest first. The last one holds the longest context that the budget affords.</summary>
    /// <param name="contextLength">Most tokens of one row.</param>
    /// <param name="bytesPerToken">KV bytes of one token over all layers.</param>
    /// <param name="budget">Bytes for all classes together.</param>
    /// <param name="maxRows">Most rows that run at once.</param>
    /// <param name="capacities">Wished capacities below the context's, ascending.</param>
    /// <exception cref="InvalidOperationException">The budget does not hold one short row.</exception>
    public static IReadOnlyList<KvClass> For(int contextLength, long bytesPerToken, long budget, int maxRows, IReadOnlyList<int> capacities)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRows, 1);
        int longest = (int)Math.Min(contextLength, budget / bytesPerToken);
        if (longest < Math.Min(ShortestContext, contextLength))
        {
            throw new InvalidOperationException(
                $"{budget >> 20} MB for keys and values do not hold a row of {ShortestContext} tokens at {bytesPerToken} bytes each; raise Inference:KvCacheMegabytes or choose a smaller model");
        }

        int[] sizes = [.. capacities.Where(capacity => capacity < longest * NearlyTheNext), longest];
        // Every class holds at least one row, so that a row which outgrows its class always has somewhere to go in the end.
        long[] rowBytes = Array.ConvertAll(sizes, size => size * bytesPerToken);
        while (sizes.Length > 1 && rowBytes.Sum() > budget)
        {
            sizes = sizes[1..];
            rowBytes = rowBytes[1..];
        }

        long left = budget - rowBytes.Sum();
        var classes = new KvClass[sizes.Length];
        for (int i = 0; i < sizes.Length; i++)
        {
            long share = i == sizes.Length - 1 ? left : (long)(left * Share);
            int more = (int)Math.Min(maxRows - 1, share / rowBytes[i]);
            left -= more * rowBytes[i];
            classes[i] = new KvClass(sizes[i], 1 + more);
        }

        return classes;
    }
}
