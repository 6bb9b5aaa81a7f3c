using System.Globalization;
using System.Text;
using GreenTune.Models.Tokenization.Interpreter.Normalizers;
using GreenTune.Models.Tokenization.Interpreter.PreTokenizers;

namespace GreenTune.Models.Tokenization.Interpreter.Decoders;

/// <summary>
/// How tokens' texts become the text's bytes: "decoder" of tokenizer.json. Only decoders whose work on a token does not depend on later ones are taken,
/// so that an answer can be read while it comes.
/// </summary>
internal sealed class TokenDecoder
{
    private readonly List<Func<string, bool, string>> _steps = [];
    private bool _byteFallback;
    private bool _byteLevel;
    private bool _joined;

    /// <summary>Characters to drop at the beginning of the whole text.</summary>
    public (char Character, int Most) Strip { get; private set; }

    /// <summary>The first token is written otherwise than later ones.</summary>
    public bool FirstDiffers { get; private set; }

    /// <summary>Tokens are bytes in GPT-2's alphabet, joined as they are.</summary>
    public bool JoinsBytes => _byteLevel && _steps.Count == 0;

    /// <summary>A token's bytes.</summary>
    public byte[] Bytes(string token, bool first)
    {
        foreach (Func<string, bool, string> step in _steps)
            token = step(token, first);
        if (_byteLevel)
            return ByteAlphabet.Decode(token);
        return _byteFallback && Byte(token) is { } single ? [single] : Encoding.UTF8.GetBytes(token);
    }

    /// <remarks>
    /// Samples: <c>{"type": "ByteLevel"}</c>, <c>{"type": "Sequence", "decoders": [{"type": "Replace", ...}, {"type": "ByteFallback"}, {"type": "Fuse"},
    /// {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}</c>, <c>{"type": "Metaspace", "prepend_scheme": "always"}</c>.
    /// </remarks>
    /// <exception cref="System.Text.Json.JsonException">The kind is not known, or a field is wrong.</exception>
    public static TokenDecoder Read(JsonField field)
    {
        var decoder = new TokenDecoder();
        if (field.IsNull)
        {
            // Without a decoder tokens are words.
            decoder.FirstDiffers = true;
            decoder._steps.Add((token, first) => first ? token : " " + token);
        }
        else
        {
            decoder.Add(field);
        }
        return decoder;
    }

    private void Add(JsonField field)
    {
        string type = field.Type;
        if (_joined && type is not ("Strip" or "Fuse" or "Sequence"))
            throw field["type"].Wrong($"is {type} behind a decoder that joins the tokens; only Strip is known there");
        switch (type)
        {
            case "Sequence":
                foreach (JsonField part in field["decoders"].Items())
                    Add(part);
                break;
            case "ByteLevel":
                _byteLevel = _joined = true;
                break;
            case "ByteFallback":
                _byteFallback = true;
                break;
            case "Fuse":
                _joined = true;
                break;
            case "Replace":
                var replace = new ReplaceNormalizer(PatternField.Read(field["pattern"]), field["content"].Text);
                _steps.Add((token, _) => replace.Apply(token));
                break;
            case "Metaspace":
                AddMetaspace(field);
                break;
            case "WordPiece":
                AddWordPiece(field);
                break;
            case "Strip":
                AddStrip(field);
                break;
            default:
                throw field["type"].Wrong($"is {type}; known are Sequence, ByteLevel, ByteFallback, Fuse, Replace, Metaspace, WordPiece and Strip");
        }
    }

    private void AddMetaspace(JsonField field)
    {
        string mark = field["replacement"].TextOrNull ?? "\u2581";
        bool drops = MetaspacePreTokenizer.ReadPrefix(field) != MetaspacePrefix.Never;
        FirstDiffers |= drops;
        _steps.Add((token, first) => token.Replace(mark, first && drops ? "" : " ", StringComparison.Ordinal));
    }

    private void AddWordPiece(JsonField field)
    {
        string prefix = field["prefix"].TextOrNull ?? "##";
        bool cleanUp = field["cleanup"].Flag(true);
        FirstDiffers = true;
        _steps.Add((token, first) =>
        {
            if (!first)
                token = token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
            return cleanUp ? CleanUp(token) : token;
        });
    }

    private void AddStrip(JsonField field)
    {
        string content = field["content"].Text;
        int start = field["start"].IsNull ? 0 : field["start"].Integer;
        int stop = field["stop"].IsNull ? 0 : field["stop"].Integer;
        if (content.Length != 1)
            throw field["content"].Wrong("must be one character");
        if (_joined && stop == 0)
        {
            if (Strip.Most > 0)
                throw field.Wrong("is a second one behind a decoder that joins the tokens");
            Strip = (content[0], Math.Max(0, start));
        }
        else if (_joined)
        {
            throw field["stop"].Wrong($"is {stop}; only 0 is known where tokens are joined, since an answer is read while it comes");
        }
        else
        {
            _steps.Add((token, _) => StripToken(token, content[0], start, stop));
        }
    }

    private static string StripToken(string token, char content, int start, int stop)
    {
        int from = 0;
        while (from < start && from < token.Length && token[from] == content)
            from++;
        int to = token.Length;
        while (to > from && token.Length - to < stop && token[to - 1] == content)
            to--;
        return token[from..to];
    }

    /// <summary>The spaces that English writes differently, as BERT's decoder takes them out.</summary>
    private static string CleanUp(string token) => new StringBuilder(token).Replace(" .", ".").Replace(" ?", "?").Replace(" !", "!").Replace(" ,", ",").Replace(" ' ", "'")
        .Replace(" n't", "n't").Replace(" 'm", "'m").Replace(" do not", " don't").Replace(" 's", "'s").Replace(" 've", "'ve").Replace(" 're", "'re").ToString();

    /// <summary>"&lt;0xE2&gt;" is a byte.</summary>
    private static byte? Byte(string token) => token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
        && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value) ? value : null;
}
