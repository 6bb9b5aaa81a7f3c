using GreenTune.Models.Tokenization.Interpreter.Patterns;

namespace GreenTune.Models.Tokenization.Interpreter;

/// <summary>A pattern of tokenizer.json: <c>{"String": "\n"}</c> or <c>{"Regex": "\\s+"}</c>.</summary>
internal sealed class PatternField
{
    private readonly Pattern? _pattern;

    private PatternField(string? literal, Pattern? pattern)
    {
        Literal = literal;
        _pattern = pattern;
    }

    /// <summary>The text, where the pattern is one.</summary>
    public string? Literal { get; }

    public static PatternField Read(JsonField field)
    {
        JsonField regex = field["Regex"];
        if (regex.IsNull)
            return new PatternField(field["String"].Text, null);
        try
        {
            return new PatternField(null, Pattern.Parse(regex.Text));
        }
        catch (FormatException e)
        {
            throw regex.Wrong($"cannot be used: {e.Message}");
        }
    }

    public void Matches(ReadOnlySpan<char> text, List<(int Start, int End)> matches)
    {
        if (_pattern is not null)
        {
            _pattern.Matches(text, matches);
            return;
        }
        if (Literal!.Length == 0)
            return;
        int from = 0;
        while (text[from..].IndexOf(Literal, StringComparison.Ordinal) is var found and >= 0)
        {
            matches.Add((from + found, from + found + Literal.Length));
            from += found + Literal.Length;
        }
    }
}
