namespace GreenTune.Inference.Engine.Scheduling;

/// <summary>The rows of one configuration: a table for each capacity class, and its prefix cache.</summary>
internal sealed class ModelBatch
{
    /// <summary>Answer tokens that a row is given room for at first: few answers are as long as their limit, and a row that grows is moved.</summary>
    private const int LikelyOutput = 256;

    private readonly RowTable[] _tables;

    public ModelBatch(IModelRunner model, long prefixCacheBytes)
    {
        Model = model;
        _tables = [.. model.Classes.Select((_, kvClass) => new RowTable(model, kvClass))];
        Prefixes = new PrefixCache(model, prefixCacheBytes);
    }

    public IModelRunner Model { get; }

    public IReadOnlyList<RowTable> Tables => _tables;

    public PrefixCache Prefixes { get; }

    /// <summary>Whether a row is free for a request's first choice.</summary>
    public bool HasRoom(GenerationRequest request) => TableFor(Likely(request.Prompt.Length, request.MaxTokens)) is not null;

    /// <summary>Gives a sequence a row and what the prefix cache has of its prompt; false when there is no room now.</summary>
    public bool TryPlace(Sequence sequence)
    {
        GenerationRequest request = sequence.Generation.Request;
        if (TableFor(Likely(Math.Max(sequence.Length, sequence.PaddedPrompt ?? 0), request.MaxTokens - sequence.Output)) is not { } table)
        {
            return false;
        }

        table.Add(sequence);
        if (sequence.PaddedPrompt is null)
        {
            sequence.Past = Prefixes.Restore(request.Tenant, sequence.Place!.Value, sequence.Tokens);
            sequence.Generation.CachedTokens = Math.Max(sequence.Generation.CachedTokens, Math.Min(sequence.Past, request.Prompt.Length));
        }

        return true;
    }

    /// <summary>Takes a sequence's row away.</summary>
    public void Remove(Sequence sequence)
    {
        if (sequence.Place is { } place)
        {
            _tables[place.Class].Remove(sequence);
        }

        sequence.Past = 0;
    }

    /// <summary>Moves a row that has filled its slot to a longer one; false when none is free, and the row has lost its place.</summary>
    public bool TryGrow(Sequence sequence)
    {
        RowPlace place = sequence.Place!.Value;
        int past = sequence.Past;
        RowTable? longer = _tables.Skip(place.Class + 1).FirstOrDefault(table => table.Free > 0);
        _tables[place.Class].Remove(sequence);
        if (longer is null)
        {
            sequence.Past = 0;
            return false;
        }

        longer.Add(sequence);
        Model.CopyRow(place, sequence.Place!.Value, past);
        return true;
    }

    private static int Likely(int tokens, int left) => tokens + Math.Min(left, LikelyOutput);

    private RowTable? TableFor(int tokens)
    {
        RowTable? fits = Array.Find(_tables, table => table.Free > 0 && table.Capacity >= tokens);
        return fits ?? (tokens > _tables[^1].Capacity && _tables[^1].Free > 0 ? _tables[^1] : null);
    }
}
