namespace GreenTune.Dashboard.Charts;

/// <summary>Maps values to pixels, evenly or by their logarithm.</summary>
/// <param name="Min">Value at <paramref name="From"/>.</param>
/// <param name="Max">Value at <paramref name="To"/>.</param>
/// <param name="From">Pixel of the smallest value.</param>
/// <param name="To">Pixel of the largest value.</param>
/// <param name="Logarithmic">Equal ratios take equal lengths; values must then be above 0.</param>
public sealed record Scale(double Min, double Max, double From, double To, bool Logarithmic = false)
{
    /// <summary>The pixel of a value; values outside keep to the edges.</summary>
    public double At(double value)
    {
        var share = Logarithmic
            ? Math.Log(Math.Max(value, double.Epsilon) / Min) / Math.Log(Max / Min)
            : (value - Min) / (Max - Min);
        return From + ((To - From) * Math.Clamp(double.IsFinite(share) ? share : 0, 0, 1));
    }
}
