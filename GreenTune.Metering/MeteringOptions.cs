namespace GreenTune.Metering;

/// <summary>Options of the power meter, section "Metering".</summary>
public sealed class MeteringOptions
{
    public const string Section = "Metering";

    internal static readonly string[] Sources = ["auto", "nvml", "cpu", "none", "simulated"];

    /// <summary>
    /// What is read: "auto" (the device's own meter: NVML for a GPU, the estimate for a CPU), "nvml", "cpu" (estimate from utilisation), "none" or "simulated".
    /// </summary>
    /// <value>"auto".</value>
    public string Source { get; set; } = "auto";

    /// <summary>Time between readings, in milliseconds, 5 to 1000.</summary>
    /// <value>50.</value>
    public int PeriodMilliseconds { get; set; } = 50;

    /// <summary>How long a measured idle baseline is believed, in minutes, at least 1.</summary>
    /// <value>60.</value>
    public double BaselineExpiryMinutes { get; set; } = 60;

    public CpuOptions Cpu { get; set; } = new();

    public NvmlOptions Nvml { get; set; } = new();

    public SimulatedOptions Simulated { get; set; } = new();

    /// <summary>Everything that is wrong, each with its key and an example; empty when all is well.</summary>
    public IReadOnlyList<string> Validate()
    {
        var wrong = new List<string>();
        if (!Sources.Contains(Source, StringComparer.OrdinalIgnoreCase))
            wrong.Add($"Metering:Source is \"{Source}\", but must be one of {string.Join(", ", Sources)}, for example Metering:Source=auto.");
        if (PeriodMilliseconds is < 5 or > 1000)
            wrong.Add($"Metering:PeriodMilliseconds is {PeriodMilliseconds}, but must be from 5 to 1000, for example Metering:PeriodMilliseconds=50.");
        if (!(BaselineExpiryMinutes >= 1) || double.IsInfinity(BaselineExpiryMinutes))
            wrong.Add(FormattableString.Invariant($"Metering:BaselineExpiryMinutes is {BaselineExpiryMinutes}, but must be at least 1, for example Metering:BaselineExpiryMinutes=60."));
        if (Cpu.TdpWatts is { } tdp && !(tdp is > 0 and <= 2000))
            wrong.Add(FormattableString.Invariant($"Metering:Cpu:TdpWatts is {tdp}, but must be above 0 and at most 2000 (the package's thermal design power), for example Metering:Cpu:TdpWatts=205."));
        if (Cpu.Cores is { } cores && cores is < 1 or > 4096)
            wrong.Add($"Metering:Cpu:Cores is {Cpu.Cores}, but must be from 1 to 4096 (the package's physical cores), for example Metering:Cpu:Cores=26.");
        if (Nvml.Uuid is { } uuid && !(uuid.StartsWith("GPU-", StringComparison.Ordinal) || uuid.StartsWith("MIG-", StringComparison.Ordinal)))
            wrong.Add($"Metering:Nvml:Uuid is \"{uuid}\", but must be a GPU's UUID as nvidia-smi -L lists it, for example Metering:Nvml:Uuid=GPU-8f6d1a2e-....");
        if (!(Simulated.IdleWatts >= 0 && Simulated.BusyWatts >= Simulated.IdleWatts && Simulated.BusyWatts <= 1e5))
            wrong.Add(FormattableString.Invariant($"Metering:Simulated has IdleWatts {Simulated.IdleWatts} and BusyWatts {Simulated.BusyWatts}, but needs 0 <= IdleWatts <= BusyWatts, for example Metering:Simulated:IdleWatts=100 and Metering:Simulated:BusyWatts=400."));
        return wrong;
    }
}

/// <summary>Options of the CPU estimate, section "Metering:Cpu".</summary>
public sealed class CpuOptions
{
    /// <summary>Thermal design power of the whole package, in watts.</summary>
    /// <value>By model from a table, else by core.</value>
    public double? TdpWatts { get; set; }

    /// <summary>Physical cores of the whole package, of which this machine may see some.</summary>
    /// <value>By model from a table, else what this machine sees.</value>
    public int? Cores { get; set; }
}

/// <summary>Options of NVML, section "Metering:Nvml".</summary>
public sealed class NvmlOptions
{
    /// <summary>UUID of the GPU to meter, needed where a machine has several.</summary>
    /// <value>The only one.</value>
    public string? Uuid { get; set; }
}

/// <summary>Options of the simulated device, section "Metering:Simulated".</summary>
public sealed class SimulatedOptions
{
    /// <summary>Power at rest, in watts.</summary>
    /// <value>100.</value>
    public double IdleWatts { get; set; } = 100;

    /// <summary>Power while this process keeps every CPU busy, in watts.</summary>
    /// <value>400.</value>
    public double BusyWatts { get; set; } = 400;
}
