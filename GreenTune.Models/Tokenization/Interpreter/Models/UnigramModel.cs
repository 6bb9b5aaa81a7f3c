using System.Globalization;
using System.Text;

namespace GreenTune.Models.Tokenization.Interpreter.Models;

/// <summary>SentencePiece's unigram model: the tokens whose scores add up to most (Viterbi).</summary>
internal sealed class UnigramModel : TokenModel
{
    /// <summary>How much worse than the worst token an unknown character is, as in SentencePiece.</summary>
    private const double UnknownPenalty = 10;

    private readonly Vocabulary _vocabulary;
    private readonly double[] _scores;
    private readonly Dictionary<(int Node, char Next), int> _edges = [];
    private readonly List<int> _ends = [-1];
    private readonly int[]? _bytes;
    private readonly double _unknownScore;

    private UnigramModel(JsonField field, Dictionary<string, int> tokens, double[] scores, IReadOnlySet<int> control)
    {
        _vocabulary = Vocabulary.Of(tokens);
        _scores = scores;
        _unknownScore = scores.Min() - UnknownPenalty;
        UnknownId = field["unk_id"].IsNull ? null : field["unk_id"].Integer is var id && id >= 0 && id < scores.Length ? id : throw field["unk_id"].Wrong("is not an id of the vocabulary");
        if (field["byte_fallback"].Flag(false))
            _bytes = [.. Enumerable.Range(0, 256).Select(b => tokens.GetValueOrDefault($"<0x{b.ToString("X2", CultureInfo.InvariantCulture)}>", -1))];
        foreach ((string token, int tokenId) in tokens)
        {
            if (token.Length > 0 && tokenId != UnknownId && !control.Contains(tokenId))
                Insert(token, tokenId);
        }
    }

    public override IReadOnlyDictionary<string, int> Tokens => _vocabulary.Ids;

    public override int? UnknownId { get; }

    public static new UnigramModel Read(JsonField field, IReadOnlySet<int> control)
    {
        var tokens = new Dictionary<string, int>(StringComparer.Ordinal);
        var scores = new List<double>();
        foreach (JsonField entry in field["vocab"].Items())
        {
            JsonField[] parts = [.. entry.Items()];
            if (parts.Length != 2)
                throw entry.Wrong("is not a token with its score");
            tokens[parts[0].Text] = scores.Count;
            scores.Add(parts[1].Number);
        }
        return scores.Count > 0 ? new UnigramModel(field, tokens, [.. scores], control) : throw field["vocab"].Wrong("is empty");
    }

    public override void Tokenize(ReadOnlySpan<char> piece, List<int> ids)
    {
        // Best[i]: the best way to write everything before i, by its score, where its last token begins, and that token (-1: unknown).
        var best = new (double Score, int From, int Id)[piece.Length + 1];
        Array.Fill(best, (double.NegativeInfinity, -1, -1));
        best[0] = (0, -1, -1);
        for (int start = 0; start < piece.Length;)
        {
            Rune.DecodeFromUtf16(piece[start..], out _, out int width);
            bool single = false;
            int node = 0;
            for (int i = start; i < piece.Length && _edges.TryGetValue((node, piece[i]), out node); i++)
            {
                if (_ends[node] is not (>= 0 and var id))
                    continue;
                single |= i + 1 - start == width;
                Offer(i + 1, best[start].Score + _scores[id], start, id);
            }
            if (!single)
                Offer(start + width, best[start].Score + _unknownScore, start, -1);
            start += width;
        }
        var path = new List<(int From, int To, int Id)>();
        for (int end = piece.Length; end > 0; end = best[end].From)
        {
            // Unknown characters in a row are one.
            if (best[end].Id < 0 && path.Count > 0 && path[^1].Id < 0)
                path[^1] = (best[end].From, path[^1].To, -1);
            else
                path.Add((best[end].From, end, best[end].Id));
        }
        for (int i = path.Count - 1; i >= 0; i--)
        {
            if (path[i].Id >= 0)
                ids.Add(path[i].Id);
            else
                AddUnknown(piece[path[i].From..path[i].To], ids);
        }

        void Offer(int end, double score, int from, int id)
        {
            if (best[end].From < 0 || score > best[end].Score)
                best[end] = (score, from, id);
        }
    }

    private void AddUnknown(ReadOnlySpan<char> text, List<int> ids)
    {
        if (_bytes is not null)
        {
            var utf8 = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
            int count = Encoding.UTF8.GetBytes(text, utf8);
            bool all = true;
            foreach (byte b in utf8.AsSpan(0, count))
                all &= _bytes[b] >= 0;
            if (all)
            {
                foreach (byte b in utf8.AsSpan(0, count))
                    ids.Add(_bytes[b]);
                return;
            }
        }
        if (UnknownId is { } id)
            ids.Add(id);
    }

    private void Insert(string token, int id)
    {
        int node = 0;
        foreach (char c in token)
        {
            if (!_edges.TryGetValue((node, c), out int next))
            {
                next = _ends.Count;
                _ends.Add(-1);
                _edges.Add((node, c), next);
            }
            node = next;
        }
        _ends[node] = id;
    }
}
