namespace GreenTune.Models.Architectures;

/// <summary>
/// Rotary position embedding (Su et al., arXiv 2104.09864): pair i of a head turns by position x frequency i. Frequencies and angles are rounded to
/// float32 as the reference implementations do, so that long positions turn by the angles that the model was trained with.
/// </summary>
internal sealed class RotaryTable(IReadOnlyList<float> frequencies)
{
    /// <summary>Frequency of each pair, in radians per token.</summary>
    public IReadOnlyList<float> Frequencies => frequencies;

    /// <summary>Frequencies theta^(-2i/d) for pair i of a head of size d.</summary>
    public static RotaryTable Unscaled(double theta, int headSize) =>
        new([.. Enumerable.Range(0, headSize / 2).Select(i => 1f / (float)Math.Pow(theta, 2.0 * i / headSize))]);

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

    private float Angle(int position, int pair) => position * frequencies[pair];
}
