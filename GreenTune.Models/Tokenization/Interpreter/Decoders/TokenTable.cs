namespace GreenTune.Models.Tokenization.Interpreter.Decoders;

/// <summary>
/// The bytes that each token stands for. Decoding is joining them, with what <see cref="TokenDecoder"/> says about the beginning.
/// </summary>
internal sealed class TokenTable
{
    private readonly byte[] _bytes;
    private readonly int[] _starts;
    private readonly bool[] _known;
    private readonly bool[] _special;
    private readonly Dictionary<int, byte[]> _first = [];

    /// <param name="tokens">Every token's text by its id.</param>
    /// <param name="special">Ids of control tokens.</param>
    /// <param name="decoder">How a text becomes bytes.</param>
    public TokenTable(IReadOnlyDictionary<int, string> tokens, IReadOnlySet<int> special, TokenDecoder decoder)
    {
        Strip = decoder.Strip;
        int count = tokens.Count == 0 ? 0 : tokens.Keys.Max() + 1;
        _starts = new int[count + 1];
        _known = new bool[count];
        _special = new bool[count];
        using var bytes = new MemoryStream();
        for (int id = 0; id < count; id++)
        {
            if (tokens.TryGetValue(id, out string? token))
            {
                _known[id] = true;
                _special[id] = special.Contains(id);
                byte[] later = decoder.Bytes(token, first: false);
                bytes.Write(later);
                if (decoder.FirstDiffers && decoder.Bytes(token, first: true) is var first && !first.AsSpan().SequenceEqual(later))
                    _first[id] = first;
            }
            _starts[id + 1] = (int)bytes.Length;
        }
        _bytes = bytes.ToArray();
    }

    /// <summary>Characters to drop at the beginning of the whole text.</summary>
    public (char Character, int Most) Strip { get; }

    /// <summary>Ids are below this.</summary>
    public int Count => _known.Length;

    public bool Knows(int id) => (uint)id < (uint)_known.Length && _known[id];

    public bool IsSpecial(int id) => (uint)id < (uint)_special.Length && _special[id];

    /// <summary>Bytes of a token; none for ids that the tokenizer does not have.</summary>
    public ReadOnlySpan<byte> Bytes(int id, bool first)
    {
        if (!Knows(id))
            return [];
        return first && _first.TryGetValue(id, out byte[]? bytes) ? bytes : _bytes.AsSpan(_starts[id], _starts[id + 1] - _starts[id]);
    }
}
