using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Onnx;

internal static class ElementTypes
{
    /// <summary>Bits of one element; null for a type whose size is not fixed or not known.</summary>
    public static int? Bits(this TensorElementType type) => type switch
    {
        // ONNX's uint4 and int4, which the C# enumeration does not have.
        (TensorElementType)21 or (TensorElementType)22 => 4,
        TensorElementType.UInt8 or TensorElementType.Int8 or TensorElementType.Bool => 8,
        TensorElementType.Float16 or TensorElementType.BFloat16 or TensorElementType.Int16 or TensorElementType.UInt16 => 16,
        TensorElementType.Float or TensorElementType.Int32 or TensorElementType.UInt32 => 32,
        TensorElementType.Int64 or TensorElementType.UInt64 or TensorElementType.Double => 64,
        _ => null,
    };
}
