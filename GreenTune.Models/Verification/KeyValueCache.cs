using GreenTune.Models.Folders;
using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Models.Verification;

/// <summary>Keys and values of all layers in the CPU's memory, one buffer each, bound as past and as present.</summary>
internal sealed class KeyValueCache : IDisposable
{
    private readonly OrtValue[] _buffers;

    /// <param name="folder">A folder of ours.</param>
    /// <param name="rows">Texts that are computed together.</param>
    /// <param name="capacity">Tokens of the longest text.</param>
    public KeyValueCache(ModelFolder folder, int rows, int capacity)
    {
        long[] shape = [rows, folder.KeyValueHeads, capacity, folder.HeadSize];
        _buffers = [.. Enumerable.Range(0, 2 * folder.Layers).Select(_ => OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, folder.KeyValueType, shape))];
    }

    public void BindTo(OrtIoBinding binding)
    {
        for (int i = 0; i < _buffers.Length; i++)
        {
            string part = i % 2 == 0 ? "key" : "value";
            binding.BindInput($"past_key_values.{i / 2}.{part}", _buffers[i]);
            binding.BindOutput($"present.{i / 2}.{part}", _buffers[i]);
        }
    }

    public void Dispose()
    {
        foreach (OrtValue buffer in _buffers)
            buffer.Dispose();
    }
}
