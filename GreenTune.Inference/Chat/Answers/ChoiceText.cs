using System.Text;
using GreenTune.Inference.Chat.Requests;
using GreenTune.Inference.Chat.Tools;
using GreenTune.Inference.Engine;
using GreenTune.Models.Tokenization;

namespace GreenTune.Inference.Chat.Answers;

/// <summary>
/// One choice on its way from tokens to what a client sees: characters are completed, stop strings cut off, tool calls taken out. A token's
/// log-probability comes out with the text that it began.
/// </summary>
internal sealed class ChoiceText
{
    private readonly int _choice;
    private readonly IncrementalDetokenizer _text;
    private readonly StopStrings _stops;
    private readonly ToolCallReader? _tools;
    private readonly IReadOnlyDictionary<int, string> _words;
    private readonly StringBuilder _ready = new();
    private readonly List<ToolCall> _calls = [];
    private readonly Queue<ChosenToken> _waiting = [];
    private int _read;
    private int _released;

    /// <param name="choice">Its index in the answer.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="words">From <see cref="HiddenWords"/>.</param>
    public ChoiceText(int choice, TextRequest request, ChatTokenizer tokenizer, IReadOnlyDictionary<int, string> words)
    {
        _choice = choice;
        _text = tokenizer.CreateStream();
        _stops = new StopStrings(request.Stop);
        _tools = request.Tools is { } tools ? new ToolCallReader(tools) : null;
        _words = words;
    }

    /// <summary>Whether the choice calls a tool.</summary>
    public bool CallsTools => _tools is { Count: > 0 };

    /// <summary>Control tokens that belong to the form of tool calls: they are left out of a model's text, and calls cannot be found without them.</summary>
    public static IReadOnlyDictionary<int, string> HiddenWords(TextRequest request, ChatTokenizer tokenizer)
    {
        if (request.Tools is null)
        {
            return new Dictionary<int, string>();
        }

        return ToolCallForms.Words
            .Select(word => (Word: word, Tokens: tokenizer.Encode(word)))
            .Where(each => each.Tokens.Length == 1 && tokenizer.Decode(each.Tokens).Length == 0)
            .ToDictionary(each => each.Tokens[0], each => each.Word);
    }

    public void Add(GeneratedToken token)
    {
        int start = _read;
        string text = _text.Append(token.Id);
        if (_words.TryGetValue(token.Id, out string? word))
        {
            text += word;
        }

        _read += text.Length;
        if (token.LogProbability is { } likely)
        {
            _waiting.Enqueue(new ChosenToken(token.Id, likely, start));
        }

        Release(_stops.Add(text));
    }

    /// <summary>No more tokens come.</summary>
    public void End()
    {
        string last = _text.Flush();
        _read += last.Length;
        Release(_stops.Add(last));
        Release(_stops.Rest());
        if (_tools is not null)
        {
            _ready.Append(_tools.End(_calls));
        }
    }

    /// <summary>What has become ready since it was taken last; null when nothing has.</summary>
    /// <param name="ended">Whether <see cref="End"/> was called: then nothing is waited for any more.</param>
    public AnswerPiece? Take(bool ended)
    {
        List<ChosenToken> tokens = Tokens(ended);
        if (_ready.Length == 0 && _calls.Count == 0 && tokens.Count == 0)
        {
            return null;
        }

        var piece = new AnswerPiece(_choice, _ready.ToString(), _calls.Count == 0 ? [] : _calls.ToArray(), tokens);
        _ready.Clear();
        _calls.Clear();
        return piece;
    }

    private void Release(string text)
    {
        if (text.Length > 0)
        {
            _released += text.Length;
            _ready.Append(_tools is null ? text : _tools.Add(text, _calls));
        }
    }

    /// <summary>Tokens whose text has begun to come out. Those that a stop string cut off never do.</summary>
    private List<ChosenToken> Tokens(bool ended)
    {
        if (_waiting.Count == 0)
        {
            return [];
        }

        var tokens = new List<ChosenToken>();
        while (_waiting.TryPeek(out ChosenToken token) && (token.Start < _released || (ended && !_stops.Hit)))
        {
            tokens.Add(_waiting.Dequeue());
        }

        return tokens;
    }
}
