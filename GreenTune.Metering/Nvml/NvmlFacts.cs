using System.Diagnostics;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Metering.Nvml;

/// <summary>
/// Reads a GPU's state and tells our processes from others'. NVML gives each process' utilisation, not its energy, so other processes' part of the power above
/// idle is modelled as their part of the utilisation. One thread at a time.
/// </summary>
internal sealed class NvmlFacts(INvml nvml, TimeProvider wall, Func<uint, bool> isOurs, bool knowsOwnPid)
{
    /// <summary>NVML_FI_DEV_POWER_AVERAGE: over one second.</summary>
    internal const uint PowerAverageField = 185;

    /// <summary>The memory's scope of a power field.</summary>
    internal const uint MemoryScope = 2;

    // nvml.h, nvmlClocksThrottleReason*.
    private static readonly (ulong Bit, string Name)[] Throttles =
    [
        (0x1, "gpuIdle"), (0x2, "applicationsClocksSetting"), (0x4, "swPowerCap"), (0x8, "hwSlowdown"), (0x10, "syncBoost"),
        (0x20, "swThermalSlowdown"), (0x40, "hwThermalSlowdown"), (0x80, "hwPowerBrakeSlowdown"), (0x100, "displayClockSetting"),
    ];

    private const int SmClock = 1;
    private const int MemoryClock = 2;
    private const int MostProcesses = 1024;

    private readonly NvmlProcess[] _processes = new NvmlProcess[MostProcesses];
    private readonly Dictionary<uint, double> _use = [];
    private NvmlProcessSample[] _samples = new NvmlProcessSample[256];
    private ulong _lastUse;
    private double _foreignShare;

    /// <summary>Other processes' part of the power above idle, 0 to 1; 0 while it is not known. Read by any thread.</summary>
    public double ForeignShare => Volatile.Read(ref _foreignShare);

