namespace GreenTune.Models.Architectures;

/// <summary>
/// Rotary position embedding (Su et al., arXiv 2104.09864): pair i of a head turns by position x theta^(-2i/d). Frequencies and angles are rounded to
/// float32 as the reference implementations do, so that long positions turn by the angles that the model was trained with.
/// </summary>
internal sealed class RotaryTable(double theta, int headSize)
{
    /// <summary>Frequency of each pair, in radians per token.</summary>
    public IReadOnlyList<float> Frequencies { get; } =
        [.. Enumerable.Range(0, headSize / 2).Select(i => 1f / (float)Math.Pow(theta, 2.0 * i / headSize))];

    /// <summary>Cosines of the angles at a position, one per pair.</summary>
    public void Cosines(int position, Span<float> row)
    {
        for (int i = 0; i < row.Length; i++)
            row[i] = (float)Math.Cos(Angle(position, i));
    }

    /// <summary>Sines of the angles at a position, one per pair.</summary>
    public void Sines(int position, Span<float> row)
    {
        for (int i = 0; i < row.Length; i++)
            row[i] = (float)Math.Sin(Angle(position, i));
    }

    private float Angle(int position, int pair) => position * Frequencies[pair];
}
