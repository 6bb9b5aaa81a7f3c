using System.Collections.Concurrent;

namespace GreenTune.Models.Tokenization.Interpreter.Models;

/// <summary>Ids of words seen before. Bounded: long words are not kept, and a full cache begins anew. Safe for concurrent use.</summary>
internal sealed class WordCache
{
    public const int LongestWord = 48;
    private const int MostWords = 1 << 14;

    private readonly ConcurrentDictionary<string, int[]> _words = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private int _count;

    public WordCache() => _lookup = _words.GetAlternateLookup<ReadOnlySpan<char>>();

    public int[]? Find(ReadOnlySpan<char> word) => word.Length <= LongestWord && _lookup.TryGetValue(word, out int[]? ids) ? ids : null;

    public void Keep(ReadOnlySpan<char> word, ReadOnlySpan<int> ids)
    {
        if (word.Length > LongestWord)
            return;
        if (Interlocked.Increment(ref _count) > MostWords)
        {
            _words.Clear();
            Interlocked.Exchange(ref _count, 1);
        }
        _lookup[word] = ids.ToArray();
    }
}
