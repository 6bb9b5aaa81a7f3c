using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace GreenTune.Models.Tokenization;

/// <summary>
/// The bytes that each token stands for, read from tokenizer.json. Decoding is joining them: the native library's decoder gives one U+FFFD for a
/// whole text in which a single byte is broken, and for a text of control tokens alone.
/// </summary>
internal sealed class TokenTable
{
    private readonly byte[] _bytes;
    private readonly int[] _starts;

    private TokenTable(IReadOnlyList<byte[]?> tokens, bool dropsFirstSpace)
    {
        DropsFirstSpace = dropsFirstSpace;
        _bytes = new byte[tokens.Sum(t => t?.Length ?? 0)];
        _starts = new int[tokens.Count + 1];
        for (int i = 0; i < tokens.Count; i++)
        {
            byte[] token = tokens[i] ?? [];
            token.CopyTo(_bytes, _starts[i]);
            _starts[i + 1] = _starts[i] + token.Length;
        }
    }

    /// <summary>A space before the first word is no part of the text.</summary>
    public bool DropsFirstSpace { get; }

    /// <summary>Bytes of a token; none for control tokens and for ids that the tokenizer does not have.</summary>
    public ReadOnlySpan<byte> Bytes(int id) => (uint)id < (uint)(_starts.Length - 1) ? _bytes.AsSpan(_starts[id], _starts[id + 1] - _starts[id]) : [];

    /// <exception cref="JsonException">The file has no vocabulary, or a decoder that is not known.</exception>
    public static TokenTable Read(JsonObject tokenizer)
    {
        Form form = ReadForm(tokenizer["decoder"], out bool dropsFirstSpace);
        var tokens = new List<byte[]?>();
        foreach ((string token, int id) in Vocabulary(tokenizer["model"]?["vocab"]))
            Put(id, form == Form.ByteLevel ? ByteLevel(token) : SentencePiece(token));
        foreach (JsonNode? added in tokenizer["added_tokens"] as JsonArray ?? [])
        {
            if (added?["id"]?.GetValue<int>() is { } id)
                Put(id, added["special"]?.GetValue<bool>() is true ? [] : Encoding.UTF8.GetBytes(added["content"]?.GetValue<string>() ?? ""));
        }
        return new TokenTable(tokens, dropsFirstSpace);

        void Put(int id, byte[] bytes)
        {
            if (id is < 0 or > 1 << 24)
                throw new JsonException($"the vocabulary has the id {id}");
            while (tokens.Count <= id)
                tokens.Add(null);
            tokens[id] = bytes;
        }
    }

    private enum Form
    {
        ByteLevel,
        SentencePiece,
    }

    /// <remarks>
    /// Samples: <c>{"type": "ByteLevel"}</c>, <c>{"type": "Sequence", "decoders": [{"type": "Replace", ...}, {"type": "ByteFallback"}, {"type": "Fuse"},
    /// {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}</c>, <c>{"type": "Metaspace", "prepend_scheme": "always"}</c>.
    /// </remarks>
    private static Form ReadForm(JsonNode? decoder, out bool dropsFirstSpace)
    {
        JsonNode?[] parts = decoder?["decoders"] is JsonArray list ? [.. list] : [decoder];
        string[] types = [.. parts.Select(p => p?["type"]?.GetValue<string>() ?? "none")];
        dropsFirstSpace = parts.Any(p => p?["type"]?.GetValue<string>() switch
        {
            "Strip" => p["start"]?.GetValue<int>() > 0,
            "Metaspace" => p["prepend_scheme"]?.GetValue<string>() is not "never" && p["add_prefix_space"]?.GetValue<bool>() is not false,
            _ => false,
        });
        string? unknown = types.FirstOrDefault(t => t is not ("ByteLevel" or "Replace" or "ByteFallback" or "Fuse" or "Strip" or "Metaspace"));
        if (unknown is not null)
            throw new JsonException($"the decoder is {unknown}; ByteLevel, Metaspace and SentencePiece's sequence are known");
        return types.Contains("ByteLevel") ? Form.ByteLevel : Form.SentencePiece;
    }

    /// <summary>BPE has an object of token to id, Unigram a list of [token, score] in the order of ids.</summary>
    private static IEnumerable<(string Token, int Id)> Vocabulary(JsonNode? vocabulary) => vocabulary switch
    {
        JsonObject map => map.Select(e => (e.Key, e.Value!.GetValue<int>())),
        JsonArray list => list.Select((e, i) => (e![0]!.GetValue<string>(), i)),
        _ => throw new JsonException("there is no model.vocab"),
    };

    /// <summary>
    /// GPT-2's writing of bytes as characters: printable Latin-1 stands for itself, every other byte for the next character from U+0100 on.
    /// </summary>
    private static byte[] ByteLevel(string token)
    {
        var bytes = new byte[token.Length];
        for (int i = 0; i < token.Length; i++)
        {
            if (!Characters.Value.TryGetValue(token[i], out bytes[i]))
                return Encoding.UTF8.GetBytes(token);
        }
        return bytes;
    }

    private static readonly Lazy<Dictionary<char, byte>> Characters = new(() =>
    {
        var characters = new Dictionary<char, byte>(256);
        int next = 256;
        for (int b = 0; b < 256; b++)
        {
            bool printable = b is >= '!' and <= '~' or >= 0xa1 and <= 0xac or >= 0xae;
            characters.Add((char)(printable ? b : next++), (byte)b);
        }
        return characters;
    });

    /// <summary>"▁" stands for a space, "&lt;0xE2&gt;" for a byte.</summary>
    private static byte[] SentencePiece(string token) =>
        token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>' && byte.TryParse(token.AsSpan(3, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out byte single)
            ? [single]
            : Encoding.UTF8.GetBytes(token.Replace('\u2581', ' '));
}
