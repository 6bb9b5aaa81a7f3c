using System.Diagnostics;
using GreenTune.Metering.Cpu;

namespace GreenTune.Cli.Measure;

/// <summary>
/// CPU time of a process and of all that it starts, so that the CPU's power is told apart from that of other programs: the time of every living process of the
/// tree, and of the ended ones what their parents have waited for. A process that left the tree (a daemon) stays counted once it was seen. Never falls.
/// Thread-safe.
/// </summary>
internal sealed class ProcessTreeTimes : ICpuTimes, IDisposable
{
    // A look at every process of the machine costs milliseconds, and a tree does not change much meanwhile.
    private static readonly TimeSpan LookAtAllEvery = TimeSpan.FromMilliseconds(250);

    private readonly ICpuTimes _machine;
    private readonly IProcesses? _processes;
    private readonly TimeProvider _clock;
    private readonly Lock _gate = new();
    private readonly Dictionary<int, Known> _tree = [];
    private int _root;
    private double _left;
    private double _seconds;
    private double? _final;
    private long? _looked;
    private long? _lookedAtAll;

    /// <param name="machine">The machine's times; disposed with this.</param>
    /// <param name="processes">Null where processes other than the first are not told: its descendants then count as other programs.</param>
    /// <param name="clock">Clock.</param>
    public ProcessTreeTimes(ICpuTimes machine, IProcesses? processes, TimeProvider clock)
    {
        _machine = machine;
        _processes = processes;
        _clock = clock;
    }

    /// <summary>Descendants are counted, too.</summary>
    public bool CountsDescendants => _processes is not null;

    public static ProcessTreeTimes OfThisSystem(TimeProvider clock) =>
        new(CpuTimes.ForThisSystem(), OperatingSystem.IsLinux() ? new LinuxProcesses() : null, clock);

    /// <summary>From here on, this process's time is counted.</summary>
    public void Follow(int root)
    {
        lock (_gate)
            _root = root;
    }

    /// <summary>The process has ended and the system has told what it and its waited-for descendants used.</summary>
    /// <param name="seconds">CPU time of all of them; null where the system does not tell, so that the last look stands.</param>
    /// <returns>Processes of its tree that still live.</returns>
    public int End(double? seconds)
    {
        lock (_gate)
        {
            Look();
            _final = Math.Max(_seconds, seconds ?? 0);
            return _tree.Keys.Count(id => id != _root);
        }
    }

    /// <summary>Whether a process is one of the tree.</summary>
    public bool Contains(uint id)
    {
        lock (_gate)
        {
            // Where no CPU is metered, nobody else looks.
            if (_final is null && (_looked is not { } last || _clock.GetElapsedTime(last) > LookAtAllEvery))
                Look();
            return _root != 0 && (id == _root || _tree.ContainsKey((int)id));
        }
    }

    public double? MachineBusySeconds() => _machine.MachineBusySeconds();

    public double ProcessSeconds()
    {
        lock (_gate)
        {
            if (_final is { } final)
                return final;
            Look();
            return _seconds;
        }
    }

    public void Dispose() => (_machine as IDisposable)?.Dispose();

    private void Look()
    {
        _looked = _clock.GetTimestamp();
        if (_root == 0)
            return;
        if (_processes is null)
        {
            _seconds = Math.Max(_seconds, RootAlone() ?? 0);
            return;
        }
        Find(_processes);
        double sum = _left;
        var before = _tree.Keys.ToHashSet();
        foreach ((int id, Known known) in _tree.ToArray())
        {
            if (_processes.Stat(id) is { } stat && stat.Started == known.Started)
            {
                double own = Math.Max(stat.OwnSeconds, _processes.PreciseSeconds(id) ?? 0);
                _tree[id] = known with { Parent = stat.Parent, Seconds = own + stat.WaitedSeconds };
                sum += own + stat.WaitedSeconds;
                continue;
            }
            _tree.Remove(id);
            // Its parent has its time if it waited for it, whether the parent still lives or not; a daemon had no parent here, and its time would be lost.
            if (id != _root && !before.Contains(known.Parent))
            {
                _left += known.Seconds;
                sum += known.Seconds;
            }
        }
        _seconds = Math.Max(_seconds, sum);
    }

    /// <summary>Adds the processes that the tree has started.</summary>
    private void Find(IProcesses processes)
    {
        Add(processes, _root);
        var open = new Queue<int>(_tree.Keys);
        while (open.TryDequeue(out int id))
        {
            if (processes.Children(id) is not { } children)
            {
                LookAtAll(processes);
                return;
            }
            foreach (int child in children.Where(child => Add(processes, child)))
                open.Enqueue(child);
        }
    }

    private void LookAtAll(IProcesses processes)
    {
        if (_lookedAtAll is { } last && _clock.GetElapsedTime(last) < LookAtAllEvery)
            return;
        _lookedAtAll = _clock.GetTimestamp();
        var parents = new Dictionary<int, int>();
        foreach (int id in processes.All())
        {
            if (processes.Stat(id) is { } stat)
                parents[id] = stat.Parent;
        }
        bool found = true;
        while (found)
        {
            found = false;
            foreach ((int id, int parent) in parents)
                found |= _tree.ContainsKey(parent) && Add(processes, id);
        }
    }

    private bool Add(IProcesses processes, int id)
    {
        if (_tree.ContainsKey(id) || processes.Stat(id) is not { } stat)
            return false;
        _tree.Add(id, new Known(stat.Started, stat.Parent, 0));
        return true;
    }

    private double? RootAlone()
    {
        try
        {
            using var process = Process.GetProcessById(_root);
            return process.TotalProcessorTime.TotalSeconds;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception or NotSupportedException)
        {
            return null;
        }
    }

    private readonly record struct Known(ulong Started, int Parent, double Seconds);
}
