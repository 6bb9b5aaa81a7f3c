using System.Buffers;

namespace GreenTune.Models.Tokenization.Interpreter.Models;

/// <summary>
/// Joins a word's symbols, the merge of lowest rank first and the leftmost of equal ones, with a heap over a linked list: n log n for a word of any
/// length.
/// </summary>
internal ref struct WordMerger
{
    private readonly MergeTable _merges;
    private readonly int[] _ids;
    private readonly int[] _previous;
    private readonly int[] _next;
    private (ulong Order, int Id)[] _heap;
    private int _waiting;

    private WordMerger(MergeTable merges, int count)
    {
        _merges = merges;
        _ids = ArrayPool<int>.Shared.Rent(count);
        _previous = ArrayPool<int>.Shared.Rent(count);
        _next = ArrayPool<int>.Shared.Rent(count);
        _heap = ArrayPool<(ulong, int)>.Shared.Rent(count + 16);
    }

    /// <summary>Adds the ids that the symbols become.</summary>
    public static void Merge(MergeTable merges, ReadOnlySpan<int> symbols, List<int> output)
    {
        if (symbols.Length <= 1)
        {
            foreach (int symbol in symbols)
                output.Add(symbol);
            return;
        }
        var merger = new WordMerger(merges, symbols.Length);
        try
        {
            merger.Run(symbols, output);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(merger._ids);
            ArrayPool<int>.Shared.Return(merger._previous);
            ArrayPool<int>.Shared.Return(merger._next);
            ArrayPool<(ulong, int)>.Shared.Return(merger._heap);
        }
    }

    private void Run(ReadOnlySpan<int> symbols, List<int> output)
    {
        for (int i = 0; i < symbols.Length; i++)
        {
            _ids[i] = symbols[i];
            _previous[i] = i - 1;
            _next[i] = i + 1 < symbols.Length ? i + 1 : -1;
            if (i > 0)
                Offer(i - 1, i);
        }
        while (_waiting > 0)
        {
            (ulong order, int merged) = Pop();
            int left = (int)(uint)order;
            // Stale when a neighbour has been joined since.
            if (_ids[left] < 0 || _next[left] is not (>= 0 and var right) || !_merges.TryGet(_ids[left], _ids[right], out _, out int now) || now != merged)
                continue;
            _ids[left] = merged;
            _ids[right] = -1;
            int behind = _next[right];
            _next[left] = behind;
            if (behind >= 0)
                _previous[behind] = left;
            if (_previous[left] >= 0)
                Offer(_previous[left], left);
            if (behind >= 0)
                Offer(left, behind);
        }
        for (int i = 0; i >= 0; i = _next[i])
            output.Add(_ids[i]);
    }

    private void Offer(int left, int right)
    {
        if (_merges.TryGet(_ids[left], _ids[right], out int rank, out int id))
            Push(((ulong)(uint)rank << 32 | (uint)left, id));
    }

    private void Push((ulong Order, int Id) entry)
    {
        if (_waiting == _heap.Length)
        {
            (ulong, int)[] larger = ArrayPool<(ulong, int)>.Shared.Rent(_heap.Length * 2);
            _heap.AsSpan(0, _waiting).CopyTo(larger);
            ArrayPool<(ulong, int)>.Shared.Return(_heap);
            _heap = larger;
        }
        int at = _waiting++;
        while (at > 0)
        {
            int parent = (at - 1) >> 1;
            if (_heap[parent].Order <= entry.Order)
                break;
            _heap[at] = _heap[parent];
            at = parent;
        }
        _heap[at] = entry;
    }

    private (ulong Order, int Id) Pop()
    {
        (ulong, int) top = _heap[0];
        (ulong Order, int Id) last = _heap[--_waiting];
        int at = 0;
        while (true)
        {
            int child = 2 * at + 1;
            if (child >= _waiting)
                break;
            if (child + 1 < _waiting && _heap[child + 1].Order < _heap[child].Order)
                child++;
            if (last.Order <= _heap[child].Order)
                break;
            _heap[at] = _heap[child];
            at = child;
        }
        _heap[at] = last;
        return top;
    }
}
