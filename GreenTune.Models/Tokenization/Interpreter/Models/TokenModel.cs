namespace GreenTune.Models.Tokenization.Interpreter.Models;

/// <summary>Turns one piece of text into token ids: "model" of tokenizer.json. Safe for concurrent use.</summary>
internal abstract class TokenModel
{
    public abstract IReadOnlyDictionary<string, int> Tokens { get; }

    /// <summary>Id for what the vocabulary cannot write; null when the model has none.</summary>
    public abstract int? UnknownId { get; }

    public abstract void Tokenize(ReadOnlySpan<char> piece, List<int> ids);

    /// <param name="field">The model.</param>
    /// <param name="control">Ids of control tokens: no text becomes one of them by the model's own doing.</param>
    /// <exception cref="System.Text.Json.JsonException">The kind is not known, or a field is wrong.</exception>
    public static TokenModel Read(JsonField field, IReadOnlySet<int> control)
    {
        if (field.IsNull)
            throw field.Wrong("is missing");
        // Files of old have no type; vocab and merges say what it is.
        string type = field["type"].TextOrNull ?? (field["merges"].IsNull ? "none" : "BPE");
        return type switch
        {
            "BPE" => BpeModel.Read(field, control),
            "WordPiece" => WordPieceModel.Read(field),
            "Unigram" => UnigramModel.Read(field, control),
            _ => throw field["type"].Wrong($"is {type}; known are BPE, Unigram and WordPiece"),
        };
    }
}
