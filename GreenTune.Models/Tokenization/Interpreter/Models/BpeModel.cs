using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace GreenTune.Models.Tokenization.Interpreter.Models;

/// <summary>Byte pair encoding, with byte fallback, fused unknowns, prefixes and suffixes as tokenizer.json says.</summary>
internal sealed class BpeModel : TokenModel
{
    private const char SpaceMark = '\u2581';

    private readonly Vocabulary _vocabulary;
    private readonly MergeTable _merges;
    private readonly WordCache _cache = new();
    private readonly IReadOnlySet<int> _control;
    private readonly int[]? _bytes;
    private readonly int[] _single = new int[0x800];
    private readonly string _prefix;
    private readonly string _suffix;
    private readonly bool _fuseUnknown;
    private readonly bool _ignoreMerges;
    private readonly bool _cutsBeforeMark;

    private BpeModel(JsonField field, Vocabulary vocabulary, IReadOnlySet<int> control)
    {
        _vocabulary = vocabulary;
        _control = control;
        _prefix = field["continuing_subword_prefix"].TextOrNull ?? "";
        _suffix = field["end_of_word_suffix"].TextOrNull ?? "";
        _fuseUnknown = field["fuse_unk"].Flag(false);
        _ignoreMerges = field["ignore_merges"].Flag(false);
        UnknownId = vocabulary.IdOf(field["unk_token"]);
        if (field["byte_fallback"].Flag(false))
            _bytes = [.. Enumerable.Range(0, 256).Select(b => vocabulary.TryGetId($"<0x{b.ToString("X2", CultureInfo.InvariantCulture)}>", out int id) ? id : -1)];
        for (int c = 0; c < _single.Length; c++)
            _single[c] = vocabulary.TryGetId([(char)c], out int id) ? id : -1;
        (_merges, bool marksLead) = ReadMerges(field["merges"]);
        _cutsBeforeMark = marksLead && !_ignoreMerges && _prefix.Length == 0 && _suffix.Length == 0 && vocabulary.TryGetId([SpaceMark], out _);
    }

    public override IReadOnlyDictionary<string, int> Tokens => _vocabulary.Ids;

    public override int? UnknownId { get; }

    public static new BpeModel Read(JsonField field, IReadOnlySet<int> control)
    {
        if (!field["dropout"].IsNull && field["dropout"].Number != 0)
            throw field["dropout"].Wrong("is not 0: ids would be random");
        return new BpeModel(field, Vocabulary.Read(field["vocab"]), control);
    }

    public override void Tokenize(ReadOnlySpan<char> piece, List<int> ids)
    {
        if (!_cutsBeforeMark)
        {
            Word(piece, ids);
            return;
        }
        // No merge joins "▁" to something before it, so that words can be done, and kept, one by one.
        int start = 0;
        for (int i = 1; i < piece.Length; i++)
        {
            if (piece[i] == SpaceMark && piece[i - 1] != SpaceMark)
            {
                Word(piece[start..i], ids);
                start = i;
            }
        }
        Word(piece[start..], ids);
    }

    private void Word(ReadOnlySpan<char> word, List<int> ids)
    {
        if (word.IsEmpty)
            return;
        if (_cache.Find(word) is { } known)
        {
            ids.AddRange(known.AsSpan());
            return;
        }
        int start = ids.Count;
        if (_ignoreMerges && _vocabulary.TryGetId(word, out int whole) && !_control.Contains(whole))
        {
            ids.Add(whole);
        }
        else
        {
            // A character is three bytes at most for each of its UTF-16 units, and one symbol for each byte.
            int[] symbols = ArrayPool<int>.Shared.Rent(checked(word.Length * 3 + 1));
            try
            {
                WordMerger.Merge(_merges, symbols.AsSpan(0, Symbols(word, symbols)), ids);
            }
            finally
            {
                ArrayPool<int>.Shared.Return(symbols);
            }
        }
        _cache.Keep(word, CollectionsMarshal.AsSpan(ids)[start..]);
    }

    /// <summary>The word's characters as ids, bytes or unknowns.</summary>
    private int Symbols(ReadOnlySpan<char> word, int[] symbols)
    {
        int count = 0;
        bool unknown = false;
        Span<byte> bytes = stackalloc byte[4];
        for (int i = 0; i < word.Length;)
        {
            Rune.DecodeFromUtf16(word[i..], out Rune rune, out int used);
            bool found = _prefix.Length == 0 && _suffix.Length == 0
                ? TryGetCharacter(word.Slice(i, used), out int id)
                : _vocabulary.TryGetId($"{(i > 0 ? _prefix : "")}{word.Slice(i, used)}{(i + used == word.Length ? _suffix : "")}", out id);
            i += used;
            if (found)
            {
                Flush();
                symbols[count++] = id;
                continue;
            }
            if (_bytes is not null)
            {
                Span<byte> utf8 = bytes[..rune.EncodeToUtf8(bytes)];
                if (HaveAll(utf8))
                {
                    Flush();
                    foreach (byte b in utf8)
                        symbols[count++] = _bytes[b];
                    continue;
                }
            }
            if (UnknownId is null)
                continue;
            if (unknown && !_fuseUnknown)
                Flush();
            unknown = true;
        }
        Flush();
        return count;

        void Flush()
        {
            if (unknown)
                symbols[count++] = UnknownId!.Value;
            unknown = false;
        }
    }

    private bool TryGetCharacter(ReadOnlySpan<char> character, out int id)
    {
        if (character.Length == 1 && character[0] < _single.Length)
        {
            id = _single[character[0]];
            return id >= 0;
        }
        return _vocabulary.TryGetId(character, out id);
    }

    private bool HaveAll(ReadOnlySpan<byte> utf8)
    {
        foreach (byte b in utf8)
        {
            if (_bytes![b] < 0)
                return false;
        }
        return true;
    }

    /// <remarks>Newer files write a merge as ["a", "b"], older ones as "a b".</remarks>
    private (MergeTable Merges, bool MarksLead) ReadMerges(JsonField field)
    {
        if (field.IsNull)
            throw field.Wrong("is missing");
        var merges = new MergeTable(field.Value.ValueKind == JsonValueKind.Array ? field.Value.GetArrayLength() : 0);
        bool marksLead = true;
        int rank = 0;
        foreach (JsonField merge in field.Items())
        {
            (string left, string right) = Pair(merge);
            string joined = left + (right.StartsWith(_prefix, StringComparison.Ordinal) ? right[_prefix.Length..] : right);
            int leftId = Id(merge, left);
            int rightId = Id(merge, right);
            int id = Id(merge, joined);
            // Only the text of a control token could be joined to one: it stays text.
            if (!_control.Contains(id))
            {
                merges.Add(leftId, rightId, rank, id);
                marksLead &= !HasMarkBehindText(joined);
            }
            rank++;
        }
        return (merges, marksLead);
    }

    private static (string Left, string Right) Pair(JsonField merge)
    {
        string[] parts = merge.Value.ValueKind == JsonValueKind.Array ? [.. merge.Items().Select(p => p.Text)] : merge.Text.Split(' ');
        return parts.Length == 2 ? (parts[0], parts[1]) : throw merge.Wrong("is not a pair of tokens");
    }

    private int Id(JsonField merge, string token) => _vocabulary.TryGetId(token, out int id) ? id : throw merge.Wrong($"needs the token {token}, which the vocabulary does not have");

    private static bool HasMarkBehindText(string token)
    {
        for (int i = 1; i < token.Length; i++)
        {
            if (token[i] == SpaceMark && token[i - 1] != SpaceMark)
                return true;
        }
        return false;
    }
}
