using GreenTune.Models.Folders;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Inference.Engine.Running;

/// <summary>
/// Keys and values of all rows of one configuration: for each class and layer a block [slots, kv heads, capacity, head size]. Past and present are bound
/// to the same memory, so that a step writes its tokens in place.
/// </summary>
internal sealed class KvMemory : IDisposable
{
    private readonly DeviceMemory _memory;
    private readonly ModelFolder _folder;
    private readonly int _elementBytes;
    private readonly Block[] _blocks;

    public KvMemory(DeviceMemory memory, ModelFolder folder, IReadOnlyList<KvClass> classes)
    {
        _memory = memory;
        _folder = folder;
        _elementBytes = folder.KeyValueType switch
        {
            TensorElementType.Float => sizeof(float),
            TensorElementType.Float16 or TensorElementType.BFloat16 => sizeof(ushort),
            _ => throw new NotSupportedException($"A KV cache of {folder.KeyValueType} is not supported; float32, float16 and bfloat16 are."),
        };
        Classes = classes;
        _blocks = [.. classes.Select(Reserve)];
    }

    public IReadOnlyList<KvClass> Classes { get; }

    /// <summary>Bytes of one token's key or value in one head.</summary>
    private long HeadBytes => (long)_folder.HeadSize * _elementBytes;

    /// <summary>Rows from <paramref name="first"/> on as a tensor of the layer's keys or values.</summary>
    public OrtValue Value(int kvClass, int layer, bool key, int first, int rows)
    {
        int capacity = Classes[kvClass].Capacity;
        long slot = SlotBytes(kvClass);
        return OrtValue.CreateTensorValueWithData(
            _memory.Info,
            _folder.KeyValueType,
            [rows, _folder.KeyValueHeads, capacity, _folder.HeadSize],
            _blocks[kvClass].Of(layer, key) + (nint)(first * slot),
            rows * slot);
    }

    /// <summary>Copies the first tokens of a row to another slot.</summary>
    public void CopyRow(int fromClass, int fromSlot, int toClass, int toSlot, int tokens)
    {
        for (int layer = 0; layer < _folder.Layers; layer++)
        {
            foreach (bool key in (ReadOnlySpan<bool>)[true, false])
            {
                _memory.Copy(
                    _blocks[toClass].Of(layer, key) + (nint)(toSlot * SlotBytes(toClass)),
                    HeadPitch(toClass),
                    _blocks[fromClass].Of(layer, key) + (nint)(fromSlot * SlotBytes(fromClass)),
                    HeadPitch(fromClass),
                    tokens * HeadBytes,
                    _folder.KeyValueHeads);
            }
        }
    }

    /// <summary>Copies a stretch of a row's tokens into memory of its own, [layer, key or value, head, token, head size].</summary>
    /// <returns>The copy, for <see cref="Restore"/> and <see cref="Drop"/>.</returns>
    public KvStretch Save(int kvClass, int slot, int at, int tokens)
    {
        var copy = new KvStretch(_memory.Allocate(tokens * _folder.KeyValueBytesPerToken), tokens);
        Stretch(kvClass, slot, at, tokens, copy, save: true);
        return copy;
    }

    /// <summary>Puts the first tokens of a saved stretch into a row.</summary>
    public void Restore(KvStretch stretch, int kvClass, int slot, int at, int tokens) => Stretch(kvClass, slot, at, tokens, stretch, save: false);

    public void Drop(KvStretch stretch) => _memory.Free(stretch.Address);

    public void Dispose()
    {
        foreach (Block block in _blocks)
        {
            foreach (nint memory in block.Memory)
            {
                _memory.Free(memory);
            }
        }
    }

    private void Stretch(int kvClass, int slot, int at, int tokens, KvStretch stretch, bool save)
    {
        long width = tokens * HeadBytes;
        long pitch = stretch.Tokens * HeadBytes;
        nint copy = stretch.Address;
        foreach (nint block in _blocks[kvClass].Memory)
        {
            nint row = block + (nint)(slot * SlotBytes(kvClass) + at * HeadBytes);
            if (save)
            {
                _memory.Copy(copy, pitch, row, HeadPitch(kvClass), width, _folder.KeyValueHeads);
            }
            else
            {
                _memory.Copy(row, HeadPitch(kvClass), copy, pitch, width, _folder.KeyValueHeads);
            }

            copy += (nint)(pitch * _folder.KeyValueHeads);
        }
    }

    private Block Reserve(KvClass kvClass)
    {
        long bytes = (long)kvClass.Slots * _folder.KeyValueHeads * kvClass.Capacity * HeadBytes;
        return new Block([.. Enumerable.Range(0, 2 * _folder.Layers).Select(_ => _memory.Allocate(bytes))]);
    }

    private long HeadPitch(int kvClass) => Classes[kvClass].Capacity * HeadBytes;

    private long SlotBytes(int kvClass) => _folder.KeyValueHeads * HeadPitch(kvClass);

    private sealed record Block(nint[] Memory)
    {
        public nint Of(int layer, bool key) => Memory[2 * layer + (key ? 0 : 1)];
    }
}

/// <summary>Keys and values of some tokens, kept apart from any row.</summary>
/// <param name="Address">Where, on the device.</param>
/// <param name="Tokens">How many tokens.</param>
internal readonly record struct KvStretch(nint Address, int Tokens);
