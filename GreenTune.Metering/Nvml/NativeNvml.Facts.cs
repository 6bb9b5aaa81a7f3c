namespace GreenTune.Metering.Nvml;

/// <content>What is asked about once a second.</content>
public sealed unsafe partial class NativeNvml
{
    // NVML_TEMPERATURE_GPU.
    private const int GpuSensor = 0;

    public NvmlReturn Clock(nint device, int clock, out uint megahertz)
    {
        megahertz = 0;
        nint function = Find("nvmlDeviceGetClockInfo");
        fixed (uint* value = &megahertz)
            return function == 0 ? NvmlReturn.FunctionNotFound : ((delegate* unmanaged[Cdecl]<nint, int, uint*, NvmlReturn>)function)(device, clock, value);
    }

    public NvmlReturn Temperature(nint device, out uint celsius)
    {
        celsius = 0;
        nint function = Find("nvmlDeviceGetTemperature");
        fixed (uint* value = &celsius)
            return function == 0 ? NvmlReturn.FunctionNotFound : ((delegate* unmanaged[Cdecl]<nint, int, uint*, NvmlReturn>)function)(device, GpuSensor, value);
    }

    public NvmlReturn ThrottleReasons(nint device, out ulong reasons) => Number("nvmlDeviceGetCurrentClocksThrottleReasons", device, out reasons);

    public NvmlReturn Utilization(nint device, out uint gpuPercent)
    {
        // nvmlUtilization_t: two unsigned ints, gpu and memory.
        NvmlReturn code = Number("nvmlDeviceGetUtilizationRates", device, out ulong both);
        gpuPercent = (uint)both;
        return code;
    }

    public NvmlReturn ProcessUtilization(nint device, ulong lastSeen, Span<NvmlProcessSample> buffer, out uint count)
    {
        count = (uint)buffer.Length;
        nint function = Find("nvmlDeviceGetProcessUtilization");
        fixed (NvmlProcessSample* samples = buffer)
        fixed (uint* number = &count)
            return function == 0 ? NvmlReturn.FunctionNotFound : ((delegate* unmanaged[Cdecl]<nint, NvmlProcessSample*, uint*, ulong, NvmlReturn>)function)(device, samples, number, lastSeen);
    }

    public NvmlReturn Processes(nint device, Span<NvmlProcess> buffer, out uint count)
    {
        count = (uint)buffer.Length;
        nint function = Find("nvmlDeviceGetComputeRunningProcesses_v3");
        fixed (NvmlProcess* processes = buffer)
        fixed (uint* number = &count)
            return function == 0 ? NvmlReturn.FunctionNotFound : ((delegate* unmanaged[Cdecl]<nint, uint*, NvmlProcess*, NvmlReturn>)function)(device, number, processes);
    }

    public NvmlReturn MigMode(nint device, out uint current)
    {
        current = 0;
        uint pending;
        nint function = Find("nvmlDeviceGetMigMode");
        fixed (uint* value = &current)
            return function == 0 ? NvmlReturn.FunctionNotFound : ((delegate* unmanaged[Cdecl]<nint, uint*, uint*, NvmlReturn>)function)(device, value, &pending);
    }

    public NvmlReturn MigParent(nint instance, out nint device) => Number("nvmlDeviceGetDeviceHandleFromMigDeviceHandle", instance, out device);

    public NvmlReturn MigInstances(nint device, List<string> uuids)
    {
        NvmlReturn code = Number("nvmlDeviceGetMaxMigDeviceCount", device, out uint most);
        nint function = Find("nvmlDeviceGetMigDeviceHandleByIndex");
        if (code != NvmlReturn.Success || function == 0)
            return code == NvmlReturn.Success ? NvmlReturn.FunctionNotFound : code;
        for (uint i = 0; i < most; i++)
        {
            nint instance;
            // Slots without an instance answer that there is none.
            if (((delegate* unmanaged[Cdecl]<nint, uint, nint*, NvmlReturn>)function)(device, i, &instance) == NvmlReturn.Success && Uuid(instance, out string uuid) == NvmlReturn.Success)
                uuids.Add(uuid);
        }
        return NvmlReturn.Success;
    }
}
