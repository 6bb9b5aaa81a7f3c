using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using GreenTune.Models.Tokenization.Interpreter;

namespace GreenTune.Models.Tokenization;

/// <summary>
/// Keeps control tokens' texts inside messages from becoming control tokens. Before the template is applied each is replaced by a mark of
/// private-use characters that no message has; afterwards the marks become the texts again, and the tokenizer is told where they stand.
/// </summary>
internal sealed class ControlTextGuard
{
    private const char FirstPrivate = '\uE000';
    private const char LastPrivate = '\uF8FF';

    private readonly AddedTokenFinder _control;
    private readonly List<string> _replaced = [];
    private readonly char _open;
    private readonly char _close;

    public ControlTextGuard(AddedTokenFinder control, IReadOnlyList<ChatMessage> messages, JsonElement? tools)
    {
        _control = control;
        var used = new HashSet<char>();
        Conversation.ToValues(messages, tools, text =>
        {
            foreach (char c in text)
            {
                if (c is >= FirstPrivate and <= LastPrivate)
                    used.Add(c);
            }
            return text;
        });
        _open = FirstUnused(used);
        used.Add(_open);
        _close = FirstUnused(used);
    }

    /// <summary>The text with marks in place of control tokens' texts.</summary>
    public string Mark(string text)
    {
        if (_control.Find(text, 0, out int start, out int end) is null)
            return text;
        var result = new StringBuilder();
        int done = 0;
        do
        {
            result.Append(text, done, start - done).Append(_open).Append(_replaced.Count.ToString(CultureInfo.InvariantCulture)).Append(_close);
            _replaced.Add(text[start..end]);
            done = end;
        }
        while (_control.Find(text, done, out start, out end) is not null);
        return result.Append(text, done, text.Length - done).ToString();
    }

    /// <summary>The prompt that the template made of marked texts, with the texts back in, and where they are.</summary>
    public string Restore(string prompt, out List<(int Start, int End)> places)
    {
        places = [];
        var result = new StringBuilder(prompt.Length);
        int done = 0;
        foreach (Match match in Regex.Matches(prompt, $"{_open}([0-9]+){_close}", RegexOptions.CultureInvariant))
        {
            // A template that repeats or reverses texts can make marks that stand for nothing.
            if (!int.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int index) || index >= _replaced.Count)
                continue;
            result.Append(prompt, done, match.Index - done);
            places.Add((result.Length, result.Length + _replaced[index].Length));
            result.Append(_replaced[index]);
            done = match.Index + match.Length;
        }
        return result.Append(prompt, done, prompt.Length - done).ToString();
    }

    /// <summary>Whether a place in the prompt touches one of the texts.</summary>
    public static Func<int, int, bool> Touches(List<(int Start, int End)> places) => (start, end) =>
    {
        int low = 0;
        int high = places.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (places[middle].End <= start)
                low = middle + 1;
            else
                high = middle;
        }
        return low < places.Count && places[low].Start < end;
    };

    private static char FirstUnused(HashSet<char> used)
    {
        for (char c = FirstPrivate; c <= LastPrivate; c++)
        {
            if (!used.Contains(c))
                return c;
        }
        throw new TokenizerException("The conversation holds every private-use character of Unicode's basic plane; leave some out.");
    }
}
