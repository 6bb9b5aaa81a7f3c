using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Inference.Engine.Running;

/// <summary>Memory of the device that a model runs on. Addresses are the device's own; only the engine's owner thread uses it.</summary>
internal abstract class DeviceMemory : IDisposable
{
    private readonly HashSet<nint> _blocks = [];

    /// <summary>How ONNX Runtime names this memory.</summary>
    public abstract OrtMemoryInfo Info { get; }

    /// <summary>Zeroed memory, until it is freed or this is disposed.</summary>
    public nint Allocate(long bytes)
    {
        nint block = Take(bytes);
        _blocks.Add(block);
        return block;
    }

    public void Free(nint block)
    {
        if (_blocks.Remove(block))
        {
            Give(block);
        }
    }

    /// <summary>Copies <paramref name="rows"/> pieces of <paramref name="width"/> bytes within the device. The pieces must not overlap.</summary>
    public abstract void Copy(nint to, long toPitch, nint from, long fromPitch, long width, int rows);

    public abstract void Upload<T>(nint to, ReadOnlySpan<T> from)
        where T : unmanaged;

    /// <summary>Copies to the host; what ran before on the device has ended when it returns.</summary>
    public abstract void Download<T>(Span<T> to, nint from)
        where T : unmanaged;

    public virtual void Dispose()
    {
        foreach (nint block in _blocks)
        {
            Give(block);
        }

        _blocks.Clear();
    }

    protected abstract nint Take(long bytes);

    protected abstract void Give(nint block);
}

/// <summary>The host's memory, where the CPU provider runs.</summary>
internal sealed unsafe class HostMemory : DeviceMemory
{
    public override OrtMemoryInfo Info => OrtMemoryInfo.DefaultInstance;

    public override void Copy(nint to, long toPitch, nint from, long fromPitch, long width, int rows)
    {
        for (int row = 0; row < rows; row++)
        {
            Buffer.MemoryCopy((byte*)from + row * fromPitch, (byte*)to + row * toPitch, width, width);
        }
    }

    public override void Upload<T>(nint to, ReadOnlySpan<T> from) => from.CopyTo(new Span<T>((void*)to, from.Length));

    public override void Download<T>(Span<T> to, nint from) => new ReadOnlySpan<T>((void*)from, to.Length).CopyTo(to);

    // Zeroed memory from the operating system costs nothing until it is touched: a long context is paid for as it fills.
    protected override nint Take(long bytes) => (nint)NativeMemory.AllocZeroed((nuint)bytes);

    protected override void Give(nint block) => NativeMemory.Free((void*)block);
}
