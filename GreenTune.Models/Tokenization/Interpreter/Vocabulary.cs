namespace GreenTune.Models.Tokenization.Interpreter;

/// <summary>Tokens and their ids.</summary>
internal sealed class Vocabulary
{
    /// <summary>Beyond it an id is a mistake: published vocabularies end below 300,000.</summary>
    public const int HighestId = 1 << 24;

    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    private Vocabulary(Dictionary<string, int> ids)
    {
        _ids = ids;
        _lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public IReadOnlyDictionary<string, int> Ids => _ids;

    public bool TryGetId(ReadOnlySpan<char> token, out int id) => _lookup.TryGetValue(token, out id);

    /// <summary>BPE and WordPiece: an object of token to id.</summary>
    public static Vocabulary Read(JsonField field)
    {
        if (field.IsNull)
            throw field.Wrong("is missing");
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach ((string token, JsonField id) in field.Properties())
            ids[token] = Checked(id, id.Integer);
        return ids.Count > 0 ? new Vocabulary(ids) : throw field.Wrong("is empty");
    }

    public static Vocabulary Of(Dictionary<string, int> ids) => new(ids);

    /// <summary>Id of a token that a field names; null where it names none.</summary>
    public int? IdOf(JsonField field) => field.TextOrNull is not { } token ? null : TryGetId(token, out int id) ? id : throw field.Wrong($"names the token {token}, which the vocabulary does not have");

    private static int Checked(JsonField field, int id) => id is >= 0 and <= HighestId ? id : throw field.Wrong($"is {id}; ids are from 0 to {HighestId}");
}
