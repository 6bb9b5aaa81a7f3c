using System.Diagnostics.CodeAnalysis;

namespace GreenTune.Models.Building;

/// <summary>How the weights of a folder are stored.</summary>
[SuppressMessage("Naming", "CA1720:Identifier contains type name", Justification = "The field's own names of precisions.")]
public enum Precision
{
    Fp32,
    Bf16,
    Fp16,
    Int8,
    Int4,
}

/// <summary>Where a folder runs: it decides the activations, float32 on a CPU and float16 or bfloat16 on CUDA.</summary>
public enum Provider
{
    Cpu,
    Cuda,
}

public static class BuildWords
{
    /// <summary>For example "int4".</summary>
    public static string Word(this Precision precision) => precision switch
    {
        Precision.Fp32 => "fp32",
        Precision.Bf16 => "bf16",
        Precision.Fp16 => "fp16",
        Precision.Int8 => "int8",
        Precision.Int4 => "int4",
        _ => throw new ArgumentOutOfRangeException(nameof(precision)),
    };

    /// <summary>"cpu" or "cuda".</summary>
    public static string Word(this Provider provider) => provider switch
    {
        Provider.Cpu => "cpu",
        Provider.Cuda => "cuda",
        _ => throw new ArgumentOutOfRangeException(nameof(provider)),
    };

    /// <summary>Precisions that are built for a provider, highest first.</summary>
    public static IReadOnlyList<Precision> Precisions(this Provider provider) => provider == Provider.Cpu
        ? [Precision.Fp32, Precision.Int8, Precision.Int4]
        : [Precision.Bf16, Precision.Fp16, Precision.Int8, Precision.Int4];
}
