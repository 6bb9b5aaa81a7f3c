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
    /// <param name="isOurs">Which processes, by their number, are not others'; null for this process alone.</param>
    public static IPowerSource Open(INvml nvml, string? uuid, TimeProvider clock, TimeSpan pollPeriod, Func<uint, bool>? isOurs = null) =>
        Open(nvml, uuid, clock, pollPeriod, static () => CudaDevices.Uuid(0), NvmlFacts.SeesDriverPids(), isOurs);

    /// <param name="nvml">The library.</param>
    /// <param name="uuid">The GPU's UUID, or null for the machine's only one or CUDA's first.</param>
    /// <param name="clock">The meter's clock.</param>
    /// <param name="pollPeriod">How often the sampler will read it.</param>
    /// <param name="cuda">UUID of the GPU that CUDA uses unless told otherwise, without prefix.</param>
    /// <param name="seesDriverPids">The driver's process numbers are the operating system's.</param>
    /// <param name="isOurs">Which processes, by their number, are not others'; null for this process alone.</param>
    internal static IPowerSource Open(INvml nvml, string? uuid, TimeProvider clock, TimeSpan pollPeriod, Func<string?> cuda, bool seesDriverPids, Func<uint, bool>? isOurs = null)
    {
        NvmlReturn code = nvml.Initialize(out string? detail);
        if (code != NvmlReturn.Success)
            return None(uuid, Explain(nvml, code, detail));
        string? problem = Find(nvml, uuid, cuda, out nint device);
        NvmlTarget target = default;
        if (problem is null)
            (target, problem) = Tenancy(nvml, new(device, null, seesDriverPids, isOurs ?? IsThisProcess, 0, ""), pollPeriod, clock);
        if (problem is not null)
        {
            nvml.Shutdown();
            return None(uuid, problem);
        }
        var source = new NvmlPowerSource(nvml, target, clock, pollPeriod);
        if (source.Unusable is not { } reason)
            return source;
        source.Dispose();
        return None(source.DeviceId, reason);
    }

    /// <summary>
    /// What of a GPU this service may be charged with. A GPU divided by MIG tells the power of all its instances together: it is metered for the only
    /// instance on it, and not at all where there are several, unless the instance tells its own.
    /// </summary>
    private static (NvmlTarget Target, string? Problem) Tenancy(INvml nvml, NvmlTarget whole, TimeSpan pollPeriod, TimeProvider clock)
    {
        nint device = whole.Device;
        bool isInstance = nvml.MigParent(device, out nint parent) == NvmlReturn.Success && parent != 0;
        if (!isInstance)
            parent = device;
        if (nvml.MigMode(parent, out uint divided) != NvmlReturn.Success || divided != 1)
            return (whole, null);
        if (isInstance && new NvmlPowerSource(nvml, whole, clock, pollPeriod).Unusable is null)
            return (whole with { Note = " A MIG instance with a power reading of its own." }, null);
        var instances = new List<string>();
        _ = nvml.MigInstances(parent, instances);
        if (instances.Count > 1)
            return (default, FormattableString.Invariant($"MIG divides the GPU into {instances.Count} instances ({string.Join(", ", instances)}), and the driver tells their power only together: give this service the GPU's only instance, or switch MIG off"));
        string? id = isInstance && nvml.Uuid(device, out string uuid) == NvmlReturn.Success ? uuid : null;
        return (whole with { Device = parent, Id = id, InstancesAllowed = 1, Note = " MIG: the power is the whole GPU's, of which this is the only instance." }, null);
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

    private static bool IsThisProcess(uint pid) => pid == Environment.ProcessId;

    private static UnavailablePowerSource None(string? uuid, string reason) => new(uuid ?? "gpu-0", "GPU", DeviceComponent.Gpu, reason);

    private static string? Find(INvml nvml, string? uuid, Func<string?> cuda, out nint device)
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
        // CUDA's order of devices is not NVML's, nor are all of NVML's CUDA's: the UUID alone tells.
        if (count > 1 && cuda() is { } used && (nvml.DeviceByUuid($"GPU-{used}", out device) == NvmlReturn.Success || nvml.DeviceByUuid($"MIG-{used}", out device) == NvmlReturn.Success))
            return null;
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

/// <summary>What is to be metered.</summary>
/// <param name="Device">NVML's handle.</param>
/// <param name="Id">What it is called, when not by its own UUID.</param>
/// <param name="SeesDriverPids">The driver's process numbers are the operating system's.</param>
/// <param name="IsOurs">Which of them are not others'.</param>
/// <param name="InstancesAllowed">More MIG instances than these make its power meaningless; 0 when that does not matter.</param>
/// <param name="Note">Added to the explanation.</param>
internal readonly record struct NvmlTarget(nint Device, string? Id, bool SeesDriverPids, Func<uint, bool> IsOurs, int InstancesAllowed, string Note);
