using GreenTune.Core.Attribution;
using GreenTune.Metering.Cpu;
using GreenTune.Metering.Nvml;
using GreenTune.Metering.Sources;

namespace GreenTune.Metering;

/// <content>For programs that meter something else than themselves.</content>
public sealed partial class MeterFactory
{
    /// <summary>CPU times by which the CPU's power is told apart from that of other processes; this process's own where nobody says otherwise.</summary>
    public Func<ICpuTimes> ReadCpuTimes { get; init; } = CpuTimes.ForThisSystem;

    /// <summary>Which processes, by the operating system's number, are not others' on a GPU; null for this one alone. Called on the sampler's thread.</summary>
    public Func<uint, bool>? IsOurs { get; init; }

    /// <summary>Opens a source without a meter around it. Never fails: what stands in the way is in its description.</summary>
    /// <param name="component">What is metered.</param>
    /// <param name="gpuUuid">Which GPU; Metering:Nvml:Uuid goes before it.</param>
    public IPowerSource OpenSource(DeviceComponent component, string? gpuUuid = null) =>
        Open(component, gpuUuid, TimeSpan.FromMilliseconds(_options.PeriodMilliseconds));

    /// <summary>UUIDs of the GPUs that NVIDIA's driver sees.</summary>
    /// <param name="problem">Why there are none, as a sentence part; null when there are some.</param>
    public IReadOnlyList<string> FindGpus(out string? problem)
    {
        INvml nvml = _nvml();
        NvmlReturn code = nvml.Initialize(out string? detail);
        if (code != NvmlReturn.Success)
        {
            problem = NvmlDevices.Explain(nvml, code, detail);
            return [];
        }
        var uuids = new List<string>();
        code = nvml.DeviceCount(out uint count);
        for (uint i = 0; code == NvmlReturn.Success && i < count; i++)
        {
            if (nvml.DeviceByIndex(i, out nint device) == NvmlReturn.Success && nvml.Uuid(device, out string uuid) == NvmlReturn.Success)
                uuids.Add(uuid);
        }
        problem = uuids.Count > 0 ? null : code == NvmlReturn.Success ? "the NVIDIA driver sees no GPU" : NvmlDevices.Explain(nvml, code);
        nvml.Shutdown();
        return uuids;
    }
}
