namespace GreenTune.Dashboard.Charts;

/// <summary>Thins a line out to what its pixels can show.</summary>
public static class Decimation
{
    /// <summary>
    /// At most about <paramref name="most"/> points: of each of equally wide stretches the lowest and the highest, so that no peak is lost.
    /// First and last point stay. Points must be ordered by X.
    /// </summary>
    public static IReadOnlyList<(double X, double Y)> MinMax(IReadOnlyList<(double X, double Y)> points, int most)
    {
        if (points.Count <= most || most < 4)
        {
            return points;
        }

        var kept = new List<(double X, double Y)>(most) { points[0] };
        var buckets = (most - 2) / 2;
        var size = (double)(points.Count - 2) / buckets;
        for (var bucket = 0; bucket < buckets; bucket++)
        {
            var from = 1 + (int)(bucket * size);
            var to = Math.Max(from + 1, 1 + (int)((bucket + 1) * size));
            var low = from;
            var high = from;
            for (var at = from; at < to && at < points.Count - 1; at++)
            {
                low = points[at].Y < points[low].Y ? at : low;
                high = points[at].Y > points[high].Y ? at : high;
            }

            kept.Add(points[Math.Min(low, high)]);
            if (low != high)
            {
                kept.Add(points[Math.Max(low, high)]);
            }
        }

        kept.Add(points[^1]);
        return kept;
    }
}
