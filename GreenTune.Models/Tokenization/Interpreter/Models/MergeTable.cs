using System.Numerics;

namespace GreenTune.Models.Tokenization.Interpreter.Models;

/// <summary>BPE's merges by the pair of ids that they join: an open-addressed table, since every symbol of every new word asks it.</summary>
internal sealed class MergeTable
{
    private readonly ulong[] _keys;
    private readonly (int Rank, int Id)[] _values;
    private readonly int _mask;

    public MergeTable(int count)
    {
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, count * 2));
        _keys = new ulong[size];
        _values = new (int, int)[size];
        _mask = size - 1;
    }

    /// <summary>A pair that comes twice keeps its last rank, as in Hugging Face's tokenizers.</summary>
    public void Add(int left, int right, int rank, int id)
    {
        ulong key = Key(left, right);
        int slot = Slot(key);
        while (_keys[slot] != 0 && _keys[slot] != key)
            slot = (slot + 1) & _mask;
        _keys[slot] = key;
        _values[slot] = (rank, id);
    }

    public bool TryGet(int left, int right, out int rank, out int id)
    {
        ulong key = Key(left, right);
        int slot = Slot(key);
        while (_keys[slot] != 0)
        {
            if (_keys[slot] == key)
            {
                (rank, id) = _values[slot];
                return true;
            }
            slot = (slot + 1) & _mask;
        }
        rank = id = 0;
        return false;
    }

    // One more than the pair: 0 marks a free place.
    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32 | (uint)right) + 1;

    private int Slot(ulong key) => (int)(key * 0x9E3779B97F4A7C15 >> 32) & _mask;
}
