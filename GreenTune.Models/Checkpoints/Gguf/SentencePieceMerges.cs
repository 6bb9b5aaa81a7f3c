namespace GreenTune.Models.Checkpoints.Gguf;

/// <summary>
/// The merges of a SentencePiece BPE vocabulary, which stores scores and no merges. As Hugging Face's converter does it (transformers,
/// convert_slow_tokenizer.py, <c>generate_merges</c>): every way to make a piece of two others is a merge; higher scores come first, of one score the
/// longer left part, then the longer right part, then the order of pieces and of the parts' ids.
/// </summary>
internal static class SentencePieceMerges
{
    /// <param name="pieces">Pieces that merging makes, with score and id: no control tokens, single bytes or tokens of a user.</param>
    /// <returns>Pairs in the order in which they are tried.</returns>
    public static IReadOnlyList<(string Left, string Right)> Derive(IReadOnlyList<(string Text, float Score, int Id)> pieces)
    {
        var ids = new Dictionary<string, int>(pieces.Count, StringComparer.Ordinal);
        foreach ((string text, _, int id) in pieces)
            ids[text] = id;
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        var merges = new List<Merge>(pieces.Count * 2);
        var ofPiece = new List<Merge>();
        foreach ((string text, float score, _) in pieces)
        {
            ofPiece.Clear();
            int length = CodePoints(text);
            int left = 0;
            for (int i = 0; i < text.Length;)
            {
                i += char.IsSurrogatePair(text, i) ? 2 : 1;
                left++;
                if (i < text.Length && lookup.TryGetValue(text.AsSpan(0, i), out int leftId) && lookup.TryGetValue(text.AsSpan(i), out int rightId))
                    ofPiece.Add(new Merge(text, i, score, left, length - left, leftId, rightId));
            }
            merges.AddRange(ofPiece.OrderBy(m => m.LeftId).ThenBy(m => m.RightId));
        }
        // LINQ's sort is stable, as Python's is.
        return
        [
            .. merges.OrderByDescending(m => m.Score).ThenByDescending(m => m.LeftLength).ThenByDescending(m => m.RightLength)
                .Select(m => (m.Text[..m.Cut], m.Text[m.Cut..])),
        ];
    }

    private static int CodePoints(string text)
    {
        int count = 0;
        for (int i = 0; i < text.Length; count++)
            i += char.IsSurrogatePair(text, i) ? 2 : 1;
        return count;
    }

    private sealed record Merge(string Text, int Cut, float Score, int LeftLength, int RightLength, int LeftId, int RightId);
}
