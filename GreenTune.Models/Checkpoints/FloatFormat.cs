namespace GreenTune.Models.Checkpoints;

/// <summary>How a checkpoint stores a number.</summary>
internal enum FloatFormat
{
    F32,
    F16,
    BF16,
}

internal static class FloatFormats
{
    public static int SizeInBytes(this FloatFormat format) => format == FloatFormat.F32 ? 4 : 2;

    /// <summary>Name in a safetensors header to format; null for one that is not read.</summary>
    public static FloatFormat? FromSafetensors(string name) => name switch
    {
        "F32" => FloatFormat.F32,
        "F16" => FloatFormat.F16,
        "BF16" => FloatFormat.BF16,
        _ => null,
    };
}
