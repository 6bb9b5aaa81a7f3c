using GreenTune.Core.Attribution;
using GreenTune.Metering.Sources;

namespace GreenTune.Metering.Nvml;

/// <summary>Finds the GPU to meter.</summary>
public static class NvmlDevices
{
    /// <summary>
    /// Opens the meter of a GPU. Never throws: what stands in the way becomes a source without a meter that names it.
    /// </summary>
    /// <param name="nvml">The library.</param>
    /// <param name="uuid">The GPU's UUID ("GPU-..."), or null for the machine's only one.</param>
    /// <param name="clock">The meter's clock.</param>
    /// <param name="pollPeriod">How often the sampler will read it.</param>
    public static IPowerSource Open(INvml nvml, string? uuid, TimeProvider clock, TimeSpan pollPeriod)
    {
        NvmlReturn code = nvml.Initialize(out string? detail);
        if (code != NvmlReturn.Success)
            return None(uuid, Explain(nvml, code, detail));
        if (Find(nvml, uuid, out nint device) is { } problem)
        {
            nvml.Shutdown();
            return None(uuid, problem);
        }
        var source = new NvmlPowerSource(nvml, device, clock, pollPeriod);
        if (source.Unusable is not { } reason)
            return source;
        source.Dispose();
        return None(source.DeviceId, reason);
    }

    /// <summary>What a code means and what to do about it, as a sentence part.</summary>
    internal static string Explain(INvml nvml, NvmlReturn code, string? detail = null) => code switch
    {
        NvmlReturn.LibraryNotFound => $"NVIDIA's management library is not installed ({detail ?? "libnvidia-ml.so.1"}): install the NVIDIA driver, or give the container the \"utility\" driver capability",
        NvmlReturn.DriverNotLoaded => "the NVIDIA driver is not loaded",
        NvmlReturn.NoPermission => "the NVIDIA driver refuses this user access to the GPU's power (permission)",
        NvmlReturn.GpuIsLost => "the GPU has fallen off the bus",
        NvmlReturn.ResetRequired => "the GPU needs a reset",
        NvmlReturn.LibRmVersionMismatch => "the NVIDIA driver and its library differ in version: reboot after the update",
        NvmlReturn.NotSupported => "this GPU does not report its power",
        NvmlReturn.FunctionNotFound => "this NVIDIA driver is too old",
        _ => $"NVML says {(int)code}, {nvml.ErrorString(code)}",
    };

    private static UnavailablePowerSource None(string? uuid, string reason) => new(uuid ?? "gpu-0", "GPU", DeviceComponent.Gpu, reason);

    private static string? Find(INvml nvml, string? uuid, out nint device)
    {
        device = 0;
        NvmlReturn code;
        if (uuid is not null)
        {
            code = nvml.DeviceByUuid(uuid, out device);
            return code switch
            {
                NvmlReturn.Success => null,
                NvmlReturn.NotFound or NvmlReturn.InvalidArgument => $"there is no GPU {uuid} on this machine; it has {List(nvml)}",
                _ => Explain(nvml, code),
            };
        }
        code = nvml.DeviceCount(out uint count);
        if (code != NvmlReturn.Success)
            return Explain(nvml, code);
        if (count == 0)
            return "the NVIDIA driver sees no GPU";
        // CUDA's order of devices is not NVML's: guessing would meter the wrong one.
        if (count > 1)
            return $"this machine has {count} GPUs: set Metering:Nvml:Uuid to the one that serves, one of {List(nvml)}";
        code = nvml.DeviceByIndex(0, out device);
        return code == NvmlReturn.Success ? null : Explain(nvml, code);
    }

    private static string List(INvml nvml)
    {
        var uuids = new List<string>();
        if (nvml.DeviceCount(out uint count) == NvmlReturn.Success)
        {
            for (uint i = 0; i < count; i++)
            {
                if (nvml.DeviceByIndex(i, out nint device) == NvmlReturn.Success && nvml.Uuid(device, out string uuid) == NvmlReturn.Success)
                    uuids.Add(uuid);
            }
        }
        return uuids.Count > 0 ? string.Join(", ", uuids) : "none";
    }
}
