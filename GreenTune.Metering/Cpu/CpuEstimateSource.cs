using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering.Sources;

namespace GreenTune.Metering.Cpu;

/// <summary>
/// Package energy estimated from utilisation. This process's CPU time is exact to nanoseconds; that of the others is the machine's busy time, which
/// counts in 10 ms, less ours, smoothed over a second. The power above idle is shared between us and the others by CPU time, and theirs is the
/// reading's other part. A reading costs microseconds.
/// </summary>
public sealed class CpuEstimateSource : IPowerSource
{
    private readonly CpuPowerModel _model;
    private readonly int _logicalCpus;
    private readonly CpuRates _rates;
    private MonotonicTime? _last;
    private double _joules;
    private double _otherJoules;

    /// <param name="topology">The CPU.</param>
    /// <param name="options">Overrides.</param>
    /// <param name="times">CPU times; the source disposes it.</param>
    public CpuEstimateSource(CpuTopology topology, CpuOptions options, ICpuTimes times)
    {
        _logicalCpus = topology.LogicalCpus;
        _rates = new(times, _logicalCpus);
        (double tdp, string basis) = SharedTdp(topology, options);
        _model = new(tdp);
        Description = new()
        {
            DeviceId = "cpu-0",
            DeviceName = topology.Name,
            Component = DeviceComponent.Cpu,
            Meter = "cpu-estimate",
            Boundary = "package",
            Quality = EnergyQuality.Estimated,
            GainRelative = CpuPowerModel.GainRelative,
            Explanation = FormattableString.Invariant($"Estimated from CPU utilisation, +-50 % (95 %): {basis}; power by Teads' curve, {_model.IdleWatts:0.0} W at idle, {_model.Watts(1):0.0} W at full load."),
            Kinds = ReadingKinds.Counter,
            ReadOnDemand = true,
            AssumedIdle = new(_model.IdleWatts),
            // Idle power of the model itself; what the process does at rest comes on top.
            AssumedIdleSigma = new(0.5 * _model.IdleWatts),
        };
    }

    public PowerSourceDescription Description { get; private set; }

    /// <summary>The model behind the readings.</summary>
    public CpuPowerModel Model => _model;

    /// <summary>CPU-seconds per second of other processes, as used for the last reading.</summary>
    public double OthersRate => _rates.Others;

    /// <summary>Adds a sentence to the explanation; called before the source is used.</summary>
    internal CpuEstimateSource Explain(string sentence)
    {
        Description = Description with { Explanation = $"{Description.Explanation} {sentence}" };
        return this;
    }

    /// <summary>TDP of the cores that this machine sees, and how it was arrived at.</summary>
    internal static (double Tdp, string Basis) SharedTdp(CpuTopology topology, CpuOptions options)
    {
        CpuTdp? known = TdpTable.Find(topology.Name);
        int seen = topology.PhysicalCores;
        if (options.TdpWatts is { } set)
        {
            int cores = options.Cores ?? known?.Cores ?? seen;
            return (set * seen / cores, FormattableString.Invariant($"{seen} of {cores} cores of {set:0.#} W (Metering:Cpu:TdpWatts)"));
        }
        if (known is not null)
        {
            int cores = options.Cores ?? known.Cores;
            return (known.TdpWatts * seen / cores, FormattableString.Invariant($"{seen} of the {cores} cores of a {known.Model}, {known.TdpWatts:0} W TDP"));
        }
        // Under a hypervisor the host is a server, whatever the CPU calls itself.
        bool server = topology.Virtual || TdpTable.LooksLikeServer(topology.Name);
        double perCore = server ? TdpTable.DefaultServerWattsPerCore : TdpTable.DefaultClientWattsPerCore;
        return (perCore * seen, FormattableString.Invariant($"{seen} cores at {perCore:0.0} W TDP each, the median of {(server ? "server" : "desktop and laptop")} CPUs, since this model's TDP is not known (Metering:Cpu:TdpWatts sets it)"));
    }

    public SourceStatus Read(MonotonicTime now, PowerReadings into)
    {
        _rates.Read(now);
        if (_last is not { } last)
        {
            _last = now;
            into.Counter.Add(new(now, new(0), new(0)));
            return SourceStatus.Ok;
        }
        double seconds = (now - last).TotalSeconds;
        if (seconds <= 0)
            return SourceStatus.Ok;
        double others = _rates.OthersBeside;
        double busy = _rates.Own + others;
        double watts = _model.Watts(busy / _logicalCpus);
        _joules += watts * seconds;
        if (busy > 0)
            _otherJoules += (watts - _model.IdleWatts) * (others / busy) * seconds;
        _last = now;
        into.Counter.Add(new(now, new(_joules), new(_otherJoules)));
        return SourceStatus.Ok;
    }

    public void Dispose() => _rates.Dispose();
}
