using System.Text;

namespace GreenTune.Inference.Chat.Tools;

/// <summary>
/// Finds the tool calls in an answer that arrives in pieces, in the forms that published models are trained on. Text that is or may become a call is held
/// back; what turns out to be none comes out as the text that it is. A call counts only if it names a tool that was offered.
/// </summary>
/// <remarks>
/// <code>
/// Hermes, Qwen   I look it up. &lt;tool_call&gt;{"name": "get", "arguments": {"city": "Bern"}}&lt;/tool_call&gt;
/// Mistral        [TOOL_CALLS] [{"name": "get", "arguments": {"city": "Bern"}, "id": "a1b2c3d4e"}]
/// Mistral, newer [TOOL_CALLS]get[ARGS]{"city": "Bern"}
/// Llama 3        {"name": "get", "parameters": {"city": "Bern"}}; {"name": "get", "parameters": {"city": "Basel"}}
/// Llama 3        &lt;|python_tag|&gt;{"name": "get", "parameters": {"city": "Bern"}}
/// </code>
/// </remarks>
internal sealed class ToolCallReader(ToolSet tools)
{
    public const string Open = "<tool_call>";
    public const string Close = "</tool_call>";

    private readonly StringBuilder _held = new();
    private State _state = State.Begin;

    private enum State
    {
        /// <summary>Nothing but white space yet: an object here is a call in Llama's form.</summary>
        Begin,

        /// <summary>Text, in which a mark may come.</summary>
        Text,

        /// <summary>Between the marks of Hermes.</summary>
        Call,

        /// <summary>Behind a call: white space up to the next one is no text.</summary>
        Between,

        /// <summary>A form without a closing mark: it ends with the answer.</summary>
        ToEnd,
    }

    /// <summary>Calls so far.</summary>
    public int Count { get; private set; }

    /// <summary>Text that is no call.</summary>
    /// <param name="piece">The answer's next characters.</param>
    /// <param name="calls">Gets the calls that the piece completes.</param>
    public string Add(string piece, List<ToolCall> calls)
    {
        _held.Append(piece);
        StringBuilder? text = null;
        while (Step(calls) is { } part)
        {
            (text ??= new StringBuilder()).Append(part);
        }

        return text?.ToString() ?? string.Empty;
    }

    /// <summary>The rest, when the answer has ended.</summary>
    public string End(List<ToolCall> calls)
    {
        string rest = Take(_held.Length);
        switch (_state)
        {
            case State.Call:
                // Some models end their turn in place of the closing mark.
                return Found(ToolCallForms.Marked(rest[Inside(rest)..], tools), calls) ? string.Empty : rest;
            case State.ToEnd:
                return Found(ToolCallForms.ToEnd(rest, tools), calls) ? string.Empty : rest;
            case State.Between when string.IsNullOrWhiteSpace(rest):
                return string.Empty;
            default:
                return rest;
        }
    }

    /// <summary>One decision about what is held: text that is free to go, which may be empty; null when more has to come.</summary>
    private string? Step(List<ToolCall> calls)
    {
        if (_held.Length == 0)
        {
            return null;
        }

        string held = _held.ToString();
        return _state switch
        {
            State.Begin or State.Between => AtBorder(held),
            State.Text => InText(held),
            State.Call => InCall(held, calls),
            _ => null,
        };
    }

    private string? AtBorder(string held)
    {
        string begun = held.TrimStart();
        if (begun.Length == 0)
        {
            return null;
        }

        if (_state == State.Begin && begun[0] == '{')
        {
            _state = State.ToEnd;
            return string.Empty;
        }

        foreach (string mark in ToolCallForms.Marks)
        {
            if (begun.StartsWith(mark, StringComparison.Ordinal))
            {
                // White space before a call goes with it: it is text only where the call turns out to be.
                _state = mark == Open ? State.Call : State.ToEnd;
                return string.Empty;
            }

            if (mark.StartsWith(begun, StringComparison.Ordinal))
            {
                return null;
            }
        }

        _state = State.Text;
        return string.Empty;
    }

    private string? InText(string held)
    {
        int first = -1;
        int kept = 0;
        foreach (string mark in ToolCallForms.Marks)
        {
            int at = held.IndexOf(mark, StringComparison.Ordinal);
            if (at >= 0 && (first < 0 || at < first))
            {
                first = at;
                _state = mark == Open ? State.Call : State.ToEnd;
            }

            kept = Math.Max(kept, BegunMark(held, mark));
        }

        if (first >= 0)
        {
            return Take(first);
        }

        return kept == held.Length ? null : Take(held.Length - kept);
    }

    private string? InCall(string held, List<ToolCall> calls)
    {
        int end = held.IndexOf(Close, Inside(held), StringComparison.Ordinal);
        if (end < 0)
        {
            return null;
        }

        string call = Take(end + Close.Length);
        if (Found(ToolCallForms.Marked(held[Inside(held)..end], tools), calls))
        {
            _state = State.Between;
            return string.Empty;
        }

        _state = State.Text;
        return call;
    }

    private bool Found(IReadOnlyList<ToolCall> found, List<ToolCall> calls)
    {
        calls.AddRange(found);
        Count += found.Count;
        return found.Count > 0;
    }

    private string Take(int length)
    {
        string taken = _held.ToString(0, length);
        _held.Remove(0, length);
        return taken;
    }

    /// <summary>Where the text behind the opening mark begins.</summary>
    private static int Inside(string held) => held.IndexOf(Open, StringComparison.Ordinal) + Open.Length;

    /// <summary>Length of the text's end that begins a mark.</summary>
    private static int BegunMark(string text, string mark)
    {
        for (int length = Math.Min(mark.Length - 1, text.Length); length > 0; length--)
        {
            if (text.AsSpan(text.Length - length).SequenceEqual(mark.AsSpan(0, length)))
            {
                return length;
            }
        }

        return 0;
    }
}
