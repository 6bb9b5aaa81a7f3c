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

/// <summary>Opens what a machine's power can be read by. A seam: tests put simulated devices behind it.</summary>
internal interface IMachinePower
{
    /// <summary>One source for each device of the choice; one that cannot be read is there too, with the reason. The caller disposes them.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="choice">Which devices.</param>
    /// <param name="gpu">A GPU's UUID; null for all.</param>
    /// <param name="cpuTimes">Whose CPU time is "ours"; null for this process's own.</param>
    IReadOnlyList<IPowerSource> Open(MeteringOptions options, DeviceChoice choice, string? gpu, Func<ICpuTimes>? cpuTimes);

    /// <summary>CPU times of the machine and of this process. The caller disposes them where they can be.</summary>
    ICpuTimes CpuTimes();
}

/// <summary>This machine.</summary>
internal sealed class MachinePower : IMachinePower
{
    public IReadOnlyList<IPowerSource> Open(MeteringOptions options, DeviceChoice choice, string? gpu, Func<ICpuTimes>? cpuTimes)
    {
        var factory = new MeterFactory(options) { ReadCpuTimes = cpuTimes ?? Metering.Cpu.CpuTimes.ForThisSystem };
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
