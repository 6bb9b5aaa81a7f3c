using GreenTune.Models.Onnx;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Architectures;

/// <summary>
/// Rotary position embedding (Su et al., arXiv 2104.09864): pair i of a head turns by position x frequency i. Frequencies and angles are rounded to
/// float32 as the reference implementations do, so that long positions turn by the angles that the model was trained with.
/// </summary>
/// <param name="frequencies">Frequency of each pair, in radians per token.</param>
/// <param name="scale">Factor of all cosines and sines; 1 but for longrope.</param>
internal sealed class RotaryTable(IReadOnlyList<float> frequencies, float scale = 1)
{
    public IReadOnlyList<float> Frequencies => frequencies;

    public float Scale => scale;

    /// <summary>Frequencies theta^(-2i/d) for pair i of a head of size d.</summary>
    public static RotaryTable Unscaled(double theta, int headSize) =>
        new([.. Enumerable.Range(0, headSize / 2).Select(i => 1f / (float)Math.Pow(theta, 2.0 * i / headSize))]);

    /// <summary>Each frequency divided by its factor.</summary>
    public RotaryTable Slowed(Func<int, float> factor, float newScale = 1) => new([.. frequencies.Select((f, i) => f / factor(i))], newScale);

    /// <summary>
    /// Llama 3.1's scaling: waves shorter than the original context's share stay, waves longer than it turn <paramref name="factor"/> times slower, and
    /// those between are interpolated (Llama 3.1's model card and reference code, "use_scaled_rope").
    /// </summary>
    public RotaryTable Llama3(double factor, double lowFrequencyFactor, double highFrequencyFactor, int originalContext)
    {
        return new([.. frequencies.Select(Scaled)], scale);

        float Scaled(float frequency)
        {
            double wavelength = 2 * Math.PI / frequency;
            if (wavelength < originalContext / highFrequencyFactor)
                return frequency;
            if (wavelength > originalContext / lowFrequencyFactor)
                return (float)(frequency / factor);
            double smooth = (originalContext / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
            return (float)(((1 - smooth) * frequency / factor) + (smooth * frequency));
        }
    }

    /// <summary>The table whose frequencies were rounded to <paramref name="type"/>, as they are where a whole model is cast to it.</summary>
    public RotaryTable RoundedTo(TensorElementType type) => new([.. frequencies.Select(f => FloatTypes.Round(f, type))], scale);

    /// <summary>Cosines of the angles at a position, one per pair.</summary>
    public void Cosines(int position, Span<float> row)
    {
        for (int i = 0; i < row.Length; i++)
            row[i] = (float)Math.Cos(Angle(position, i)) * scale;
    }

    /// <summary>Sines of the angles at a position, one per pair.</summary>
    public void Sines(int position, Span<float> row)
    {
        for (int i = 0; i < row.Length; i++)
            row[i] = (float)Math.Sin(Angle(position, i)) * scale;
    }

    private float Angle(int position, int pair) => position * frequencies[pair];
}
