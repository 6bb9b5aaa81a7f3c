using System.Text;

namespace GreenTune.Models.Tokenization;

/// <summary>
/// Turns the tokens of one answer into text as they come. Bytes of an unfinished UTF-8 character are held back, so that a reader never sees half of one;
/// bytes that no later one can complete become U+FFFD. All texts together are what decoding all tokens at once gives. Not for concurrent use.
/// </summary>
public sealed class IncrementalDetokenizer
{
    private readonly TokenTable _table;
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private bool _begun;

    internal IncrementalDetokenizer(TokenTable table) => _table = table;

    /// <summary>The text that the token completes; empty for control tokens and while a character is unfinished.</summary>
    public string Append(int token)
    {
        ReadOnlySpan<byte> bytes = _table.Bytes(token);
        return bytes.IsEmpty ? "" : Text(bytes, flush: false);
    }

    /// <summary>What was held back, at the end of the answer: an unfinished character as U+FFFD.</summary>
    public string Flush() => Text([], flush: true);

    private string Text(ReadOnlySpan<byte> bytes, bool flush)
    {
        // Three held bytes and the new ones, each a character at most.
        int most = bytes.Length + 4;
        Span<char> characters = most <= 256 ? stackalloc char[256] : new char[most];
        ReadOnlySpan<char> text = characters[.._decoder.GetChars(bytes, characters, flush)];
        if (text.IsEmpty)
            return "";
        if (!_begun && _table.DropsFirstSpace && text[0] == ' ')
            text = text[1..];
        _begun = true;
        return text.ToString();
    }
}
