using GreenTune.Cli.Measure;
using GreenTune.Metering.Cpu;

namespace GreenTune.Cli.Tests.Measure;

public sealed class ProcessTreeTimesTests
{
    [Theory]
    [InlineData("4242 (sleep) S 4200 4242 4200 34816 4242 4194304 1500 0 0 0 12 3 4 1 20 0 1 0 987654 1 1", 4200, 0.15, 0.05, 987654)]
    [InlineData("7 (my (odd) name) R 1 7 7 0 -1 4194560 0 0 0 0 0 250 0 0 20 0 4 0 5 1 1", 1, 2.5, 0, 5)]
    public void A_stat_line_is_read_whatever_the_name(string line, int parent, double own, double waited, int started)
    {
        ProcessStat stat = ProcessStat.Parse(line)!.Value;
        Assert.Equal((parent, own, waited, (ulong)started), (stat.Parent, Math.Round(stat.OwnSeconds, 9), Math.Round(stat.WaitedSeconds, 9), stat.Started));
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("7 (x)")]
    [InlineData("7 (x) S 1 2 3")]
    [InlineData("7 (x) S a 7 7 0 -1 0 0 0 0 0 0 250 0 0 20 0 4 0 5 1 1")]
    [InlineData("7 (x) S 1 7 7 0 -1 0 0 0 0 0 -5 250 0 0 20 0 4 0 5 1 1")]
    public void What_is_no_stat_line_is_none(string line) => Assert.Null(ProcessStat.Parse(line));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_whole_tree_counts_and_nobody_else(bool tellsChildren)
    {
        var processes = new FakeProcesses(tellsChildren);
        processes.Set(1, 0, 1000);
        processes.Set(10, 1, 0.5);
        processes.Set(11, 10, 2);
        processes.Set(12, 11, 3);
        processes.Set(99, 1, 50);
        using ProcessTreeTimes times = Of(processes);
        Assert.Equal(0, times.ProcessSeconds());
        times.Follow(10);
        Assert.Equal(5.5, times.ProcessSeconds(), 9);
        Assert.Equal(123, times.MachineBusySeconds());
    }

    [Fact]
    public void What_ended_children_used_is_their_parents_once_and_the_sum_never_falls()
    {
        var processes = new FakeProcesses(true);
        processes.Set(10, 1, 1);
        processes.Set(11, 10, 2);
        processes.Set(12, 11, 4);
        using ProcessTreeTimes times = Of(processes);
        times.Follow(10);
        Assert.Equal(7, times.ProcessSeconds(), 9);
        // A compiler and its driver end between two looks; make has not waited for them yet.
        processes.Remove(12);
        processes.Remove(11);
        Assert.Equal(7, times.ProcessSeconds(), 9);
        processes.Set(10, 1, 1.5, waited: 6.2);
        Assert.Equal(7.7, times.ProcessSeconds(), 9);
    }

    [Fact]
    public void A_daemon_that_left_the_tree_stays_counted_beyond_its_end()
    {
        var processes = new FakeProcesses(true);
        processes.Set(10, 1, 1);
        processes.Set(11, 10, 2);
        using ProcessTreeTimes times = Of(processes);
        times.Follow(10);
        Assert.Equal(3, times.ProcessSeconds(), 9);
        processes.Set(11, 1, 5);
        Assert.Equal(6, times.ProcessSeconds(), 9);
        processes.Remove(11);
        Assert.Equal(6, times.ProcessSeconds(), 9);
        processes.Set(10, 1, 2);
        Assert.Equal(7, times.ProcessSeconds(), 9);
    }

    [Fact]
    public void An_id_that_was_given_to_another_process_is_not_the_old_one()
    {
        var processes = new FakeProcesses(true);
        processes.Set(10, 1, 1);
        processes.Set(11, 10, 2);
        using ProcessTreeTimes times = Of(processes);
        times.Follow(10);
        Assert.Equal(3, times.ProcessSeconds(), 9);
        processes.Remove(11);
        processes.Set(11, 1, 500, started: 77);
        processes.Set(10, 1, 1, waited: 2);
        Assert.Equal(3, times.ProcessSeconds(), 9);
    }

    [Fact]
    public void Who_belongs_to_the_tree_is_told_even_where_nobody_asks_for_its_time()
    {
        var processes = new FakeProcesses(true);
        processes.Set(10, 1, 1);
        processes.Set(11, 10, 2);
        processes.Set(99, 1, 2);
        using ProcessTreeTimes times = Of(processes);
        Assert.False(times.Contains(0));
        times.Follow(10);
        Assert.True(times.Contains(10));
        using ProcessTreeTimes later = Of(processes);
        later.Follow(10);
        Assert.Equal([true, true, false, false], new uint[] { 10, 11, 99, 1 }.Select(later.Contains));
    }

    [Fact]
    public void At_the_end_the_systems_own_figure_stands_and_who_still_lives_is_told()
    {
        var processes = new FakeProcesses(true);
        processes.Set(10, 1, 1);
        processes.Set(11, 10, 2);
        using ProcessTreeTimes times = Of(processes);
        times.Follow(10);
        Assert.Equal(3, times.ProcessSeconds(), 9);
        processes.Remove(10);
        processes.Set(11, 1, 2.5);
        Assert.Equal(1, times.End(9));
        Assert.Equal(9, times.ProcessSeconds());
    }

    [Fact]
    public void This_very_process_is_seen_on_Linux()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc is Linux's.");
        var processes = new LinuxProcesses();
        ProcessStat own = processes.Stat(Environment.ProcessId)!.Value;
        Assert.True(own.OwnSeconds > 0);
        Assert.True(processes.PreciseSeconds(Environment.ProcessId) is null or > 0);
        Assert.Contains(Environment.ProcessId, processes.All());
        Assert.Null(processes.Stat(int.MaxValue));
    }

    private static ProcessTreeTimes Of(FakeProcesses processes) => new(new Machine(), processes, TimeProvider.System);

    private sealed class Machine : ICpuTimes
    {
        public double? MachineBusySeconds() => 123;

        public double ProcessSeconds() => throw new InvalidOperationException("The tree's times are asked for, not this process's.");
    }

    private sealed class FakeProcesses(bool tellsChildren) : IProcesses
    {
        private readonly Dictionary<int, ProcessStat> _all = [];

        public void Set(int id, int parent, double own, double waited = 0, ulong started = 5) => _all[id] = new ProcessStat(parent, own, waited, started);

        public void Remove(int id) => _all.Remove(id);

        public ProcessStat? Stat(int id) => _all.TryGetValue(id, out ProcessStat stat) ? stat : null;

        public double? PreciseSeconds(int id) => null;

        public IReadOnlyList<int>? Children(int id) => tellsChildren ? [.. _all.Where(pair => pair.Value.Parent == id).Select(pair => pair.Key)] : null;

        public IEnumerable<int> All() => _all.Keys;
    }
}
