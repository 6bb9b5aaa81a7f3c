using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Building;

/// <summary>How a folder is made. Why the defaults are what they are: docs/decisions/004-model-folders.md.</summary>
public sealed record BuildOptions
{
    public required Precision Precision { get; init; }

    public required Provider Provider { get; init; }

    /// <summary>Weights that share a scale: 16, 32, 64 or 128.</summary>
    /// <value>The default is 32.</value>
    public int BlockSize { get; init; } = 32;

    /// <summary>The range of a block is centred on 0; otherwise it has a zero point of its own.</summary>
    /// <value>The default is true.</value>
    public bool Symmetric { get; init; } = true;

    /// <summary>Quantised weights on a CPU: 4 multiplies them with activations rounded to int8, 0 with activations in float32.</summary>
    /// <value>The default is 4.</value>
    public int AccuracyLevel { get; init; } = 4;

    /// <summary>Bits of the weights; null where they are floating point.</summary>
    internal int? Bits => Precision switch
    {
        Precision.Int4 => 4,
        Precision.Int8 => 8,
        _ => null,
    };

    /// <summary>Type of activations, keys, values, scales and weights that are not quantised.</summary>
    internal TensorElementType Activations => Provider == Provider.Cpu ? TensorElementType.Float : TensorElementType.Float16;

    /// <exception cref="ArgumentException">An option is out of range or does not go with another.</exception>
    internal void Validate()
    {
        if (!Provider.Precisions().Contains(Precision))
            throw new ArgumentException($"{Precision.Word()} is not built for {Provider.Word()}; {string.Join(", ", Provider.Precisions().Select(BuildWords.Word))} are.");
        if (BlockSize is not (16 or 32 or 64 or 128))
            throw new ArgumentException($"The block size is {BlockSize}; 16, 32, 64 or 128 is expected.");
        if (AccuracyLevel is not (0 or 4))
            throw new ArgumentException($"The accuracy level is {AccuracyLevel}; 0 or 4 is expected.");
    }
}
