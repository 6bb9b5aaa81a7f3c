namespace GreenTune.Models.Tokenization.Interpreter.PreTokenizers;

/// <summary>SentencePiece's: spaces become "▁", and one stands before the text.</summary>
internal sealed class MetaspacePreTokenizer(string replacement, MetaspacePrefix prefix, bool split) : PreTokenizer
{
    public static new MetaspacePreTokenizer Read(JsonField field)
    {
        JsonField replacement = field["replacement"];
        string text = replacement.IsNull ? "\u2581" : replacement.Text;
        return text.Length == 1 ? new MetaspacePreTokenizer(text, ReadPrefix(field), field["split"].Flag(true)) : throw replacement.Wrong("must be one character");
    }

    /// <summary>Newer files say prepend_scheme, older ones add_prefix_space.</summary>
    public static MetaspacePrefix ReadPrefix(JsonField field)
    {
        JsonField scheme = field["prepend_scheme"];
        return scheme.TextOrNull switch
        {
            "always" => MetaspacePrefix.Always,
            "first" => MetaspacePrefix.First,
            "never" => MetaspacePrefix.Never,
            null => field["add_prefix_space"].Flag(true) ? MetaspacePrefix.Always : MetaspacePrefix.Never,
            string other => throw scheme.Wrong($"is {other}; known are always, first and never"),
        };
    }

    public override bool Keeps => false;

    public override void Apply(Piece piece, List<Piece> output)
    {
        string text = piece.Span.ToString().Replace(' ', replacement[0]);
        bool prepend = prefix switch
        {
            MetaspacePrefix.Always => true,
            MetaspacePrefix.First => piece.IsFirst,
            _ => false,
        };
        if (prepend && !text.StartsWith(replacement[0]))
            text = replacement + text;
        var whole = new Piece(text, 0, text.Length, piece.IsFirst);
        if (!split)
        {
            output.Add(whole);
            return;
        }
        var matches = new List<(int Start, int End)>();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == replacement[0])
                matches.Add((i, i + 1));
        }
        Splitting.Cut(whole, matches, SplitBehaviour.MergedWithNext, invert: false, output);
    }
}

/// <summary>Where Metaspace puts a "▁" before the text.</summary>
internal enum MetaspacePrefix
{
    Always,
    First,
    Never,
}
