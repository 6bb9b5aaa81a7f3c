namespace GreenTune.Models.Tokenization.Interpreter.Models;

/// <summary>WordPiece: the longest token that begins the rest of the word, again and again.</summary>
internal sealed class WordPieceModel : TokenModel
{
    private readonly Vocabulary _vocabulary;
    private readonly string _prefix;
    private readonly int _longestWord;
    private readonly int _longestToken;
    private readonly int _unknown;

    private WordPieceModel(JsonField field, Vocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        _prefix = field["continuing_subword_prefix"].TextOrNull ?? "##";
        _longestWord = field["max_input_chars_per_word"].IsNull ? 100 : field["max_input_chars_per_word"].Integer;
        _unknown = vocabulary.IdOf(field["unk_token"]) ?? throw field["unk_token"].Wrong("is missing");
        _longestToken = vocabulary.Ids.Keys.Max(t => t.Length);
    }

    public override IReadOnlyDictionary<string, int> Tokens => _vocabulary.Ids;

    public override int? UnknownId => _unknown;

    public static WordPieceModel Read(JsonField field) => new(field, Vocabulary.Read(field["vocab"]));

    public override void Tokenize(ReadOnlySpan<char> piece, List<int> ids)
    {
        int characters = 0;
        foreach (System.Text.Rune _ in piece.EnumerateRunes())
            characters++;
        if (characters > _longestWord)
        {
            ids.Add(_unknown);
            return;
        }
        int first = ids.Count;
        for (int start = 0; start < piece.Length;)
        {
            int end = Math.Min(piece.Length, start + _longestToken);
            int id = 0;
            while (end > start && !_vocabulary.TryGetId(start == 0 ? piece[..end] : $"{_prefix}{piece[start..end]}", out id))
                end--;
            if (end == start)
            {
                ids.RemoveRange(first, ids.Count - first);
                ids.Add(_unknown);
                return;
            }
            ids.Add(id);
            start = end;
        }
    }
}
