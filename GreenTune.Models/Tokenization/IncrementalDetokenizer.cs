using System.Text;
using GreenTune.Models.Tokenization.Interpreter.Decoders;

namespace GreenTune.Models.Tokenization;

/// <summary>
/// Turns the tokens of one answer into text as they come. Bytes of an unfinished UTF-8 character are held back, so that a reader never sees half of one;
/// bytes that no later one can complete become U+FFFD. All texts together are what decoding all tokens at once gives. Not for concurrent use.
/// </summary>
public sealed class IncrementalDetokenizer
{
    private readonly TokenTable _table;
    private readonly bool _skipSpecial;
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private bool _begun;
    private int _toStrip;

    internal IncrementalDetokenizer(TokenTable table, bool skipSpecial)
    {
        _table = table;
        _skipSpecial = skipSpecial;
        _toStrip = table.Strip.Most;
    }

    /// <summary>The text that the token completes; empty for control tokens and while a character is unfinished.</summary>
    public string Append(int token)
    {
        if (!_table.Knows(token) || (_skipSpecial && _table.IsSpecial(token)))
            return "";
        ReadOnlySpan<byte> bytes = _table.Bytes(token, first: !_begun);
        _begun = true;
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
        while (_toStrip > 0 && !text.IsEmpty)
        {
            if (text[0] != _table.Strip.Character)
            {
                _toStrip = 0;
                break;
            }
            text = text[1..];
            _toStrip--;
        }
        return text.IsEmpty ? "" : text.ToString();
    }
}
