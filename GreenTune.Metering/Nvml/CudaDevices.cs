using System.Runtime.InteropServices;

namespace GreenTune.Metering.Nvml;

/// <summary>
/// Which GPU CUDA's device numbers mean in this process: CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER reorder them, so that NVML's index says nothing. Calls of
/// CUDA's driver API (https://docs.nvidia.com/cuda/cuda-driver-api/); no context is made.
/// </summary>
public static unsafe class CudaDevices
{
    private const int UuidBytes = 16;

    /// <summary>UUID of a CUDA device without its "GPU-" or "MIG-"; null when there is no CUDA or no such device.</summary>
    /// <param name="ordinal">CUDA's number of the device.</param>
    public static string? Uuid(int ordinal)
    {
        string name = OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";
        if (!NativeLibrary.TryLoad(name, out nint library)
            || !NativeLibrary.TryGetExport(library, "cuInit", out nint init)
            || !NativeLibrary.TryGetExport(library, "cuDeviceGet", out nint get))
        {
            return null;
        }
        // The second version answers an instance's own UUID under MIG.
        if (!NativeLibrary.TryGetExport(library, "cuDeviceGetUuid_v2", out nint uuid) && !NativeLibrary.TryGetExport(library, "cuDeviceGetUuid", out uuid))
            return null;
        int device;
        byte* bytes = stackalloc byte[UuidBytes];
        bool found = ((delegate* unmanaged[Cdecl]<uint, int>)init)(0) == 0
            && ((delegate* unmanaged[Cdecl]<int*, int, int>)get)(&device, ordinal) == 0
            && ((delegate* unmanaged[Cdecl]<byte*, int, int>)uuid)(bytes, device) == 0;
        return found ? Format(new(bytes, UuidBytes)) : null;
    }

    /// <summary>16 bytes as 8-4-4-4-12 hexadecimal digits, in their order.</summary>
    internal static string Format(ReadOnlySpan<byte> uuid) => new Guid(uuid, bigEndian: true).ToString("D");
}
