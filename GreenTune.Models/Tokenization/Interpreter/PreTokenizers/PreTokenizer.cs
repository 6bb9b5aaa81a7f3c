namespace GreenTune.Models.Tokenization.Interpreter.PreTokenizers;

/// <summary>Splits the text into the pieces that the model sees one by one: "pre_tokenizer" of tokenizer.json.</summary>
internal abstract class PreTokenizer
{
    /// <summary>Nothing of the text is dropped or added.</summary>
    public abstract bool Keeps { get; }

    /// <summary>Adds the parts of one piece; empty ones are left out.</summary>
    public abstract void Apply(Piece piece, List<Piece> output);

    /// <summary>Does the whole list; the lists may be exchanged.</summary>
    public virtual void ApplyAll(ref List<Piece> pieces, ref List<Piece> spare)
    {
        spare.Clear();
        foreach (Piece piece in pieces)
            Apply(piece, spare);
        (pieces, spare) = (spare, pieces);
    }

    /// <summary>Null when the file has no pre-tokenizer.</summary>
    /// <exception cref="System.Text.Json.JsonException">The kind is not known, or a field is wrong.</exception>
    public static PreTokenizer? Read(JsonField field)
    {
        if (field.IsNull)
            return null;
        return field.Type switch
        {
            "Sequence" => new SequencePreTokenizer([.. field["pretokenizers"].Items().Select(f => Read(f) ?? throw f.Wrong("is null"))]),
            "ByteLevel" => new ByteLevelPreTokenizer(field["add_prefix_space"].Flag(true), field["use_regex"].Flag(true)),
            "Metaspace" => MetaspacePreTokenizer.Read(field),
            "Split" => new SplitPreTokenizer(PatternField.Read(field["pattern"]), ReadBehaviour(field["behavior"]), field["invert"].Flag(false)),
            "Digits" => new CharacterPreTokenizer(CharacterPreTokenizer.IsNumeric, field["individual_digits"].Flag(false) ? SplitBehaviour.Isolated : SplitBehaviour.Contiguous),
            "Punctuation" => new CharacterPreTokenizer(CharacterPreTokenizer.IsPunctuation, field["behavior"].IsNull ? SplitBehaviour.Isolated : ReadBehaviour(field["behavior"])),
            "WhitespaceSplit" => new CharacterPreTokenizer(System.Text.Rune.IsWhiteSpace, SplitBehaviour.Removed),
            "Whitespace" => SplitPreTokenizer.Words(),
            "CharDelimiterSplit" => CharacterPreTokenizer.Delimiter(field["delimiter"]),
            "BertPreTokenizer" => new SequencePreTokenizer(
            [
                new CharacterPreTokenizer(System.Text.Rune.IsWhiteSpace, SplitBehaviour.Removed),
                new CharacterPreTokenizer(CharacterPreTokenizer.IsPunctuation, SplitBehaviour.Isolated),
            ]),
            string other => throw field["type"].Wrong(
                $"is {other}; known are Sequence, ByteLevel, Metaspace, Split, Digits, Punctuation, WhitespaceSplit, Whitespace, CharDelimiterSplit and BertPreTokenizer"),
        };
    }

    private static SplitBehaviour ReadBehaviour(JsonField field) => field.Text switch
    {
        "Removed" => SplitBehaviour.Removed,
        "Isolated" => SplitBehaviour.Isolated,
        "MergedWithPrevious" => SplitBehaviour.MergedWithPrevious,
        "MergedWithNext" => SplitBehaviour.MergedWithNext,
        "Contiguous" => SplitBehaviour.Contiguous,
        string other => throw field.Wrong($"is {other}; known are Removed, Isolated, MergedWithPrevious, MergedWithNext and Contiguous"),
    };
}

internal sealed class SequencePreTokenizer(PreTokenizer[] parts) : PreTokenizer
{
    public override bool Keeps => parts.All(p => p.Keeps);

    public override void Apply(Piece piece, List<Piece> output)
    {
        List<Piece> pieces = [piece];
        List<Piece> spare = [];
        ApplyAll(ref pieces, ref spare);
        output.AddRange(pieces);
    }

    public override void ApplyAll(ref List<Piece> pieces, ref List<Piece> spare)
    {
        foreach (PreTokenizer part in parts)
            part.ApplyAll(ref pieces, ref spare);
    }
}
