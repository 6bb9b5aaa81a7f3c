namespace GreenTune.Metering.Nvml;

/// <summary>
/// The calls of the NVIDIA Management Library that metering needs, as its API reference documents them
/// (https://docs.nvidia.com/deploy/nvml-api/). A seam: tests put a fake behind it.
/// </summary>
public interface INvml
{
    /// <summary>Loads the library and connects to the driver (nvmlInit_v2).</summary>
    /// <param name="detail">What failed when the library itself could not be loaded.</param>
    NvmlReturn Initialize(out string? detail);

    /// <summary>nvmlShutdown.</summary>
    void Shutdown();

    /// <summary>nvmlDeviceGetCount_v2.</summary>
    NvmlReturn DeviceCount(out uint count);

    /// <summary>nvmlDeviceGetHandleByIndex_v2.</summary>
    NvmlReturn DeviceByIndex(uint index, out nint device);

    /// <summary>nvmlDeviceGetHandleByUUID.</summary>
    NvmlReturn DeviceByUuid(string uuid, out nint device);

    /// <summary>nvmlDeviceGetUUID.</summary>
    NvmlReturn Uuid(nint device, out string uuid);

    /// <summary>nvmlDeviceGetName.</summary>
    NvmlReturn Name(nint device, out string name);

    /// <summary>nvmlSystemGetDriverVersion.</summary>
    NvmlReturn DriverVersion(out string version);

    /// <summary>nvmlDeviceGetEnforcedPowerLimit, in milliwatts.</summary>
    NvmlReturn EnforcedPowerLimit(nint device, out uint milliwatts);

    /// <summary>nvmlDeviceGetTotalEnergyConsumption: millijoules since the driver was loaded.</summary>
    NvmlReturn TotalEnergy(nint device, out ulong millijoules);

    /// <summary>nvmlDeviceGetPowerUsage, in milliwatts; on GPUs newer than GA100 an average over 1 s.</summary>
    NvmlReturn PowerUsage(nint device, out uint milliwatts);

    /// <summary>nvmlDeviceGetFieldValues for one field.</summary>
    NvmlReturn FieldValue(nint device, ref NvmlFieldValue value);

    /// <summary>nvmlDeviceGetSamples of NVML_TOTAL_POWER_SAMPLES.</summary>
    /// <param name="device">The device.</param>
    /// <param name="lastSeen">Only samples after this time stamp are returned; 0 for all.</param>
    /// <param name="buffer">Receives the samples. Empty asks for the number that a buffer has to hold.</param>
    /// <param name="type">How the values are to be read.</param>
    /// <param name="count">How many were written, or are to be made room for.</param>
    NvmlReturn PowerSamples(nint device, ulong lastSeen, Span<NvmlSample> buffer, out NvmlValueType type, out uint count);

    /// <summary>nvmlDeviceGetClockInfo, in MHz: 1 is the SMs' clock, 2 the memory's.</summary>
    NvmlReturn Clock(nint device, int clock, out uint megahertz)
    {
        megahertz = 0;
        return NvmlReturn.FunctionNotFound;
    }

    /// <summary>nvmlDeviceGetTemperature of the GPU, in degrees Celsius.</summary>
    NvmlReturn Temperature(nint device, out uint celsius)
    {
        celsius = 0;
        return NvmlReturn.FunctionNotFound;
    }

    /// <summary>nvmlDeviceGetCurrentClocksThrottleReasons: bits as nvml.h's nvmlClocksThrottleReason constants.</summary>
    NvmlReturn ThrottleReasons(nint device, out ulong reasons)
    {
        reasons = 0;
        return NvmlReturn.FunctionNotFound;
    }

    /// <summary>nvmlDeviceGetUtilizationRates: per cent of the time with a kernel running.</summary>
    NvmlReturn Utilization(nint device, out uint gpuPercent)
    {
        gpuPercent = 0;
        return NvmlReturn.FunctionNotFound;
    }

    /// <summary>nvmlDeviceGetProcessUtilization.</summary>
    /// <param name="device">The device.</param>
    /// <param name="lastSeen">Only samples after this time stamp are returned; 0 for all.</param>
    /// <param name="buffer">Receives the samples. Empty asks for the number that a buffer has to hold.</param>
    /// <param name="count">How many were written, or are to be made room for.</param>
    NvmlReturn ProcessUtilization(nint device, ulong lastSeen, Span<NvmlProcessSample> buffer, out uint count)
    {
        count = 0;
        return NvmlReturn.FunctionNotFound;
    }

    /// <summary>nvmlDeviceGetComputeRunningProcesses_v3.</summary>
    /// <param name="device">The device.</param>
    /// <param name="buffer">Receives the processes.</param>
    /// <param name="count">How many there are.</param>
    NvmlReturn Processes(nint device, Span<NvmlProcess> buffer, out uint count)
    {
        count = 0;
        return NvmlReturn.FunctionNotFound;
    }

    /// <summary>nvmlDeviceGetMigMode: 1 when the GPU is divided into instances.</summary>
    NvmlReturn MigMode(nint device, out uint current)
    {
        current = 0;
        return NvmlReturn.FunctionNotFound;
    }

    /// <summary>nvmlDeviceGetDeviceHandleFromMigDeviceHandle.</summary>
    NvmlReturn MigParent(nint instance, out nint device)
    {
        device = 0;
        return NvmlReturn.FunctionNotFound;
    }

    /// <summary>The UUIDs of a GPU's MIG instances (nvmlDeviceGetMaxMigDeviceCount, nvmlDeviceGetMigDeviceHandleByIndex, nvmlDeviceGetUUID).</summary>
    NvmlReturn MigInstances(nint device, List<string> uuids) => NvmlReturn.FunctionNotFound;

    /// <summary>The driver's words for a code (nvmlErrorString).</summary>
    string ErrorString(NvmlReturn code);
}
