namespace GreenTune.Core.Scoring;

/// <summary>Sample quantiles by linear interpolation between order statistics (Hyndman and Fan 1996, type 7: the default of R and NumPy).</summary>
public static class Quantiles
{
    /// <summary>The <paramref name="q"/> quantile (0 to 1) of values in ascending order; at least one value.</summary>
    public static double OfSorted(ReadOnlySpan<double> ascending, double q)
    {
        double position = (ascending.Length - 1) * q;
        int below = (int)position;
        double share = position - below;
        return share == 0 ? ascending[below] : ascending[below] + share * (ascending[below + 1] - ascending[below]);
    }

    /// <summary>The same of a resample that holds the i-th value <paramref name="copies"/>[i] times; as many copies as values.</summary>
    internal static double OfResample(ReadOnlySpan<double> ascending, ReadOnlySpan<int> copies, double q)
    {
        double position = (ascending.Length - 1) * q;
        int below = (int)position;
        double share = position - below;
        int seen = 0;
        int index = 0;
        while (seen + copies[index] <= below)
        {
            seen += copies[index++];
        }

        double low = ascending[index];
        if (share == 0)
        {
            return low;
        }

        while (seen + copies[index] <= below + 1)
        {
            seen += copies[index++];
        }

        return low + share * (ascending[index] - low);
    }
}
