using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using GreenTune.Inference.Engine.Running;

namespace GreenTune.Inference.Engine.Scheduling;

/// <summary>
/// Keys and values of prompts that may come again, a shared system prompt above all. Prompts are compared by blocks: a block is known by its own tokens
/// and everything before it, the tenant and the adapter, so that nobody is served from another tenant's prompt, nor can tell by its speed that there was
/// one. What was used longest ago goes first.
/// </summary>
internal sealed class PrefixCache(IModelRunner model, long budget)
{
    /// <summary>Tokens of a block.</summary>
    public const int BlockTokens = 32;

    private readonly long _tokenBytes = (long)model.Work.KvBytesPerToken;
    private readonly Dictionary<UInt128, (Entry Entry, int Index)> _blocks = [];
    private readonly LinkedList<Entry> _byUse = [];
    private long _bytes;

    /// <summary>Puts the longest known beginning of the tokens into a row, but never all of them: the last one has to be computed.</summary>
    /// <returns>Tokens that the row now holds.</returns>
    public int Restore(string? tenant, RowPlace row, ReadOnlySpan<int> tokens)
    {
        if (tenant is null || budget == 0)
        {
            return 0;
        }

        int restored = 0;
        foreach ((Entry entry, int blocks) in Chain(Keys(tenant, row.Adapter?.Id, tokens[..^1])))
        {
            model.RestoreStretch(entry.Stretch, row, restored, blocks * BlockTokens);
            restored += blocks * BlockTokens;
            _byUse.Remove(entry);
            _byUse.AddLast(entry);
        }

        return restored;
    }

    /// <summary>Keeps those whole blocks of a computed prompt that are not known yet.</summary>
    public void Keep(string? tenant, RowPlace row, ReadOnlySpan<int> prompt)
    {
        if (tenant is null || budget == 0)
        {
            return;
        }

        List<UInt128> keys = Keys(tenant, row.Adapter?.Id, prompt);
        int known = Chain(keys).Sum(part => part.Blocks);
        if (known == keys.Count)
        {
            return;
        }

        int tokens = (keys.Count - known) * BlockTokens;
        long bytes = tokens * _tokenBytes;
        if (bytes > budget)
        {
            return;
        }

        while (_bytes + bytes > budget)
        {
            Drop(_byUse.First!.Value);
        }

        var entry = new Entry(model.SaveStretch(row, known * BlockTokens, tokens), keys[known..], bytes);
        for (int i = known; i < keys.Count; i++)
        {
            // A block may be there although one before it has gone: it is taken over.
            _blocks[keys[i]] = (entry, i - known);
        }

        _byUse.AddLast(entry);
        _bytes += bytes;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        while (_byUse.First is { } oldest)
        {
            Drop(oldest.Value);
        }
    }

    /// <summary>The kept stretches that hold the longest known beginning, each from its first block on.</summary>
    private List<(Entry Entry, int Blocks)> Chain(List<UInt128> keys)
    {
        var chain = new List<(Entry Entry, int Blocks)>();
        foreach (UInt128 key in keys)
        {
            if (!_blocks.TryGetValue(key, out (Entry Entry, int Index) block))
            {
                break;
            }

            if (chain.Count > 0 && chain[^1].Entry == block.Entry && chain[^1].Blocks == block.Index)
            {
                chain[^1] = (block.Entry, block.Index + 1);
            }
            else if (block.Index == 0)
            {
                chain.Add((block.Entry, 1));
            }
            else
            {
                // What stood before it in its stretch has been taken over by another one.
                break;
            }
        }

        return chain;
    }

    private void Drop(Entry entry)
    {
        _byUse.Remove(entry);
        foreach (UInt128 key in entry.Keys)
        {
            if (_blocks.TryGetValue(key, out (Entry Entry, int Index) block) && block.Entry == entry)
            {
                _blocks.Remove(key);
            }
        }

        model.DropStretch(entry.Stretch);
        _bytes -= entry.Bytes;
    }

    /// <summary>A key for each whole block: SHA-256 over the block and the key before it, so that no prompt can be made to look like another.</summary>
    private static List<UInt128> Keys(string tenant, string? adapter, ReadOnlySpan<int> tokens)
    {
        var keys = new List<UInt128>(tokens.Length / BlockTokens);
        byte[] scope = Encoding.UTF8.GetBytes($"{tenant.Length}:{tenant}{adapter}");
        UInt128 before = Hash(scope);
        Span<byte> text = stackalloc byte[16 + BlockTokens * sizeof(int)];
        for (; tokens.Length >= BlockTokens; tokens = tokens[BlockTokens..])
        {
            BinaryPrimitives.WriteUInt128LittleEndian(text, before);
            MemoryMarshal.AsBytes(tokens[..BlockTokens]).CopyTo(text[16..]);
            before = Hash(text);
            keys.Add(before);
        }

        return keys;
    }

    private static UInt128 Hash(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }

    private sealed class Entry(KvStretch stretch, List<UInt128> keys, long bytes)
    {
        public KvStretch Stretch { get; } = stretch;

        public List<UInt128> Keys { get; } = keys;

        public long Bytes { get; } = bytes;
    }
}
