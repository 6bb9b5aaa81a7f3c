using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Inference.Engine;

/// <summary>
/// The KV cache of one row: keys and values of every layer, [1, kv heads, capacity, head size], on the device. Past and present are bound to the
/// same memory, so that a step writes its tokens in place.
/// </summary>
internal sealed unsafe class DecoderMemory : IDisposable
{
    private readonly List<IDisposable> _owned = [];
    private readonly List<nint> _native = [];

    public DecoderMemory(InferenceSession session, bool cuda, int layers, int keyValueHeads, int capacity, int headSize, TensorElementType type)
    {
        long elements = (long)keyValueHeads * capacity * headSize;
        long bytes = elements * SizeOf(type);
        long[] shape = [1, keyValueHeads, capacity, headSize];
        OrtMemoryInfo? device = cuda ? Own(new OrtMemoryInfo("Cuda", OrtAllocatorType.DeviceAllocator, 0, OrtMemType.Default)) : null;
        OrtAllocator? allocator = device is null ? null : Own(new OrtAllocator(session, device));
        Keys = new OrtValue[layers];
        Values = new OrtValue[layers];
        for (int layer = 0; layer < layers; layer++)
        {
            Keys[layer] = Allocate();
            Values[layer] = Allocate();
        }

        OrtValue Allocate()
        {
            if (allocator is not null)
            {
                return Own(OrtValue.CreateAllocatedTensorValue(allocator, type, shape));
            }

            // Zeroed memory from the operating system costs nothing until it is touched: a long context is paid for as it fills.
            nint memory = (nint)NativeMemory.AllocZeroed((nuint)bytes);
            _native.Add(memory);
            return Own(OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, type, shape, memory, bytes));
        }
    }

    /// <summary>By layer.</summary>
    public OrtValue[] Keys { get; }

    public OrtValue[] Values { get; }

    public void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }

        foreach (nint memory in _native)
        {
            NativeMemory.Free((void*)memory);
        }

        _owned.Clear();
        _native.Clear();
    }

    private T Own<T>(T disposable)
        where T : IDisposable
    {
        _owned.Add(disposable);
        return disposable;
    }

    private static int SizeOf(TensorElementType type) => type switch
    {
        TensorElementType.Float => sizeof(float),
        TensorElementType.Float16 or TensorElementType.BFloat16 => sizeof(ushort),
        _ => throw new NotSupportedException($"A KV cache of {type} is not supported; float32, float16 and bfloat16 are."),
    };
}
