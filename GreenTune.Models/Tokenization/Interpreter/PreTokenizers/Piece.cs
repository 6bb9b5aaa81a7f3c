namespace GreenTune.Models.Tokenization.Interpreter.PreTokenizers;

/// <summary>A part of the text on its way to the model.</summary>
/// <param name="Text">Text that holds it.</param>
/// <param name="Start">Its first character there.</param>
/// <param name="Length">UTF-16 units.</param>
/// <param name="IsFirst">It begins where the original text begins.</param>
internal readonly record struct Piece(string Text, int Start, int Length, bool IsFirst)
{
    public ReadOnlySpan<char> Span => Text.AsSpan(Start, Length);

    public Piece Slice(int start, int length) => new(Text, Start + start, length, IsFirst && start == 0);
}