    /// <summary>
    /// Whether the driver's process numbers are ours: not inside a container, which numbers its own. The first PID namespace of Linux has a fixed number
    /// (PROC_PID_INIT_INO in include/linux/proc_ns.h).
    /// </summary>
    public static bool SeesDriverPids()
    {
        if (!OperatingSystem.IsLinux())
            return true;
        try
        {
            return new FileInfo("/proc/self/ns/pid").LinkTarget == "pid:[4026531836]";
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public DeviceFacts? Read(nint device)
    {
        long start = Stopwatch.GetTimestamp();
        var reasons = new Dictionary<string, string>();
        NvmlReturn limitCode = nvml.EnforcedPowerLimit(device, out uint limit);
        if (limitCode is NvmlReturn.GpuIsLost or NvmlReturn.Uninitialized or NvmlReturn.InvalidArgument)
        {
            Volatile.Write(ref _foreignShare, 0);
            return null;
        }
        var migInstances = new List<string>();
        bool divided = nvml.MigMode(device, out uint mig) == NvmlReturn.Success && mig == 1;
        if (divided)
            _ = nvml.MigInstances(device, migInstances);
        (IReadOnlyList<ForeignProcess>? foreign, double? share) = Others(device, reasons);
        Volatile.Write(ref _foreignShare, share ?? 0);
        return new()
        {
            At = wall.GetUtcNow(),
            PowerLimitWatts = Known(limitCode, "powerLimitWatts", limit, reasons) is { } milliwatts ? new Watts(milliwatts / 1000) : null,
            InstantWatts = Power(device, NvmlPowerSource.PowerInstantField, 0, "instantWatts", reasons),
            AverageWatts = Power(device, PowerAverageField, 0, "averageWatts", reasons),
            MemoryWatts = Power(device, PowerAverageField, MemoryScope, "memoryWatts", reasons),
            SmClockMegahertz = Known(nvml.Clock(device, SmClock, out uint sm), "smClockMegahertz", sm, reasons),
            MemoryClockMegahertz = Known(nvml.Clock(device, MemoryClock, out uint memory), "memoryClockMegahertz", memory, reasons),
            TemperatureCelsius = Known(nvml.Temperature(device, out uint celsius), "temperatureCelsius", celsius, reasons),
            Utilization = Known(nvml.Utilization(device, out uint percent), "utilization", percent, reasons) / 100,
            ThrottleReasons = Known(nvml.ThrottleReasons(device, out ulong bits), "throttleReasons", bits, reasons) is null ? null : [.. Throttles.Where(one => (bits & one.Bit) != 0).Select(one => one.Name)],
            ForeignProcesses = foreign,
            ForeignShare = share,
            MigInstances = migInstances,
            ReadMilliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds,
            Reasons = reasons,
        };
    }

    private double? Known(NvmlReturn code, string name, double value, Dictionary<string, string> reasons)
    {
        if (code == NvmlReturn.Success)
            return value;
        reasons[name] = code == NvmlReturn.NotSupported ? "this GPU does not tell it" : NvmlDevices.Explain(nvml, code);
        return null;
    }

    private Watts? Power(nint device, uint id, uint scope, string name, Dictionary<string, string> reasons)
    {
        var field = new NvmlFieldValue { FieldId = id, ScopeId = scope };
        NvmlReturn code = nvml.FieldValue(device, ref field);
        if (code == NvmlReturn.Success)
            code = field.Return;
        double? milliwatts = code == NvmlReturn.Success ? field.Value.As(field.ValueType) : null;
        if (milliwatts is null && code == NvmlReturn.Success)
            code = NvmlReturn.NotSupported;
        return Known(code, name, milliwatts ?? 0, reasons) is { } known ? new Watts(known / 1000) : null;
    }

    private (IReadOnlyList<ForeignProcess>? Foreign, double? Share) Others(nint device, Dictionary<string, string> reasons)
    {
        NvmlReturn code = nvml.Processes(device, _processes, out uint count);
        if (code == NvmlReturn.InsufficientSize)
            (code, count) = (NvmlReturn.Success, MostProcesses);
        if (code != NvmlReturn.Success)
        {
            reasons["foreignProcesses"] = reasons["foreignShare"] = code == NvmlReturn.NotSupported ? "this GPU does not list its processes" : NvmlDevices.Explain(nvml, code);
            return (null, null);
        }
        Span<NvmlProcess> listed = _processes.AsSpan(0, (int)Math.Min(count, MostProcesses));
        // One process beside which there is no other must be this one.
        if (!knowsOwnPid && listed.Length <= 1)
            return ([], 0);
        if (!knowsOwnPid)
        {
            reasons["foreignProcesses"] = reasons["foreignShare"] = FormattableString.Invariant($"{listed.Length} processes use the GPU, and inside a container it cannot be told which of them is this one");
            return (null, null);
        }
        bool used = ReadUse(device, out NvmlReturn useCode);
        var foreign = new List<ForeignProcess>();
        foreach (ref readonly NvmlProcess process in listed)
        {
            if (!isOurs(process.Pid))
                foreign.Add(new(process.Pid, process.UsedMemory == ulong.MaxValue ? null : (long)process.UsedMemory, used ? _use.GetValueOrDefault(process.Pid) : null));
        }
        foreach ((uint pid, double use) in _use)
        {
            // What draws pictures is not among those that compute, and what has ended is among neither.
            if (used && !isOurs(pid) && !foreign.Exists(one => one.Pid == pid))
                foreign.Add(new(pid, null, use));
        }
        if (foreign.Count == 0)
            return (foreign, 0);
        if (!used)
        {
            reasons["foreignShare"] = useCode == NvmlReturn.NotSupported ? "this GPU does not tell its processes' utilisation" : NvmlDevices.Explain(nvml, useCode);
            return (foreign, null);
        }
        double all = 0, others = 0;
        foreach ((uint pid, double use) in _use)
        {
            all += use;
            if (!isOurs(pid))
                others += use;
        }
        return (foreign, all > 0 ? others / all : 0);
    }

    /// <summary>Mean utilisation of each process over the samples since the last call.</summary>
    private bool ReadUse(nint device, out NvmlReturn code)
    {
        code = nvml.ProcessUtilization(device, _lastUse, _samples, out uint count);
        if (code == NvmlReturn.InsufficientSize)
        {
            _samples = new NvmlProcessSample[Math.Clamp((int)count, 256, 1 << 16)];
            code = nvml.ProcessUtilization(device, _lastUse, _samples, out count);
        }
        if (code is NvmlReturn.NotFound or NvmlReturn.NoData)
        {
            // Nothing ran since.
            _use.Clear();
            return true;
        }
        if (code != NvmlReturn.Success)
            return false;
        var sums = new Dictionary<uint, (double Sum, int Count)>();
        foreach (ref readonly NvmlProcessSample sample in _samples.AsSpan(0, (int)Math.Min(count, (uint)_samples.Length)))
        {
            _lastUse = Math.Max(_lastUse, sample.TimeStamp);
            (double sum, int number) = sums.GetValueOrDefault(sample.Pid);
            // Per cent; entries that were never filled are zero throughout.
            if (sample.TimeStamp != 0 && sample.SmUtilization <= 100)
                sums[sample.Pid] = (sum + sample.SmUtilization / 100.0, number + 1);
        }
        _use.Clear();
        foreach ((uint pid, (double sum, int number)) in sums)
            _use[pid] = sum / number;
        return true;
    }
}
