using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace GreenTune.Metering.Nvml;

/// <summary>
/// The installed NVML: libnvidia-ml.so.1 on Linux, nvml.dll on Windows. Functions are looked up one by one, so that a driver which lacks
/// one of them still serves with the others. Thread-safe, as NVML itself is.
/// </summary>
public sealed unsafe partial class NativeNvml : INvml
{
    // NVML_DEVICE_NAME_V2_BUFFER_SIZE and NVML_DEVICE_UUID_V2_BUFFER_SIZE.
    private const int TextLength = 96;
    private const int TotalPowerSamples = 0;

    private readonly ConcurrentDictionary<string, nint> _functions = [];
    private nint _library;

    public NvmlReturn Initialize(out string? detail)
    {
        detail = null;
        if (_library == 0 && !TryLoad(out detail))
            return NvmlReturn.LibraryNotFound;
        nint function = Find("nvmlInit_v2");
        return function == 0 ? NvmlReturn.FunctionNotFound : ((delegate* unmanaged[Cdecl]<NvmlReturn>)function)();
    }

    public void Shutdown()
    {
        nint function = Find("nvmlShutdown");
        if (function != 0)
            _ = ((delegate* unmanaged[Cdecl]<NvmlReturn>)function)();
    }

    public NvmlReturn DeviceCount(out uint count)
    {
        count = 0;
        nint function = Find("nvmlDeviceGetCount_v2");
        fixed (uint* value = &count)
            return function == 0 ? NvmlReturn.FunctionNotFound : ((delegate* unmanaged[Cdecl]<uint*, NvmlReturn>)function)(value);
    }

    public NvmlReturn DeviceByIndex(uint index, out nint device)
    {
        device = 0;
        nint function = Find("nvmlDeviceGetHandleByIndex_v2");
        fixed (nint* value = &device)
            return function == 0 ? NvmlReturn.FunctionNotFound : ((delegate* unmanaged[Cdecl]<uint, nint*, NvmlReturn>)function)(index, value);
    }

    public NvmlReturn DeviceByUuid(string uuid, out nint device)
    {
        device = 0;
        nint function = Find("nvmlDeviceGetHandleByUUID");
        if (function == 0)
            return NvmlReturn.FunctionNotFound;
        nint text = Marshal.StringToCoTaskMemUTF8(uuid);
        try
        {
            fixed (nint* value = &device)
                return ((delegate* unmanaged[Cdecl]<byte*, nint*, NvmlReturn>)function)((byte*)text, value);
        }
        finally
        {
            Marshal.FreeCoTaskMem(text);
        }
    }

    public NvmlReturn Uuid(nint device, out string uuid) => Text("nvmlDeviceGetUUID", device, out uuid);

    public NvmlReturn Name(nint device, out string name) => Text("nvmlDeviceGetName", device, out name);

    public NvmlReturn DriverVersion(out string version)
    {
        version = "";
        nint function = Find("nvmlSystemGetDriverVersion");
        if (function == 0)
            return NvmlReturn.FunctionNotFound;
        byte* text = stackalloc byte[TextLength];
        NvmlReturn code = ((delegate* unmanaged[Cdecl]<byte*, uint, NvmlReturn>)function)(text, TextLength);
        if (code == NvmlReturn.Success)
            version = Marshal.PtrToStringUTF8((nint)text) ?? "";
        return code;
    }

    public NvmlReturn EnforcedPowerLimit(nint device, out uint milliwatts) => Number("nvmlDeviceGetEnforcedPowerLimit", device, out milliwatts);

    public NvmlReturn TotalEnergy(nint device, out ulong millijoules) => Number("nvmlDeviceGetTotalEnergyConsumption", device, out millijoules);

    public NvmlReturn PowerUsage(nint device, out uint milliwatts) => Number("nvmlDeviceGetPowerUsage", device, out milliwatts);

    public NvmlReturn FieldValue(nint device, ref NvmlFieldValue value)
    {
        nint function = Find("nvmlDeviceGetFieldValues");
        fixed (NvmlFieldValue* values = &value)
            return function == 0 ? NvmlReturn.FunctionNotFound : ((delegate* unmanaged[Cdecl]<nint, int, NvmlFieldValue*, NvmlReturn>)function)(device, 1, values);
    }

    public NvmlReturn PowerSamples(nint device, ulong lastSeen, Span<NvmlSample> buffer, out NvmlValueType type, out uint count)
    {
        type = default;
        count = (uint)buffer.Length;
        nint function = Find("nvmlDeviceGetSamples");
        if (function == 0)
            return NvmlReturn.FunctionNotFound;
        fixed (NvmlValueType* valueType = &type)
        fixed (uint* number = &count)
        fixed (NvmlSample* samples = buffer)
            return ((delegate* unmanaged[Cdecl]<nint, int, ulong, NvmlValueType*, uint*, NvmlSample*, NvmlReturn>)function)(device, TotalPowerSamples, lastSeen, valueType, number, samples);
    }

    public string ErrorString(NvmlReturn code)
    {
        nint function = Find("nvmlErrorString");
        nint text = function == 0 ? 0 : (nint)((delegate* unmanaged[Cdecl]<NvmlReturn, byte*>)function)(code);
        return Marshal.PtrToStringUTF8(text) ?? code.ToString();
    }

    private static IEnumerable<string> Candidates()
    {
        if (!OperatingSystem.IsWindows())
            return ["libnvidia-ml.so.1", "libnvidia-ml.so"];
        string programFiles = Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles);
        return ["nvml.dll", Path.Combine(programFiles, "NVIDIA Corporation", "NVSMI", "nvml.dll")];
    }

    private bool TryLoad(out string? detail)
    {
        foreach (string name in Candidates())
        {
            if (NativeLibrary.TryLoad(name, out _library))
            {
                detail = null;
                return true;
            }
        }
        detail = $"{Candidates().First()} could not be loaded";
        return false;
    }

    private nint Find(string name)
    {
        if (_library == 0)
            return 0;
        if (!_functions.TryGetValue(name, out nint function))
        {
            _ = NativeLibrary.TryGetExport(_library, name, out function);
            _functions[name] = function;
        }
        return function;
    }

    private NvmlReturn Text(string name, nint device, out string value)
    {
        value = "";
        nint function = Find(name);
        if (function == 0)
            return NvmlReturn.FunctionNotFound;
        byte* text = stackalloc byte[TextLength];
        NvmlReturn code = ((delegate* unmanaged[Cdecl]<nint, byte*, uint, NvmlReturn>)function)(device, text, TextLength);
        if (code == NvmlReturn.Success)
            value = Marshal.PtrToStringUTF8((nint)text) ?? "";
        return code;
    }

    private NvmlReturn Number<T>(string name, nint device, out T value)
        where T : unmanaged
    {
        value = default;
        nint function = Find(name);
        fixed (T* number = &value)
            return function == 0 ? NvmlReturn.FunctionNotFound : ((delegate* unmanaged[Cdecl]<nint, T*, NvmlReturn>)function)(device, number);
    }
}
