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

    /// <summary>Tokens that positions are defined for, prompt and answer together.</summary>
    public required int ContextLength { get; init; }

    /// <summary>The output projection is the embedding matrix.</summary>
    public required bool TiedEmbeddings { get; init; }
}
