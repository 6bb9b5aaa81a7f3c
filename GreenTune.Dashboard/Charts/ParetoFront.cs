namespace GreenTune.Dashboard.Charts;

/// <summary>The configurations that no other one beats on both counts.</summary>
public static class ParetoFront
{
    /// <summary>Those for which no other costs at most as much and is at least as good (and differs), by rising cost.</summary>
    public static IReadOnlyList<T> Of<T>(IEnumerable<T> items, Func<T, double> cost, Func<T, double> quality)
    {
        var front = new List<T>();
        var best = double.NegativeInfinity;
        foreach (var item in items.OrderBy(cost).ThenByDescending(quality))
        {
            if (quality(item) > best)
            {
                front.Add(item);
                best = quality(item);
            }
        }

        return front;
    }
}
