namespace GreenTune.Models.Architectures;

/// <summary>Sizes of a decoder-only transformer.</summary>
public sealed record DecoderShape
{
    public required int Layers { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    public required int KeyValueHeads { get; init; }

    public required int HeadSize { get; init; }

    public required int HiddenSize { get; init; }

    /// <summary>Width of the feed-forward part.</summary>
    public required int IntermediateSize { get; init; }

    public required int VocabularySize { get; init; }

    /// <summary>Tokens that positions are defined for.</summary>
    public required int ContextLength { get; init; }

    /// <summary>The output projection is the embedding matrix.</summary>
    public required bool TiedEmbeddings { get; init; }

    /// <summary>Parameters in all: a tied matrix counts once.</summary>
    public long Parameters => (TiedEmbeddings ? 1 : 2) * EmbeddingParameters + Layers * LayerMatrixParameters + (2L * Layers + 1) * HiddenSize;

    /// <summary>Parameters that one token is multiplied with: matrices of the layers and the output projection, not the embedding's look-up.</summary>
    public long MultipliedParameters => EmbeddingParameters + Layers * LayerMatrixParameters;

    /// <summary>Keys and values that one token adds to the cache, in elements over all layers.</summary>
    public long KeyValueElementsPerToken => 2L * Layers * KeyValueHeads * HeadSize;

    private long EmbeddingParameters => (long)VocabularySize * HiddenSize;

    private long LayerMatrixParameters => (long)HiddenSize * (2L * Heads + 2L * KeyValueHeads) * HeadSize + 3L * HiddenSize * IntermediateSize;
}
