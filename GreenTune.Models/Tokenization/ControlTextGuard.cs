using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace GreenTune.Models.Tokenization;

/// <summary>
/// Keeps control tokens' texts inside messages from becoming control tokens. Before the template is applied each is replaced by a mark of
/// private-use characters that no message has; afterwards every control token in the prompt is the template's own, and the marks are encoded as the
/// text that they stand for.
/// </summary>
internal sealed class ControlTextGuard
{
    private const char FirstPrivate = '\uE000';
    private const char LastPrivate = '\uF8FF';

    private readonly SpecialTokens _special;
    private readonly List<string> _replaced = [];
    private readonly Regex _mark;

    public ControlTextGuard(SpecialTokens special, IReadOnlyList<ChatMessage> messages)
    {
        _special = special;
        char open = FirstUnused(messages, FirstPrivate);
        char close = FirstUnused(messages, (char)(open + 1));
        _mark = new Regex($"{open}([0-9]+){close}", RegexOptions.CultureInvariant);
        Messages = [.. messages.Select(m => new ChatMessage(Replace(m.Role, open, close), Replace(m.Content, open, close)))];
    }

    /// <summary>The messages with marks in place of control tokens' texts.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; }

    /// <summary>Tokens of the prompt that the template made of <see cref="Messages"/>.</summary>
    public int[] Encode(string prompt, OrtxTokenizer tokenizer, OrtxTokenizer literal)
    {
        var ids = new List<int>();
        int start = 0;
        bool strip = false;
        foreach (Match match in _special.In(prompt))
        {
            SpecialToken token = _special[match.Value];
            Append(prompt[start..match.Index], strip, token.StripsLeft);
            ids.Add(token.Id);
            start = match.Index + match.Length;
            strip = token.StripsRight;
        }
        Append(prompt[start..], strip, false);
        return [.. ids];

        void Append(string text, bool stripStart, bool stripEnd)
        {
            text = stripStart ? text.TrimStart() : text;
            text = stripEnd ? text.TrimEnd() : text;
            if (text.Length == 0)
                return;
            ids.AddRange(_mark.IsMatch(text) ? literal.Encode(Restore(text)) : tokenizer.Encode(text));
        }
    }

    private string Replace(string text, char open, char close)
    {
        if (!_special.AreIn(text))
            return text;
        var result = new StringBuilder();
        int start = 0;
        foreach (Match match in _special.In(text))
        {
            result.Append(text, start, match.Index - start).Append(open).Append(_replaced.Count.ToString(CultureInfo.InvariantCulture)).Append(close);
            _replaced.Add(match.Value);
            start = match.Index + match.Length;
        }
        return result.Append(text, start, text.Length - start).ToString();
    }

    private string Restore(string text) => _mark.Replace(text, m => _replaced[int.Parse(m.Groups[1].ValueSpan, CultureInfo.InvariantCulture)]);

    private static char FirstUnused(IReadOnlyList<ChatMessage> messages, char from)
    {
        for (char c = from; c <= LastPrivate; c++)
        {
            if (!messages.Any(m => m.Content.Contains(c) || m.Role.Contains(c)))
                return c;
        }
        throw new TokenizerException("The conversation holds every private-use character of Unicode's basic plane; leave some out.");
    }
}
