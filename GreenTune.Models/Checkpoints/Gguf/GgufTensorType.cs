namespace GreenTune.Models.Checkpoints.Gguf;

/// <summary>How a GGUF file stores numbers; the values are ggml's type numbers (ggml.h, <c>enum ggml_type</c>).</summary>
internal enum GgufTensorType
{
    F32 = 0,
    F16 = 1,
    Q4_0 = 2,
    Q4_1 = 3,
    Q5_0 = 6,
    Q5_1 = 7,
    Q8_0 = 8,
    Q2_K = 10,
    Q3_K = 11,
    Q4_K = 12,
    Q5_K = 13,
    Q6_K = 14,
    BF16 = 30,
}

internal static class GgufTensorTypes
{
    /// <summary>Types that other files have and that are not read, for errors that name them.</summary>
    private static readonly Dictionary<uint, string> Others = new()
    {
        [9] = "Q8_1",
        [15] = "Q8_K",
        [16] = "IQ2_XXS",
        [17] = "IQ2_XS",
        [18] = "IQ3_XXS",
        [19] = "IQ1_S",
        [20] = "IQ4_NL",
        [21] = "IQ3_S",
        [22] = "IQ2_S",
        [23] = "IQ4_XS",
        [24] = "I8",
        [25] = "I16",
        [26] = "I32",
        [27] = "I64",
        [28] = "F64",
        [29] = "IQ1_M",
        [34] = "TQ1_0",
        [35] = "TQ2_0",
        [39] = "MXFP4",
    };

    public static string Known { get; } = string.Join(", ", Enum.GetNames<GgufTensorType>());

    public static GgufTensorType? Find(uint number) => Enum.IsDefined((GgufTensorType)number) ? (GgufTensorType)number : null;

    /// <summary>For example "IQ4_XS (type 23)".</summary>
    public static string NameOf(uint number) => Others.TryGetValue(number, out string? name) ? $"{name} (type {number})" : $"number {number}";

    public static bool IsQuantized(this GgufTensorType type) => type is not (GgufTensorType.F32 or GgufTensorType.F16 or GgufTensorType.BF16);

    /// <summary>Numbers that share a block; a row is a whole number of blocks.</summary>
    public static int BlockElements(this GgufTensorType type) => type switch
    {
        GgufTensorType.F32 or GgufTensorType.F16 or GgufTensorType.BF16 => 1,
        GgufTensorType.Q4_0 or GgufTensorType.Q4_1 or GgufTensorType.Q5_0 or GgufTensorType.Q5_1 or GgufTensorType.Q8_0 => GgufBlocks.Elements,
        _ => GgufSuperBlocks.Elements,
    };

    public static int BlockBytes(this GgufTensorType type) => type switch
    {
        GgufTensorType.F32 => 4,
        GgufTensorType.F16 or GgufTensorType.BF16 => 2,
        GgufTensorType.Q4_0 => 18,
        GgufTensorType.Q4_1 => 20,
        GgufTensorType.Q5_0 => 22,
        GgufTensorType.Q5_1 => 24,
        GgufTensorType.Q8_0 => 34,
        GgufTensorType.Q2_K => 84,
        GgufTensorType.Q3_K => 110,
        GgufTensorType.Q4_K => 144,
        GgufTensorType.Q5_K => 176,
        GgufTensorType.Q6_K => 210,
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>Turns whole blocks into float32.</summary>
    /// <param name="type">How <paramref name="source"/> is stored.</param>
    /// <param name="source">Blocks, one after the other.</param>
    /// <param name="destination">As many numbers as the blocks have.</param>
    public static void Dequantize(this GgufTensorType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        int bytes = type.BlockBytes();
        int elements = type.BlockElements();
        if (elements == 1)
        {
            GgufBlocks.Floats(type, source, destination);
            return;
        }
        for (int block = 0; block < destination.Length / elements; block++)
        {
            ReadOnlySpan<byte> from = source.Slice(block * bytes, bytes);
            Span<float> to = destination.Slice(block * elements, elements);
            switch (type)
            {
                case GgufTensorType.Q4_0: GgufBlocks.Q4_0(from, to); break;
                case GgufTensorType.Q4_1: GgufBlocks.Q4_1(from, to); break;
                case GgufTensorType.Q5_0: GgufBlocks.Q5_0(from, to); break;
                case GgufTensorType.Q5_1: GgufBlocks.Q5_1(from, to); break;
                case GgufTensorType.Q8_0: GgufBlocks.Q8_0(from, to); break;
                case GgufTensorType.Q2_K: GgufSuperBlocks.Q2_K(from, to); break;
                case GgufTensorType.Q3_K: GgufSuperBlocks.Q3_K(from, to); break;
                case GgufTensorType.Q4_K: GgufSuperBlocks.Q4_K(from, to); break;
                case GgufTensorType.Q5_K: GgufSuperBlocks.Q5_K(from, to); break;
                case GgufTensorType.Q6_K: GgufSuperBlocks.Q6_K(from, to); break;
                default: throw new ArgumentOutOfRangeException(nameof(type));
            }
        }
    }
}
