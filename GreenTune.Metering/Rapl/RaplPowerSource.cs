using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering.Cpu;
using GreenTune.Metering.Files;
using GreenTune.Metering.Sources;

namespace GreenTune.Metering.Rapl;

/// <summary>
/// Packages and memory of a machine by RAPL, which the kernel shows under /sys/class/powercap. The files stay open, so that a reading costs a few
/// microseconds and allocates nothing. RAPL counts the whole machine: the part above idle that other processes cause is modelled by CPU time.
/// </summary>
public sealed class RaplPowerSource : IPowerSource
{
    internal const string Root = "/sys/class/powercap";

    /// <summary>
    /// 1 sigma, relative, for Intel since Haswell, whose counters come from the voltage regulators' own current measurement. No maker publishes a figure;
    /// validations against external meters found a few per cent for packages and up to 20 % for DRAM (docs/decisions/022).
    /// </summary>
    internal const double IntelGain = 0.05;

    /// <summary>1 sigma, relative, for AMD, whose counters are modelled from activity and miss what depends on data (docs/decisions/022).</summary>
    internal const double OtherGain = 0.1;

    // The registers change about once a millisecond, by 2^-14 J (61 microjoules) on most models.
    private const double UpdateSeconds = 0.001;
    private const double Quantum = 6.1e-5;

    private readonly Zone[] _zones;
    private readonly CpuRates? _rates;
    private readonly IdleFloor _floor;
    private readonly byte[] _buffer = new byte[64];
    private MonotonicTime? _last;
    private double _joules;
    private double _dram;
    private double _other;
    private string? _fault;

    private RaplPowerSource(Zone[] zones, CpuTopology topology, CpuOptions options, ICpuTimes? times)
    {
        _zones = zones;
        _rates = times is null ? null : new(times, topology.LogicalCpus);
        (double tdp, _) = CpuEstimateSource.SharedTdp(topology, options);
        var idle = new Watts(new CpuPowerModel(tdp).IdleWatts);
        _floor = new(idle);
        int packages = zones.Count(zone => zone.Domain == RaplDomain.Package), memories = zones.Count(zone => zone.Domain == RaplDomain.Dram);
        bool intel = topology.Name.Contains("Intel", StringComparison.OrdinalIgnoreCase);
        string what = packages == 0 ? "the platform (psys), which holds the processors and more" : memories > 0 ? $"{Count(packages, "package")} and {Count(memories, "memory zone")}" : $"{Count(packages, "package")}, without {(packages == 1 ? "its" : "their")} memory";
        double gain = intel ? IntelGain : OtherGain;
        Description = new()
        {
            DeviceId = "cpu-0",
            DeviceName = topology.Name,
            Component = DeviceComponent.Cpu,
            Meter = "rapl",
            Boundary = packages == 0 ? "host" : "package",
            Quality = EnergyQuality.Measured,
            GainRelative = gain,
            Explanation = FormattableString.Invariant($"RAPL: {what}; +-{100 * gain:0} % of reading. {(_rates is null ? "Other processes are not told apart." : "What other processes cause is modelled by their CPU time.")}"),
            Kinds = ReadingKinds.Counter,
            ReadOnDemand = true,
            CounterQuantum = Quantum * zones.Length,
            CounterLatchSeconds = UpdateSeconds / Trapezoid.WidthOverSigma,
            TellsDram = memories > 0,
            AssumedIdle = idle,
            AssumedIdleSigma = new(0.5 * idle.Value),
        };

        static string Count(int number, string noun) => FormattableString.Invariant($"{number} {noun}{(number == 1 ? "" : "s")}");
    }

    public PowerSourceDescription Description { get; }

    /// <summary>Opens RAPL.</summary>
    /// <param name="topology">The CPU.</param>
    /// <param name="options">Overrides of its TDP, for the idle power assumed until a baseline is measured.</param>
    /// <param name="times">CPU times; the source disposes them. Null when they cannot be read.</param>
    /// <param name="source">The source; null when it cannot be read.</param>
    /// <returns>Why it cannot be read and what to do about it, as a sentence part; null when it can.</returns>
    public static string? TryOpen(CpuTopology topology, CpuOptions options, ICpuTimes? times, out RaplPowerSource? source) =>
        TryOpen(new SystemFiles(), topology, options, times, out source);

