namespace GreenTune.Models.Tokenization.Interpreter.Patterns;

/// <summary>
/// A regular expression as tokenizer.json has it (Oniguruma's Ruby syntax), matched over code points. .NET's own matches UTF-16 units: a letter above
/// U+FFFF is no \p{L} there. Work is bounded: a hostile pattern or text ends with an error. Safe for concurrent use.
/// </summary>
internal sealed class Pattern
{
    private const long StepsPerCharacter = 2000;
    private const long FirstSteps = 1_000_000;

    private readonly PatternNode _root;
    private readonly int _loops;

    private Pattern(PatternNode root, int loops)
    {
        _root = root;
        _loops = loops;
    }

    /// <exception cref="FormatException">The expression is not valid, or uses what is not known here (back references, for example).</exception>
    public static Pattern Parse(string expression)
    {
        var parser = new PatternParser(expression);
        return new Pattern(parser.Parse(), parser.Loops);
    }

    /// <summary>A text itself, found wherever it stands.</summary>
    public static Pattern Literal(string text)
    {
        var parser = new PatternParser(text);
        return new Pattern(parser.Literal(), 0);
    }

    /// <summary>All matches, left to right and not overlapping; empty ones are left out.</summary>
    /// <exception cref="TokenizerException">Matching takes too many steps.</exception>
    public void Matches(ReadOnlySpan<char> text, List<(int Start, int End)> matches)
    {
        var state = new PatternState(text, FirstSteps + StepsPerCharacter * text.Length, _loops);
        int position = 0;
        while (position < text.Length)
        {
            int end = _root.Match(ref state, position);
            if (end > position)
            {
                matches.Add((position, end));
                position = end;
            }
            else
            {
                state.Spend(1);
                state.At(position, out position);
            }
        }
    }
}
