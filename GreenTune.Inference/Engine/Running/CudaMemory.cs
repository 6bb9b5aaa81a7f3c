using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Inference.Engine.Running;

/// <summary>A GPU's memory. Everything is ordered on one stream, which ONNX Runtime computes on too.</summary>
internal sealed unsafe class CudaMemory : DeviceMemory
{
    private const long StagingBytes = 1 << 20;

    private readonly nint _staging = CudaRuntime.AllocatePinned(StagingBytes);

    public nint Stream { get; } = CudaRuntime.CreateStream();

    public override OrtMemoryInfo Info { get; } = new("Cuda", OrtAllocatorType.DeviceAllocator, 0, OrtMemType.Default);

    public override void Copy(nint to, long toPitch, nint from, long fromPitch, long width, int rows) =>
        CudaRuntime.CopyOnDevice(to, toPitch, from, fromPitch, width, rows, Stream);

    public override void Upload<T>(nint to, ReadOnlySpan<T> from)
    {
        // Copied out of pageable memory before the call returns, so that the caller may reuse it at once.
        fixed (T* source = from)
        {
            CudaRuntime.Upload(to, source, (long)from.Length * sizeof(T), Stream);
        }
    }

    public override void Download<T>(Span<T> to, nint from)
    {
        long bytes = (long)to.Length * sizeof(T);
        if (bytes <= StagingBytes)
        {
            CudaRuntime.Download((void*)_staging, from, bytes, Stream);
            CudaRuntime.Wait(Stream);
            new ReadOnlySpan<byte>((void*)_staging, (int)bytes).CopyTo(MemoryMarshal.AsBytes(to));
            return;
        }

        fixed (T* target = to)
        {
            CudaRuntime.Download(target, from, bytes, Stream);
            CudaRuntime.Wait(Stream);
        }
    }

    public override void Dispose()
    {
        CudaRuntime.Wait(Stream);
        base.Dispose();
        CudaRuntime.FreePinned(_staging);
        CudaRuntime.DestroyStream(Stream);
        Info.Dispose();
    }

    protected override nint Take(long bytes) => CudaRuntime.Allocate(bytes);

    protected override void Give(nint block) => CudaRuntime.Free(block);
}
