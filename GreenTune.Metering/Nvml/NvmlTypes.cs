using System.Runtime.InteropServices;

namespace GreenTune.Metering.Nvml;

/// <summary>Return codes of NVML (nvmlReturn_t in nvml.h).</summary>
public enum NvmlReturn
{
    Success = 0,
    Uninitialized = 1,
    InvalidArgument = 2,
    NotSupported = 3,
    NoPermission = 4,
    AlreadyInitialized = 5,
    NotFound = 6,
    InsufficientSize = 7,
    InsufficientPower = 8,
    DriverNotLoaded = 9,
    Timeout = 10,
    IrqIssue = 11,
    LibraryNotFound = 12,
    FunctionNotFound = 13,
    CorruptedInforom = 14,
    GpuIsLost = 15,
    ResetRequired = 16,
    OperatingSystem = 17,
    LibRmVersionMismatch = 18,
    InUse = 19,
    Memory = 20,
    NoData = 21,
    InsufficientResources = 23,
    GpuNotFound = 28,
    InvalidState = 29,
    Unknown = 999,
}

/// <summary>What a value's bits mean (nvmlValueType_t).</summary>
public enum NvmlValueType
{
    FloatingPoint = 0,
    UnsignedInt = 1,
    UnsignedLong = 2,
    UnsignedLongLong = 3,
    SignedLongLong = 4,
    SignedInt = 5,
    UnsignedShort = 6,
}

/// <summary>A value of one of several types (nvmlValue_t, a union of 8 bytes).</summary>
[StructLayout(LayoutKind.Explicit, Size = 8)]
public struct NvmlValue
{
    [FieldOffset(0)]
    public double FloatingPoint;

    [FieldOffset(0)]
    public uint UnsignedInt;

    [FieldOffset(0)]
    public ulong UnsignedLongLong;

    [FieldOffset(0)]
    public long SignedLongLong;

    [FieldOffset(0)]
    public int SignedInt;

    [FieldOffset(0)]
    public ushort UnsignedShort;

    /// <summary>The number it holds, or null for a type that is not known.</summary>
    public readonly double? As(NvmlValueType type) => type switch
    {
        NvmlValueType.FloatingPoint => FloatingPoint,
        NvmlValueType.UnsignedInt => UnsignedInt,
        // C's unsigned long: 4 bytes on Windows, 8 elsewhere on 64 bits.
        NvmlValueType.UnsignedLong => OperatingSystem.IsWindows() || nint.Size == 4 ? UnsignedInt : UnsignedLongLong,
        NvmlValueType.UnsignedLongLong => UnsignedLongLong,
        NvmlValueType.SignedLongLong => SignedLongLong,
        NvmlValueType.SignedInt => SignedInt,
        NvmlValueType.UnsignedShort => UnsignedShort,
        _ => null,
    };
}

/// <summary>One entry of the driver's sample buffer (nvmlSample_t).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct NvmlSample
{
    /// <summary>Microseconds since 1970 by the machine's clock.</summary>
    public ulong TimeStamp;

    public NvmlValue Value;
}

/// <summary>A field to be read, and what came of it (nvmlFieldValue_t).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct NvmlFieldValue
{
    public uint FieldId;

    /// <summary>0 is the GPU, 1 the module, 2 the memory (not in nvml.h; H100 and H200 answer it, others say that they do not).</summary>
    public uint ScopeId;

    /// <summary>Microseconds since 1970 by the machine's clock.</summary>
    public long TimeStamp;

    public long LatencyMicroseconds;

    public NvmlValueType ValueType;

    /// <summary>To be looked at before the value.</summary>
    public NvmlReturn Return;

    public NvmlValue Value;
}

/// <summary>What a process used of a GPU lately (nvmlProcessUtilizationSample_t).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct NvmlProcessSample
{
    public uint Pid;

    /// <summary>Microseconds since 1970 by the machine's clock.</summary>
    public ulong TimeStamp;

    /// <summary>Per cent of the time in which it ran a kernel.</summary>
    public uint SmUtilization;

    public uint MemoryUtilization;

    public uint EncoderUtilization;

    public uint DecoderUtilization;
}

/// <summary>A process with a context on a GPU (nvmlProcessInfo_t as of nvmlDeviceGetComputeRunningProcesses_v3).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct NvmlProcess
{
    public uint Pid;

    /// <summary>Bytes; all bits set when not known.</summary>
    public ulong UsedMemory;

    public uint GpuInstance;

    public uint ComputeInstance;
}
