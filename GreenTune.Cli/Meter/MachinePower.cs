using GreenTune.Core.Attribution;
using GreenTune.Metering;
using GreenTune.Metering.Cpu;
using GreenTune.Metering.Sources;

namespace GreenTune.Cli.Meter;

/// <summary>Which parts of a machine are metered.</summary>
internal enum DeviceChoice
{
    All,
    Cpu,
    Gpu,
}

/// <summary>Processes whose energy is told apart from that of other programs.</summary>
/// <param name="CpuTimes">Their CPU time, and the machine's.</param>
/// <param name="Contains">Whether a process, by its number, is one of them.</param>
internal sealed record MeteredProcesses(Func<ICpuTimes> CpuTimes, Func<uint, bool> Contains);

/// <summary>Opens what a machine's power can be read by. A seam: tests put simulated devices behind it.</summary>
internal interface IMachinePower
{
    /// <summary>One source for each device of the choice; one that cannot be read is there too, with the reason. The caller disposes them.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="choice">Which devices.</param>
    /// <param name="gpu">A GPU's UUID; null for all.</param>
    /// <param name="whose">Whose energy is not that of other programs; null for this process's.</param>
    IReadOnlyList<IPowerSource> Open(MeteringOptions options, DeviceChoice choice, string? gpu, MeteredProcesses? whose);

    /// <summary>CPU times of the machine and of this process. The caller disposes them where they can be.</summary>
    ICpuTimes CpuTimes();
}

/// <summary>This machine.</summary>
internal sealed class MachinePower : IMachinePower
{
    public IReadOnlyList<IPowerSource> Open(MeteringOptions options, DeviceChoice choice, string? gpu, MeteredProcesses? whose)
    {
        var factory = new MeterFactory(options) { ReadCpuTimes = whose?.CpuTimes ?? Metering.Cpu.CpuTimes.ForThisSystem, IsOurs = whose?.Contains };
        // A source that was named is one device, whatever else there is.
        if (!string.Equals(options.Source, "auto", StringComparison.OrdinalIgnoreCase))
            return [factory.OpenSource(IsGpu(options.Source) || choice == DeviceChoice.Gpu ? DeviceComponent.Gpu : DeviceComponent.Cpu, gpu)];
        var sources = new List<IPowerSource>();
        if (choice != DeviceChoice.Gpu)
            sources.Add(factory.OpenSource(DeviceComponent.Cpu));
        if (choice != DeviceChoice.Cpu)
        {
            IReadOnlyList<string> gpus = gpu is not null || options.Nvml.Uuid is not null ? [gpu ?? options.Nvml.Uuid!] : factory.FindGpus(out _);
            // Without one the source says why.
            foreach (string? uuid in gpus.Count == 0 ? new string?[] { null } : [.. gpus])
                sources.Add(factory.OpenSource(DeviceComponent.Gpu, uuid));
        }
        return sources;
    }

    public ICpuTimes CpuTimes() => Metering.Cpu.CpuTimes.ForThisSystem();

    private static bool IsGpu(string source) => source.ToLowerInvariant() is "nvml" or "dcgm";
}
