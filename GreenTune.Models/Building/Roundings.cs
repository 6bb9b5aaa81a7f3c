using GreenTune.Models.Quantization;

namespace GreenTune.Models.Building;

/// <summary>Makes the rounding that a folder's options ask for.</summary>
internal static class Roundings
{
    /// <returns>Null where weights are floating point.</returns>
    public static IRounding? Create(BuildOptions options)
    {
        if (options.Bits is not { } bits)
            return null;
        var format = new BlockFormat(bits, options.BlockSize, options.Symmetric, options.Activations);
        return options.Method switch
        {
            QuantizationMethod.Rtn => new PlainRounding(f => new RoundToNearest(f), format),
            _ => throw new ArgumentException($"The method {options.Method.Word()} is not known."),
        };
    }
}
