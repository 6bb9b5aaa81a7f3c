namespace GreenTune.Models.Architectures;

/// <summary>What a graph is built from: an architecture's reading of a checkpoint.</summary>
internal sealed record DecoderModel
{
    /// <summary>Type as ONNX Runtime GenAI names it, for example "llama".</summary>
    public required string GenAIType { get; init; }

    public required DecoderShape Shape { get; init; }

    /// <summary>Added to the variance inside each norm.</summary>
    public required float NormEpsilon { get; init; }

    public required RotaryTable Rotary { get; init; }

    /// <summary>[vocabulary, hidden].</summary>
    public required WeightMatrix Embedding { get; init; }

    /// <summary>Output projection [vocabulary, hidden]; null where it is the embedding.</summary>
    public required WeightMatrix? Head { get; init; }

    /// <summary>Scale of the last norm [1, hidden].</summary>
    public required WeightMatrix FinalNorm { get; init; }

    public required IReadOnlyList<DecoderLayer> Layers { get; init; }
}

/// <summary>Weights of one layer; matrices are [outputs, inputs], norms [1, hidden].</summary>
internal sealed record DecoderLayer
{
    public required WeightMatrix AttentionNorm { get; init; }

    public required WeightMatrix Query { get; init; }

    public required WeightMatrix Key { get; init; }

    public required WeightMatrix Value { get; init; }

    public required WeightMatrix AttentionOutput { get; init; }

    public required WeightMatrix FeedForwardNorm { get; init; }

    public required WeightMatrix Gate { get; init; }

    public required WeightMatrix Up { get; init; }

    public required WeightMatrix Down { get; init; }
}
