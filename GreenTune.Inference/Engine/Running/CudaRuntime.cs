using System.Runtime.InteropServices;

namespace GreenTune.Inference.Engine.Running;

/// <summary>The few calls of CUDA's runtime library that the engine makes itself. The library is found by its version's name, as it has no other at run time.</summary>
internal static unsafe class CudaRuntime
{
    private const int DeviceToDevice = 3;
    private const int HostToDevice = 1;
    private const int DeviceToHost = 2;
    private const uint NonBlocking = 1;

    private static readonly string[] Names = OperatingSystem.IsWindows() ? ["cudart64_13.dll", "cudart64_12.dll"] : ["libcudart.so.13", "libcudart.so.12", "libcudart.so"];
    private static readonly Lazy<nint> Library = new(Load);

    /// <summary>Bytes that are free on the current device, and all it has.</summary>
    public static (long Free, long Total) Memory()
    {
        nuint free, total;
        Check(((delegate* unmanaged<nuint*, nuint*, int>)Function("cudaMemGetInfo"))(&free, &total), "cudaMemGetInfo");
        return ((long)free, (long)total);
    }

    public static nint Allocate(long bytes)
    {
        nint pointer;
        Check(((delegate* unmanaged<nint*, nuint, int>)Function("cudaMalloc"))(&pointer, (nuint)bytes), $"cudaMalloc of {bytes >> 20} MB");
        Check(((delegate* unmanaged<nint, int, nuint, int>)Function("cudaMemset"))(pointer, 0, (nuint)bytes), "cudaMemset");
        return pointer;
    }

    public static void Free(nint pointer) => ((delegate* unmanaged<nint, int>)Function("cudaFree"))(pointer);

    public static nint AllocatePinned(long bytes)
    {
        nint pointer;
        Check(((delegate* unmanaged<nint*, nuint, int>)Function("cudaMallocHost"))(&pointer, (nuint)bytes), "cudaMallocHost");
        return pointer;
    }

    public static void FreePinned(nint pointer) => ((delegate* unmanaged<nint, int>)Function("cudaFreeHost"))(pointer);

    /// <summary>A stream that does not wait for the legacy default stream.</summary>
    public static nint CreateStream()
    {
        nint stream;
        Check(((delegate* unmanaged<nint*, uint, int>)Function("cudaStreamCreateWithFlags"))(&stream, NonBlocking), "cudaStreamCreateWithFlags");
        return stream;
    }

    public static void DestroyStream(nint stream) => ((delegate* unmanaged<nint, int>)Function("cudaStreamDestroy"))(stream);

    public static void Wait(nint stream) => Check(((delegate* unmanaged<nint, int>)Function("cudaStreamSynchronize"))(stream), "cudaStreamSynchronize");

    public static void Upload(nint to, void* from, long bytes, nint stream) => Copy(to, (nint)from, bytes, HostToDevice, stream);

    public static void Download(void* to, nint from, long bytes, nint stream) => Copy((nint)to, from, bytes, DeviceToHost, stream);

    public static void CopyOnDevice(nint to, long toPitch, nint from, long fromPitch, long width, int rows, nint stream) => Check(
        ((delegate* unmanaged<nint, nuint, nint, nuint, nuint, nuint, int, nint, int>)Function("cudaMemcpy2DAsync"))(
            to, (nuint)toPitch, from, (nuint)fromPitch, (nuint)width, (nuint)rows, DeviceToDevice, stream),
        "cudaMemcpy2DAsync");

    private static void Copy(nint to, nint from, long bytes, int kind, nint stream) =>
        Check(((delegate* unmanaged<nint, nint, nuint, int, nint, int>)Function("cudaMemcpyAsync"))(to, from, (nuint)bytes, kind, stream), "cudaMemcpyAsync");

    private static void Check(int status, string call)
    {
        if (status != 0)
        {
            nint text = ((delegate* unmanaged<int, nint>)Function("cudaGetErrorString"))(status);
            throw new CudaException($"{call} failed: {Marshal.PtrToStringUTF8(text)} ({status})");
        }
    }

    private static nint Function(string name) => Functions.GetOrAdd(name, static key => NativeLibrary.GetExport(Library.Value, key));

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, nint> Functions = [];

    private static nint Load()
    {
        foreach (string name in Names)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
            {
                return library;
            }
        }

        throw new CudaException($"CUDA's runtime library was not found ({string.Join(", ", Names)}); put its folder on LD_LIBRARY_PATH (Windows: PATH)");
    }
}

/// <summary>A call of CUDA's runtime failed.</summary>
internal sealed class CudaException(string message) : Exception(message);
