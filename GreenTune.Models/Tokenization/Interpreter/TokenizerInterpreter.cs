using System.Text;
using System.Text.Json;
using GreenTune.Models.Tokenization.Interpreter.Decoders;
using GreenTune.Models.Tokenization.Interpreter.Models;
using GreenTune.Models.Tokenization.Interpreter.Normalizers;
using GreenTune.Models.Tokenization.Interpreter.PreTokenizers;

namespace GreenTune.Models.Tokenization.Interpreter;

/// <summary>
/// Does what a tokenizer.json says, as Hugging Face's tokenizers does: added tokens, normalisation, splitting, the model, and the tokens around it.
/// Truncation and padding are left out: transformers sets both anew in every call. Safe for concurrent use.
/// </summary>
internal sealed class TokenizerInterpreter
{
    private readonly AddedTokenFinder _raw;
    private readonly AddedTokenFinder _normalized;
    private readonly Normalizer? _normalizer;
    private readonly PreTokenizer? _preTokenizer;
    private readonly TokenModel _model;
    private readonly SpecialTokenFrame _frame;

    private TokenizerInterpreter(JsonField file)
    {
        AddedTokens = AddedToken.ReadAll(file["added_tokens"]);
        var control = AddedTokens.Where(t => t.Special).Select(t => t.Id).ToHashSet();
        _normalizer = Normalizer.Read(file["normalizer"]);
        _preTokenizer = PreTokenizer.Read(file["pre_tokenizer"]);
        _model = TokenModel.Read(file["model"], control);
        _frame = SpecialTokenFrame.Read(file["post_processor"]);
        _raw = new AddedTokenFinder([.. AddedTokens.Where(t => !t.Normalized)]);
        _normalized = new AddedTokenFinder([.. AddedTokens.Where(t => t.Normalized)], _normalizer);
        ControlTexts = new AddedTokenFinder([.. AddedTokens.Where(t => t.Special)]);
        var tokens = new Dictionary<int, string>();
        foreach ((string token, int id) in _model.Tokens)
            tokens[id] = token;
        foreach (AddedToken token in AddedTokens)
            tokens[token.Id] = token.Content;
        TokenDecoder decoder = TokenDecoder.Read(file["decoder"]);
        Table = new TokenTable(tokens, control, decoder);
        PromisesRoundTrip = decoder.JoinsBytes && _normalizer is null && _preTokenizer?.Keeps is true;
    }

    public IReadOnlyList<AddedToken> AddedTokens { get; }

    /// <summary>Where control tokens' texts are.</summary>
    public AddedTokenFinder ControlTexts { get; }

    public TokenTable Table { get; }

    /// <summary>Id for what the vocabulary cannot write; null when every text can be written or the rest is dropped.</summary>
    public int? UnknownId => _model.UnknownId;

    /// <summary>Every text must come back from its tokens: bytes are the alphabet, and nothing is done to the text before.</summary>
    public bool PromisesRoundTrip { get; }

    /// <param name="json">tokenizer.json.</param>
    /// <exception cref="JsonException">The file is not JSON, or a field is wrong or of a kind that is not known; the message names it.</exception>
    public static TokenizerInterpreter Read(ReadOnlyMemory<byte> json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return new TokenizerInterpreter(new JsonField(document.RootElement, ""));
    }

    /// <param name="text">Any text; halves of surrogate pairs count as U+FFFD.</param>
    /// <param name="withFrame">Put the tokenizer's own special tokens around it.</param>
    /// <param name="literal">Whether a control token's text at a place (start, end) stays text; null: nowhere.</param>
    /// <exception cref="TokenizerException">A regular expression of the tokenizer takes too many steps.</exception>
    public int[] Encode(string text, bool withFrame, Func<int, int, bool>? literal = null)
    {
        text = WithoutHalves(text);
        var ids = new List<int>(text.Length / 3 + 8);
        if (withFrame)
            ids.AddRange(_frame.Before);
        foreach ((AddedToken? token, int start, int end) in _raw.Cut(text, literal))
        {
            if (token is not null)
                ids.Add(token.Id);
            else
                EncodePart(text, start, end, literal, ids);
        }
        if (withFrame)
            ids.AddRange(_frame.Behind);
        return [.. ids];
    }

    private void EncodePart(string text, int start, int end, Func<int, int, bool>? literal, List<int> ids)
    {
        string part = start == 0 && end == text.Length ? text : text[start..end];
        string normal = _normalizer?.Apply(part) ?? part;
        if (_normalized.IsEmpty)
        {
            EncodeText(normal, 0, normal.Length, start == 0, ids);
            return;
        }
        // Places in the normalised text say nothing about the original: with anything kept literal, all control tokens' texts in this part are.
        Func<int, int, bool>? inNormal = literal is not null && literal(start, end) ? static (_, _) => true : null;
        foreach ((AddedToken? token, int from, int to) in _normalized.Cut(normal, inNormal))
        {
            if (token is not null)
                ids.Add(token.Id);
            else
                EncodeText(normal, from, to, start == 0 && from == 0, ids);
        }
    }

    private void EncodeText(string text, int start, int end, bool isFirst, List<int> ids)
    {
        if (end <= start)
            return;
        var whole = new Piece(text, start, end - start, isFirst);
        if (_preTokenizer is null)
        {
            _model.Tokenize(whole.Span, ids);
            return;
        }
        List<Piece> pieces = [whole];
        List<Piece> spare = [];
        _preTokenizer.ApplyAll(ref pieces, ref spare);
        foreach (Piece piece in pieces)
            _model.Tokenize(piece.Span, ids);
    }

    private static string WithoutHalves(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
                i++;
            else
                return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        }
        return text;
    }
}