    internal static string? TryOpen(ISystemFiles files, CpuTopology topology, CpuOptions options, ICpuTimes? times, out RaplPowerSource? source)
    {
        source = null;
        if (files.Folders(Root) is not { } folders)
            return $"{Root} does not exist: {(topology.Virtual ? "a virtual machine is not shown its host's RAPL counters" : "RAPL is read on Linux alone, from a kernel with CONFIG_POWERCAP and, in a container, with /sys mounted")}";
        RaplZone[] zones =
        [
            .. folders
                .Where(folder => folder.StartsWith("intel-rapl", StringComparison.Ordinal) && folder.Contains(':', StringComparison.Ordinal))
                .Select(folder => files.Read($"{Root}/{folder}/name", out string name) == FileAnswer.Ok ? new RaplZone(folder, name.Trim()) : null)
                .OfType<RaplZone>(),
        ];
        IReadOnlyList<RaplZone> additive = RaplZone.Additive(zones);
        if (additive.Count == 0)
            return $"{Root} has no RAPL zone: {(topology.Virtual ? "a virtual machine is not shown its host's" : "load the kernel's module by \"sudo modprobe intel_rapl_msr\" (AMD: Linux 5.8 or newer)")}";
        var opened = new List<Zone>();
        foreach (RaplZone zone in additive)
        {
            if (Open(files, zone, out Zone? one) is { } problem)
            {
                opened.ForEach(before => before.File.Dispose());
                return problem;
            }
            opened.Add(one!);
        }
        source = new([.. opened], topology, options, times);
        return null;
    }

    public SourceStatus Read(MonotonicTime now, PowerReadings into)
    {
        _rates?.Read(now);
        double joules = 0, dram = 0;
        bool reset = false;
        foreach (Zone zone in _zones)
        {
            int read = zone.File.Read(_buffer);
            if (read <= 0 || RaplZone.ParseMicrojoules(_buffer.AsSpan(0, read)) is not { } microjoules)
                return SourceStatus.Failed(_fault ??= $"{Root}/{zone.Folder}/energy_uj cannot be read any more");
            if (zone.Counter.Advance(microjoules, now.Seconds) is not { } part)
            {
                reset = true;
                continue;
            }
            joules += part;
            if (zone.Domain == RaplDomain.Dram)
                dram += part;
        }
        if (reset)
            // The sum starts anew; a value below the last one is what tells the meter.
            (_joules, _dram, _other) = (Math.Min(0, _joules) - 1, 0, 0);
        else if (_last is { } last)
            Add(joules, dram, (now - last).TotalSeconds);
        _last = now;
        into.Counter.Add(new(now, new(_joules), new(_other), new(_dram)));
        return SourceStatus.Ok;
    }

    public void Dispose()
    {
        foreach (Zone zone in _zones)
            zone.File.Dispose();
        _rates?.Dispose();
    }

    private static string? Open(ISystemFiles files, RaplZone zone, out Zone? opened)
    {
        opened = null;
        string energy = $"{Root}/{zone.Folder}/energy_uj";
        FileAnswer answer = files.Open(energy, out ISystemFile? file);
        if (answer == FileAnswer.Denied)
        {
            return $"{energy} may not be read by this user (since Linux 5.10 by root alone, CVE-2020-8694): run \"sudo chmod a+r {Root}/intel-rapl:*/energy_uj {Root}/intel-rapl:*/max_energy_range_uj\", "
                + "or for good, in /etc/udev/rules.d/99-rapl.rules, SUBSYSTEM==\"powercap\", ACTION==\"add\", RUN+=\"/bin/chmod a+r /sys%p/energy_uj /sys%p/max_energy_range_uj\"";
        }
        if (answer != FileAnswer.Ok || file is null)
            return $"{energy} cannot be opened";
        Span<byte> buffer = stackalloc byte[64];
        int read = file.Read(buffer);
        if (read <= 0 || RaplZone.ParseMicrojoules(buffer[..read]) is not { } first)
        {
            file.Dispose();
            return $"{energy} gives no number";
        }
        if (first == 0 && zone.Domain != RaplDomain.Dram)
        {
            file.Dispose();
            return $"{energy} stands at 0: this processor does not count, or a hypervisor hides it";
        }
        ulong range = files.Read($"{Root}/{zone.Folder}/max_energy_range_uj", out string text) == FileAnswer.Ok && ulong.TryParse(text.Trim(), out ulong most) ? most : 0;
        opened = new(zone.Folder, zone.Domain, file, new(range));
        return null;
    }

    private void Add(double joules, double dram, double seconds)
    {
        _joules += joules;
        _dram += dram;
        if (seconds <= 0)
            return;
        _floor.Add(joules, seconds);
        if (_rates is { } rates && rates.OthersBeside > 0)
            _other += Math.Max(0, joules - _floor.Watts * seconds) * (rates.OthersBeside / (rates.Own + rates.OthersBeside));
    }

    private sealed record Zone(string Folder, RaplDomain Domain, ISystemFile File, WrappingCounter Counter);
}
