using System.Text;
using GreenTune.Models.Tokenization.Interpreter.Patterns;

namespace GreenTune.Models.Tokenization.Interpreter.PreTokenizers;

/// <summary>GPT-2's: words with their space before, and every byte written as a character.</summary>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool useRegex) : PreTokenizer
{
    private static readonly Pattern Words = Pattern.Parse(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+");

    public override bool Keeps => !addPrefixSpace;

    public override void Apply(Piece piece, List<Piece> output)
    {
        List<Piece> pieces = [piece];
        List<Piece> spare = [];
        ApplyAll(ref pieces, ref spare);
        output.AddRange(pieces);
    }

    public override void ApplyAll(ref List<Piece> pieces, ref List<Piece> spare)
    {
        spare.Clear();
        var matches = new List<(int Start, int End)>();
        foreach (Piece piece in pieces)
        {
            Piece whole = addPrefixSpace && piece.Length > 0 && piece.Span[0] != ' ' ? new Piece($" {piece.Span}", 0, piece.Length + 1, piece.IsFirst) : piece;
            if (!useRegex)
            {
                spare.Add(whole);
                continue;
            }
            matches.Clear();
            Words.Matches(whole.Span, matches);
            Splitting.Cut(whole, matches, SplitBehaviour.Isolated, invert: false, spare);
        }
        Write(spare, pieces);
    }

    /// <summary>All pieces' bytes in one text, which they share.</summary>
    private static void Write(List<Piece> pieces, List<Piece> output)
    {
        int length = 0;
        foreach (Piece piece in pieces)
            length += piece.Length;
        var text = new StringBuilder(length + length / 8 + 16);
        Span<(int Start, int Length)> places = pieces.Count <= 64 ? stackalloc (int, int)[pieces.Count] : new (int, int)[pieces.Count];
        for (int i = 0; i < pieces.Count; i++)
        {
            int start = text.Length;
            ByteAlphabet.Encode(pieces[i].Span, text);
            places[i] = (start, text.Length - start);
        }
        string written = text.ToString();
        output.Clear();
        for (int i = 0; i < places.Length; i++)
            output.Add(new Piece(written, places[i].Start, places[i].Length, pieces[i].IsFirst));
    }
}
