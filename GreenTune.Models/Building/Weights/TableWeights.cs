using GreenTune.Models.Architectures;
using GreenTune.Models.Onnx.Wire;
using GreenTune.Models.Quantization;

namespace GreenTune.Models.Building;

/// <summary>The embedding and the output projection, which may share their bytes.</summary>
/// <param name="Embedding">Looks tokens up.</param>
/// <param name="Head">Makes logits.</param>
/// <param name="Form">How embedding and output projection are stored, in words.</param>
internal sealed record TableWeights(EmbeddingWeights Embedding, LinearWeights Head, string Form)
{
    /// <summary>Bits of embedding and output projection, null for floating point, and whether the two share their bytes.</summary>
    public static (int? EmbeddingBits, int? HeadBits, bool Shared) Plan(DecoderModel model, BuildOptions options)
    {
        // On CUDA a quantised look-up could fall back to the CPU inside every step, which CUDA graphs refuse: a row of float16 costs nothing there.
        int? embedding = options.Provider == Provider.Cuda ? null : Bits(options, options.Embedding);
        int? head = Bits(options, options.Head);
        return (embedding, head, model.Head is null && embedding == head);
    }

    public static TableWeights Write(DecoderModel model, WeightWriter writer, BuildOptions options, IRounding? rounding)
    {
        (int? embeddingBits, int? headBits, bool shared) = Plan(model, options);
        TableWeights tables = Write(model, writer, options, rounding, embeddingBits, headBits, shared);
        model.Embedding.Release();
        model.Head?.Release();
        return tables;
    }

    private static TableWeights Write(DecoderModel model, WeightWriter writer, BuildOptions options, IRounding? rounding, int? embeddingBits, int? headBits, bool shared)
    {
        WeightMatrix source = model.Head ?? model.Embedding;
        string form = shared ? $"{Word(headBits, options)}, shared with the output projection" : $"{Word(embeddingBits, options)}, output projection {Word(headBits, options)}";

        if (headBits is null)
        {
            TensorProto rows = writer.Dense(shared ? "embedding" : "head", source);
            EmbeddingWeights dense = shared ? new DenseEmbedding(rows) : OwnEmbedding(model, writer, options, embeddingBits);
            return new(dense, new DenseLinear(rows), form);
        }
        var format = new BlockFormat(headBits.Value, options.BlockSize, options.Symmetric, options.Activations);
        QuantizedMatrix head = writer.Quantized(shared ? "embedding" : "head", source, rounding!.Head(source, format));
        return new(shared ? new QuantizedEmbedding(head) : OwnEmbedding(model, writer, options, embeddingBits), new QuantizedLinear(head, options), form);
    }

    private static EmbeddingWeights OwnEmbedding(DecoderModel model, WeightWriter writer, BuildOptions options, int? bits) => bits is null
        ? new DenseEmbedding(writer.Dense("embedding", model.Embedding))
        : new QuantizedEmbedding(writer.Quantized("embedding", model.Embedding, new RoundToNearest(new BlockFormat(bits.Value, options.BlockSize, options.Symmetric, options.Activations))));

    private static int? Bits(BuildOptions options, TableStorage storage) => storage switch
    {
        TableStorage.Float => null,
        TableStorage.Int8 => 8,
        _ => options.Bits,
    };

    private static string Word(int? bits, BuildOptions options) => bits is null
        ? options.Bits is null ? options.Precision.Word() : Onnx.FloatTypes.Word(options.Activations)
        : $"int{bits}";
}
