using System.Buffers;
using System.Text;
using GreenTune.Models.Tokenization.Interpreter.Normalizers;
using GreenTune.Models.Tokenization.Interpreter.Patterns;

namespace GreenTune.Models.Tokenization.Interpreter;

/// <summary>A token whose text is taken out of the input before anything else is done to it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its text.</param>
/// <param name="SingleWord">It is only meant between characters that are no part of a word.</param>
/// <param name="StripsLeft">It takes the white space before it along.</param>
/// <param name="StripsRight">It takes the white space behind it along.</param>
/// <param name="Normalized">It is looked for in the normalised text.</param>
/// <param name="Special">It is a control token: decoding for readers leaves it out.</param>
internal sealed record AddedToken(int Id, string Content, bool SingleWord, bool StripsLeft, bool StripsRight, bool Normalized, bool Special)
{
    /// <remarks>Sample: <c>{"id": 2, "content": "&lt;|im_end|&gt;", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}</c></remarks>
    public static List<AddedToken> ReadAll(JsonField field)
    {
        var tokens = new List<AddedToken>();
        foreach (JsonField token in field.IsNull ? [] : field.Items())
        {
            bool special = token["special"].Flag(false);
            var read = new AddedToken(token["id"].Integer, token["content"].Text, token["single_word"].Flag(false), token["lstrip"].Flag(false), token["rstrip"].Flag(false),
                token["normalized"].Flag(!special), special);
            if (read.Id is < 0 or > Vocabulary.HighestId)
                throw token["id"].Wrong($"is {read.Id}; ids are from 0 to {Vocabulary.HighestId}");
            if (read.Content.Length > 0)
                tokens.Add(read);
        }
        return tokens;
    }
}

/// <summary>Finds added tokens in a text, the leftmost and there the longest first.</summary>
internal sealed class AddedTokenFinder
{
    private static readonly CharacterSet Word = CharacterClasses.Word().Seal();

    private readonly Dictionary<(int Node, char Next), int> _edges = [];
    private readonly List<AddedToken?> _ends = [null];
    private readonly SearchValues<char> _firsts;

    /// <param name="tokens">What to find.</param>
    /// <param name="normalizer">For tokens that are looked for in normalised text: their texts are normalised too.</param>
    public AddedTokenFinder(IReadOnlyCollection<AddedToken> tokens, Normalizer? normalizer = null)
    {
        var firsts = new HashSet<char>();
        foreach (AddedToken token in tokens)
        {
            string text = normalizer is null ? token.Content : normalizer.Apply(token.Content);
            if (text.Length == 0)
                continue;
            firsts.Add(text[0]);
            int node = 0;
            foreach (char c in text)
            {
                if (!_edges.TryGetValue((node, c), out int next))
                {
                    next = _ends.Count;
                    _ends.Add(null);
                    _edges.Add((node, c), next);
                }
                node = next;
            }
            _ends[node] = token;
        }
        _firsts = SearchValues.Create([.. firsts]);
    }

    public bool IsEmpty => _ends.Count == 1;

    /// <summary>The next token at or behind <paramref name="from"/>; null when there is none.</summary>
    public AddedToken? Find(ReadOnlySpan<char> text, int from, out int start, out int end)
    {
        for (start = from; start < text.Length; start++)
        {
            int skipped = text[start..].IndexOfAny(_firsts);
            if (skipped < 0)
                break;
            start += skipped;
            AddedToken? found = null;
            end = start;
            int node = 0;
            for (int i = start; i < text.Length && _edges.TryGetValue((node, text[i]), out node); i++)
            {
                if (_ends[node] is { } token)
                    (found, end) = (token, i + 1);
            }
            if (found is not null)
                return found;
        }
        end = start = text.Length;
        return null;
    }

    /// <summary>Cuts a text into tokens and what lies between them.</summary>
    /// <param name="text">Text to cut.</param>
    /// <param name="literal">Whether a control token at a place is text: nobody means it there.</param>
    public IEnumerable<(AddedToken? Token, int Start, int End)> Cut(string text, Func<int, int, bool>? literal)
    {
        int done = 0;
        int from = 0;
        while (Find(text, from, out int start, out int end) is { } token)
        {
            from = end;
            if (token.Special && literal?.Invoke(start, end) is true)
                continue;
            if (token.SingleWord && (EndsWithWord(text.AsSpan(0, start)) || BeginsWithWord(text.AsSpan(end))))
                continue;
            if (token.StripsLeft)
                start -= TrailingSpace(text.AsSpan(0, start));
            start = Math.Max(start, done);
            if (token.StripsRight)
                end += text.Length - end - text.AsSpan(end).TrimStart().Length;
            if (start > done)
                yield return (null, done, start);
            yield return (token, start, end);
            done = end;
            from = Math.Max(from, end);
        }
        if (done < text.Length)
            yield return (null, done, text.Length);
    }

    private static int TrailingSpace(ReadOnlySpan<char> text) => text.Length - text.TrimEnd().Length;

    private static bool EndsWithWord(ReadOnlySpan<char> text) => Rune.DecodeLastFromUtf16(text, out Rune rune, out _) == OperationStatus.Done && Word.Contains(rune.Value);

    private static bool BeginsWithWord(ReadOnlySpan<char> text) => Rune.DecodeFromUtf16(text, out Rune rune, out _) == OperationStatus.Done && Word.Contains(rune.Value);
}
