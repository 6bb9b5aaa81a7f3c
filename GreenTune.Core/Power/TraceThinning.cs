namespace GreenTune.Core.Power;

/// <summary>Thins a trace for drawing without losing its peaks.</summary>
public static class TraceThinning
{
    /// <summary>
    /// At most <paramref name="maxPoints"/> of the points, in their order: the first, the last, and the lowest and highest of each of
    /// equal shares of the others. Samples are not averaged, so that a short peak stays as high as it was.
    /// </summary>
    /// <param name="points">In order of time.</param>
    /// <param name="maxPoints">At least 2.</param>
    public static IReadOnlyList<PowerSample> Thin(IReadOnlyList<PowerSample> points, int maxPoints)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxPoints, 2);
        if (points.Count <= maxPoints)
            return points;
        var kept = new List<PowerSample>(maxPoints) { points[0] };
        int inner = points.Count - 2;
        int shares = (maxPoints - 2) / 2;
        for (int share = 0; share < shares; share++)
        {
            int from = 1 + (int)((long)inner * share / shares);
            int to = 1 + (int)((long)inner * (share + 1) / shares);
            int low = from, high = from;
            for (int i = from + 1; i < to; i++)
            {
                if (points[i].Power < points[low].Power)
                    low = i;
                if (points[i].Power > points[high].Power)
                    high = i;
            }
            kept.Add(points[Math.Min(low, high)]);
            if (low != high)
                kept.Add(points[Math.Max(low, high)]);
        }
        kept.Add(points[^1]);
        return kept;
    }
}
