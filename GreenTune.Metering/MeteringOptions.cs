using GreenTune.Metering.Simulated;

namespace GreenTune.Metering;

/// <summary>Options of the power meter, section "Metering".</summary>
public sealed class MeteringOptions
{
    public const string Section = "Metering";

    internal static readonly string[] Sources = ["auto", "nvml", "rapl", "cpu", "dcgm", "none", "simulated", "replay"];

    /// <summary>
    /// What is read: "auto" (the device's own meter: NVML for a GPU; for a CPU RAPL where it can be read, else the estimate), "nvml", "rapl", "cpu" (estimate
    /// from utilisation), "dcgm" (Metering:Dcgm:Url), "none", "simulated" or "replay" (Metering:Replay:File).
    /// </summary>
    /// <value>"auto".</value>
    public string Source { get; set; } = "auto";

    /// <summary>Time between readings, in milliseconds, 5 to 1000.</summary>
    /// <value>50.</value>
    public int PeriodMilliseconds { get; set; } = 50;

    /// <summary>How long a measured idle baseline is believed, in minutes, at least 1.</summary>
    /// <value>60.</value>
    public double BaselineExpiryMinutes { get; set; } = 60;

    /// <summary>File in which measured baselines are remembered from run to run.</summary>
    /// <value>None; the inference service keeps them in its data directory.</value>
    public string? BaselineFile { get; set; }

    public CpuOptions Cpu { get; set; } = new();

    public NvmlOptions Nvml { get; set; } = new();

    public SimulatedOptions Simulated { get; set; } = new();

    public DcgmOptions Dcgm { get; set; } = new();

    public ReplayOptions Replay { get; set; } = new();

    public RecordingOptions Recording { get; set; } = new();

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
        Simulated.Validate(wrong);
        if (string.Equals(Source, "replay", StringComparison.OrdinalIgnoreCase) && string.IsNullOrWhiteSpace(Replay.File))
            wrong.Add("Metering:Replay:File is not set, but Metering:Source=replay needs a recording, for example Metering:Replay:File=run.greentrace.");
        bool dcgm = string.Equals(Source, "dcgm", StringComparison.OrdinalIgnoreCase);
        if ((dcgm || Dcgm.Url is not null) && !(Uri.TryCreate(Dcgm.Url, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0))
            wrong.Add($"Metering:Dcgm:Url is \"{Dcgm.Url}\", but must be the http or https address of a dcgm-exporter's page, for example Metering:Dcgm:Url=http://node7:9400/metrics.");
        if (!(Dcgm.CollectSeconds is >= 0.1 and <= 300))
            wrong.Add(FormattableString.Invariant($"Metering:Dcgm:CollectSeconds is {Dcgm.CollectSeconds}, but must be from 0.1 to 300, for example Metering:Dcgm:CollectSeconds=1."));
        if (Recording.MaxMegabytes is < 1 or > 100_000)
            wrong.Add($"Metering:Recording:MaxMegabytes is {Recording.MaxMegabytes}, but must be from 1 to 100000, for example Metering:Recording:MaxMegabytes=256.");
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

/// <summary>Options of a GPU that is metered by a dcgm-exporter, section "Metering:Dcgm".</summary>
public sealed class DcgmOptions
{
    /// <summary>Address of the exporter's page, for example "http://node7:9400/metrics". Redirects are not followed.</summary>
    public string? Url { get; set; }

    /// <summary>The GPU's UUID or its number on its node, needed where the page has several.</summary>
    /// <value>The only one.</value>
    public string? Uuid { get; set; }

    /// <summary>How often the exporter renews its values, in seconds, 0.1 to 300: its option --collect-interval, whose own default is 30 s.</summary>
    /// <value>30.</value>
    public double CollectSeconds { get; set; } = 30;
}

/// <summary>Options of a replayed trace, section "Metering:Replay".</summary>
public sealed class ReplayOptions
{
    /// <summary>A recording of a meter (.greentrace), or lines "seconds,watts,joules" in which watts or joules may be empty.</summary>
    public string? File { get; set; }
}

/// <summary>Options of recording what the meter takes, section "Metering:Recording"; see docs/meter-recording.md.</summary>
public sealed class RecordingOptions
{
    /// <summary>The file, overwritten at each start. A second device of the same service gets "-2" before the extension.</summary>
    /// <value>None: nothing is recorded.</value>
    public string? File { get; set; }

    /// <summary>Size at which the recording ends, in MB (1e6 bytes).</summary>
    /// <value>256.</value>
    public int MaxMegabytes { get; set; } = 256;

    /// <summary>What is recorded, for people.</summary>
    public string? Note { get; set; }
}
