using GreenTune.Core.Units;

namespace GreenTune.Metering.Cpu;

/// <summary>
/// CPU-seconds per second of this process and of the others. This process's time is exact to nanoseconds; that of the others is the machine's busy time,
/// which counts in 10 ms, less ours, smoothed over a second. Owned by the sampler's thread; allocates nothing in steady state.
/// </summary>
internal sealed class CpuRates(ICpuTimes times, int logicalCpus) : IDisposable
{
    // Within the time of a request the others' share is not resolved anyway: 10 ms of jiffies over one second is 1 % of a core.
    private static readonly TimeSpan Smoothing = TimeSpan.FromSeconds(1);

    // Reading /proc/stat costs tens of microseconds, this process's clock less than one.
    private static readonly TimeSpan MachineEvery = TimeSpan.FromMilliseconds(40);

    private readonly Queue<(MonotonicTime At, double Machine, double Own)> _history = new(64);
    private MonotonicTime? _last;
    private MonotonicTime? _lastMachine;
    private double _lastOwn;

    /// <summary>This process, between the last two readings.</summary>
    public double Own { get; private set; }

    /// <summary>The others, over the last second.</summary>
    public double Others { get; private set; }

    /// <summary>The others as far as they fit beside this process: ours is exact and now, theirs a second old, and together they cannot be more than there is.</summary>
    public double OthersBeside => Math.Min(Others, logicalCpus - Own);

    public void Read(MonotonicTime now)
    {
        double own = times.ProcessSeconds();
        if (_lastMachine is null || now - _lastMachine >= MachineEvery)
            ReadMachine(now, own);
        double seconds = _last is { } last ? (now - last).TotalSeconds : 0;
        if (_last is not null && seconds <= 0)
            return;
        Own = seconds > 0 ? Math.Clamp((own - _lastOwn) / seconds, 0, logicalCpus) : 0;
        (_last, _lastOwn) = (now, own);
    }

    public void Dispose() => (times as IDisposable)?.Dispose();

    private void ReadMachine(MonotonicTime now, double own)
    {
        _lastMachine = now;
        if (times.MachineBusySeconds() is not { } machine)
            return;
        // Keep one entry at least a second old to measure from.
        while (_history.Count > 1 && now - _history.Peek().At > Smoothing + MachineEvery)
            _history.Dequeue();
        if (_history.TryPeek(out var first) && (now - first.At).TotalSeconds is > 0.09 and var seconds)
            Others = Math.Clamp((machine - first.Machine - (own - first.Own)) / seconds, 0, logicalCpus);
        _history.Enqueue((now, machine, own));
    }
}
