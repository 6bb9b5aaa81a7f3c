namespace GreenTune.Inference.Engine.Scheduling;

/// <summary>
/// Which sequence stands in which slot of a capacity class. Rows that decode are kept together from the first slot on, by adapter, because a step runs
/// over neighbouring slots; prompts on their way stand behind them.
/// </summary>
internal sealed class RowTable
{
    private readonly IModelRunner _model;
    private readonly int _class;
    private readonly Sequence?[] _slots;

    /// <summary>Tokens in each slot, as the runner wants it.</summary>
    private readonly int[] _past;

    public RowTable(IModelRunner model, int kvClass)
    {
        _model = model;
        _class = kvClass;
        Capacity = model.Classes[kvClass].Capacity;
        _slots = new Sequence?[model.Classes[kvClass].Slots];
        _past = new int[_slots.Length];
        Free = _slots.Length;
    }

    /// <summary>Tokens that fit into a slot.</summary>
    public int Capacity { get; }

    public int Free { get; private set; }

    public IEnumerable<Sequence> Rows => _slots.OfType<Sequence>();

    /// <summary>Gives a sequence a free slot.</summary>
    public void Add(Sequence sequence)
    {
        // Behind the rows that decode, where it will stand once it does too.
        int decoding = Rows.Count(row => row.Decodes);
        int slot = FreeSlot(decoding) ?? FreeSlot() ?? throw new InvalidOperationException("no slot is free");
        Put(sequence, slot);
        Free--;
    }

    public void Remove(Sequence sequence)
    {
        _slots[sequence.Place!.Value.Slot] = null;
        sequence.Place = null;
        Free++;
    }

    /// <summary>Moves rows so that those which decode stand together by adapter, and returns the stretches that a step can run over.</summary>
    public List<(int First, int Count)> Arrange(int mostRows)
    {
        Sequence[] decoding = [.. Rows.Where(row => row.Decodes)];
        if (decoding.Length == 0)
        {
            return [];
        }

        if (!Array.TrueForAll(decoding, row => row.Place!.Value.Adapter is null))
        {
            // By the group's first row, so that an order once made stays.
            List<LoadedAdapter?> order = [.. decoding.Select(row => row.Place!.Value.Adapter).Distinct()];
            decoding = [.. decoding.OrderBy(row => order.IndexOf(row.Place!.Value.Adapter))];
            MoveTo(decoding);
        }
        else if (decoding[^1].Place!.Value.Slot >= decoding.Length)
        {
            Compact(decoding);
        }

        return Runs(mostRows);
    }

    public Sequence this[int slot] => _slots[slot]!;

    /// <summary>Tokens of the slots from <paramref name="first"/> on.</summary>
    public ReadOnlySpan<int> Past(int first)
    {
        for (int slot = first; slot < _slots.Length; slot++)
        {
            _past[slot] = _slots[slot]?.Past ?? 0;
        }

        return _past.AsSpan(first);
    }

    /// <summary>Rows from behind fill the holes in front; each moves at most once.</summary>
    private void Compact(Sequence[] decoding)
    {
        int last = decoding.Length - 1;
        for (int slot = 0; slot < decoding.Length; slot++)
        {
            if (_slots[slot] is { Decodes: true })
            {
                continue;
            }

            if (_slots[slot] is { } prompt)
            {
                if (FreeSlot() is not { } elsewhere)
                {
                    return;
                }

                Move(prompt, elsewhere);
            }

            Move(decoding[last--], slot);
        }
    }

    private void MoveTo(Sequence[] order)
    {
        for (int slot = 0; slot < order.Length; slot++)
        {
            if (_slots[slot] == order[slot])
            {
                continue;
            }

            if (_slots[slot] is { } other)
            {
                if (FreeSlot() is not { } elsewhere)
                {
                    return;
                }

                Move(other, elsewhere);
            }

            Move(order[slot], slot);
        }
    }

    private void Move(Sequence sequence, int slot)
    {
        RowPlace place = sequence.Place!.Value;
        _model.CopyRow(place, place with { Slot = slot }, sequence.Past);
        _slots[place.Slot] = null;
        Put(sequence, slot);
    }

    private void Put(Sequence sequence, int slot)
    {
        _slots[slot] = sequence;
        sequence.Place = new RowPlace(_class, slot, sequence.Generation.Request.Adapter);
    }

    private List<(int First, int Count)> Runs(int mostRows)
    {
        var runs = new List<(int, int)>();
        for (int slot = 0; slot < _slots.Length;)
        {
            if (_slots[slot] is not { Decodes: true } row)
            {
                slot++;
                continue;
            }

            int first = slot;
            while (slot < _slots.Length && slot - first < mostRows && _slots[slot] is { Decodes: true } next && next.Place!.Value.Adapter == row.Place!.Value.Adapter)
            {
                slot++;
            }

            runs.Add((first, slot - first));
        }

        return runs;
    }

    private int? FreeSlot(int first = 0)
    {
        int slot = Array.IndexOf(_slots, null, first);
        return slot < 0 ? null : slot;
    }
}
