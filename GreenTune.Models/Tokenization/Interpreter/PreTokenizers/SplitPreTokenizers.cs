using System.Globalization;
using System.Text;
using GreenTune.Models.Tokenization.Interpreter.Patterns;

namespace GreenTune.Models.Tokenization.Interpreter.PreTokenizers;

/// <summary>Cuts where a pattern is.</summary>
internal sealed class SplitPreTokenizer(PatternField pattern, SplitBehaviour behaviour, bool invert) : PreTokenizer
{
    private readonly Pattern? _words;

    private SplitPreTokenizer(Pattern words) : this(null!, SplitBehaviour.Removed, invert: true) => _words = words;

    public override bool Keeps => behaviour != SplitBehaviour.Removed;

    /// <summary>Runs of word characters and runs of punctuation, without the white space between them.</summary>
    public static SplitPreTokenizer Words() => new(Pattern.Parse(@"\w+|[^\w\s]+"));

    public override void Apply(Piece piece, List<Piece> output)
    {
        var matches = new List<(int Start, int End)>();
        if (_words is not null)
            _words.Matches(piece.Span, matches);
        else
            pattern.Matches(piece.Span, matches);
        Splitting.Cut(piece, matches, behaviour, invert, output);
    }
}

/// <summary>Cuts at characters of a kind.</summary>
internal sealed class CharacterPreTokenizer(Func<Rune, bool> isDelimiter, SplitBehaviour behaviour) : PreTokenizer
{
    public override bool Keeps => behaviour != SplitBehaviour.Removed;

    public static bool IsNumeric(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    public static bool IsPunctuation(Rune rune) =>
        rune.IsAscii ? char.IsAsciiLetterOrDigit((char)rune.Value) is false && rune.Value is > ' ' and < 0x7F : Rune.IsPunctuation(rune);

    public static CharacterPreTokenizer Delimiter(JsonField field)
    {
        string text = field.Text;
        if (!Rune.TryGetRuneAt(text + "\0", 0, out Rune delimiter) || delimiter.Utf16SequenceLength != text.Length)
            throw field.Wrong("must be one character");
        return new CharacterPreTokenizer(rune => rune == delimiter, SplitBehaviour.Removed);
    }

    public override void Apply(Piece piece, List<Piece> output)
    {
        var matches = new List<(int Start, int End)>();
        ReadOnlySpan<char> text = piece.Span;
        for (int i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text[i..], out Rune rune, out int used);
            if (isDelimiter(rune))
                matches.Add((i, i + used));
            i += used;
        }
        Splitting.Cut(piece, matches, behaviour, invert: false, output);
    }
}
