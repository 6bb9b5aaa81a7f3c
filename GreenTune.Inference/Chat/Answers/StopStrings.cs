using System.Text;

namespace GreenTune.Inference.Chat.Answers;

/// <summary>
/// Watches a text that arrives in pieces for stop strings, which may lie across their borders. Text that could still turn out to be the
/// beginning of one is held back.
/// </summary>
internal sealed class StopStrings(IReadOnlyList<string> stops)
{
    private readonly StringBuilder _held = new();

    /// <summary>True once a stop string has appeared; nothing more comes out after it.</summary>
    public bool Hit { get; private set; }

    /// <summary>Text that is safe to show.</summary>
    public string Add(string piece)
    {
        if (Hit || stops.Count == 0)
        {
            return Hit ? string.Empty : piece;
        }

        _held.Append(piece);
        string text = _held.ToString();
        int first = -1;
        foreach (string stop in stops)
        {
            int at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (first < 0 || at < first))
            {
                first = at;
            }
        }

        _held.Clear();
        if (first >= 0)
        {
            Hit = true;
            return text[..first];
        }

        int kept = LongestBeginning(text);
        _held.Append(text, text.Length - kept, kept);
        return text[..^kept];
    }

    /// <summary>What was held back, when the text ended without a stop string.</summary>
    public string Rest()
    {
        string rest = Hit ? string.Empty : _held.ToString();
        _held.Clear();
        return rest;
    }

    /// <summary>Length of the longest end of the text that begins a stop string.</summary>
    private int LongestBeginning(string text)
    {
        int longest = 0;
        foreach (string stop in stops)
        {
            for (int length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                {
                    longest = length;
                }
            }
        }

        return longest;
    }
}
