using System.Text;
using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Metering.Cpu;
using GreenTune.Metering.Sources;
using GreenTune.Metering.Tests.Support;

namespace GreenTune.Metering.Tests.Cpu;

public sealed class CpuEstimateTests
{
    private static readonly CpuTopology FourCores = new("Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", 4, 4, Virtual: true);

    [Theory]
    [InlineData(0, 0.12)]
    [InlineData(0.05, 0.22)]
    [InlineData(0.1, 0.32)]
    [InlineData(0.3, 0.535)]
    [InlineData(0.5, 0.75)]
    [InlineData(1, 1.02)]
    [InlineData(1.5, 1.02)]
    [InlineData(-1, 0.12)]
    public void Power_follows_the_curve_between_its_four_points(double utilisation, double share) =>
        Assert.Equal(200 * share, new CpuPowerModel(200).Watts(utilisation), 9);

    [Theory]
    [InlineData("Intel(R) Xeon(R) Platinum 8480+", 56, 350)]
    [InlineData("Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", 20, 150)]
    [InlineData("Intel(R) Xeon(R) Gold 6248R CPU @ 3.00GHz", 24, 205)]
    [InlineData("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", 14, 120)]
    [InlineData("AMD EPYC 7763 64-Core Processor", 64, 280)]
    [InlineData("AMD EPYC 9654 96-Core Processor", 96, 360)]
    [InlineData("AMD Ryzen 9 7950X3D 16-Core Processor", 16, 120)]
    [InlineData("AMD Ryzen 5 3600 6-Core Processor", 6, 65)]
    [InlineData("AMD Ryzen 5 3600X 6-Core Processor", 6, 95)]
    [InlineData("11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz", 4, 28)]
    [InlineData("Intel(R) Core(TM) i7-8700 CPU @ 3.20GHz", 6, 65)]
    public void Cpus_are_found_by_their_own_names(string name, int cores, double watts)
    {
        CpuTdp entry = TdpTable.Find(name)!;

        Assert.Equal((cores, watts), (entry.Cores, entry.TdpWatts));
    }

    [Theory]
    [InlineData("Intel(R) Xeon(R) Processor @ 2.50GHz")]
    [InlineData("AMD EPYC 77631 64-Core Processor")]
    [InlineData("Intel(R) Core(TM) i5-8400T CPU")]
    [InlineData("")]
    public void A_name_that_only_resembles_an_entry_is_not_it(string name) => Assert.Null(TdpTable.Find(name));

    [Fact]
    public void The_table_holds_each_model_once_with_plausible_figures()
    {
        Assert.Equal(TdpTable.All.Count, TdpTable.All.Select(entry => entry.Model).Distinct().Count());
        Assert.All(TdpTable.All, entry => Assert.InRange(entry.TdpWatts / entry.Cores, 1, 25));
        Assert.All(TdpTable.All, entry => Assert.Equal(entry, TdpTable.Find(entry.Model)));
        Assert.InRange(TdpTable.DefaultServerWattsPerCore, 5, 9);
        Assert.InRange(TdpTable.DefaultClientWattsPerCore, 4, 12);
    }

    [Fact]
    public void Only_the_cores_that_this_machine_sees_count()
    {
        Assert.Equal(150 * 4 / 20.0, CpuEstimateSource.SharedTdp(FourCores, new()).Tdp, 9);
        Assert.Equal(205 * 4 / 26.0, CpuEstimateSource.SharedTdp(FourCores, new() { TdpWatts = 205, Cores = 26 }).Tdp, 9);
        Assert.Equal(205 * 4 / 20.0, CpuEstimateSource.SharedTdp(FourCores, new() { TdpWatts = 205 }).Tdp, 9);
        // Two sockets see twice a package.
        Assert.Equal(300, CpuEstimateSource.SharedTdp(FourCores with { PhysicalCores = 40 }, new()).Tdp, 9);
        CpuTopology unknown = FourCores with { Name = "Intel(R) Xeon(R) Processor @ 2.50GHz" };
        Assert.Equal(4 * TdpTable.DefaultServerWattsPerCore, CpuEstimateSource.SharedTdp(unknown, new()).Tdp, 9);
        Assert.Equal(95, CpuEstimateSource.SharedTdp(unknown, new() { TdpWatts = 95 }).Tdp, 9);
        Assert.Equal(4 * TdpTable.DefaultClientWattsPerCore, CpuEstimateSource.SharedTdp(unknown with { Name = "Some CPU", Virtual = false }, new()).Tdp, 9);
        Assert.Contains("Metering:Cpu:TdpWatts", CpuEstimateSource.SharedTdp(unknown, new()).Basis);
    }

    [Theory]
    [InlineData("cpu  47385 10 5902 429256 1035 3 402 144 7 0\ncpu0 1 2 3", 47385 + 10 + 5902 + 3 + 402)]
    [InlineData("cpu 100 1 20 3000\n", 121)]
    [InlineData("cpu  100 1 20 3000 5", 121)]
    [InlineData("cpu  100 1", null)]
    [InlineData("cpu  a b c d\n", null)]
    [InlineData("intr 5 6", null)]
    [InlineData("", null)]
    public void Busy_ticks_are_read_from_proc_stat_whatever_columns_it_has(string text, int? busy) =>
        Assert.Equal(busy, LinuxCpuTimes.ParseBusy(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Cores_and_names_are_read_from_proc_cpuinfo()
    {
        var text = new StringBuilder();
        for (int cpu = 0; cpu < 8; cpu++)
            text.Append($"processor\t: {cpu}\nmodel name\t: Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz\nphysical id\t: {cpu / 4}\ncore id\t\t: {cpu % 2}\nflags\t\t: fpu hypervisor sse\n\n");

        Assert.Equal(new("Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", 8, 4, Virtual: true), CpuTopology.ParseCpuInfo(text.ToString()));
        Assert.Equal(new("Arm Neoverse-V1", 2, 2, Virtual: false), CpuTopology.ParseCpuInfo("processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n\nprocessor\t: 1\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n"));
        Assert.Equal(1, CpuTopology.ParseCpuInfo("").LogicalCpus);
    }

    [Fact]
    public void Energy_is_power_by_utilisation_times_time()
    {
        var times = new FakeTimes();
        using var source = new CpuEstimateSource(FourCores, new() { TdpWatts = 100, Cores = 4 }, times);
        var clock = new ManualClock();
        var readings = new PowerReadings();
        source.Read(clock.Now, readings);
        // Half of four CPUs, all ours.
        for (int i = 0; i < 100; i++)
        {
            clock.Advance(TimeSpan.FromMilliseconds(20));
            times.Run(own: 0.04, others: 0);
            source.Read(clock.Now, readings);
        }

        Assert.Equal(2 * 75, readings.Counter[^1].Energy.Value, 6);
        Assert.Equal(0, readings.Counter[^1].Other.Value, 6);
        Assert.True(source.Description.ReadOnDemand);
        Assert.Equal(("cpu-0", "cpu-estimate", "package"), (source.Description.DeviceId, source.Description.Meter, source.Description.Boundary));
        Assert.Equal((EnergyQuality.Estimated, 0.25), (source.Description.Quality, source.Description.GainRelative));
        Assert.Equal(12, source.Description.AssumedIdle.Value, 6);
    }

    [Fact]
    public void What_other_processes_use_is_theirs_by_cpu_time()
    {
        var times = new FakeTimes();
        using var source = new CpuEstimateSource(FourCores, new() { TdpWatts = 100, Cores = 4 }, times);
        var clock = new ManualClock();
        var readings = new PowerReadings();
        source.Read(clock.Now, readings);
        for (int i = 0; i < 100; i++)
        {
            clock.Advance(TimeSpan.FromMilliseconds(50));
            times.Run(own: 0.05, others: 0.05);
            source.Read(clock.Now, readings);
        }

        EnergyReading before = readings.Counter[^21], after = readings.Counter[^1];
        double energy = (after.Energy - before.Energy).Value, other = (after.Other - before.Other).Value;
        // One second: 75 W at half load, of which 63 W above idle are shared in halves.
        Assert.Equal(75, energy, 1e-6);
        Assert.Equal(31.5, other, 1e-6);
        Assert.Equal(1, source.OthersRate, 1e-6);
    }

    [Fact]
    public void Jiffies_of_others_are_smoothed_over_a_second()
    {
        var times = new FakeTimes { Jiffy = 0.01 };
        using var source = new CpuEstimateSource(FourCores, new() { TdpWatts = 100, Cores = 4 }, times);
        var clock = new ManualClock();
        var readings = new PowerReadings();
        var rates = new List<double>();
        for (int i = 0; i < 200; i++)
        {
            clock.Advance(TimeSpan.FromMilliseconds(10));
            times.Run(own: 0.002, others: 0.003);
            source.Read(clock.Now, readings);
            if (i > 120)
                rates.Add(source.OthersRate);
        }

        Assert.All(rates, rate => Assert.InRange(rate, 0.28, 0.32));
    }

    [Fact]
    public void Where_the_machine_does_not_tell_this_process_alone_is_counted()
    {
        var times = new FakeTimes { MachineKnown = false };
        using var source = new CpuEstimateSource(FourCores, new() { TdpWatts = 100, Cores = 4 }, times);
        var clock = new ManualClock();
        var readings = new PowerReadings();
        source.Read(clock.Now, readings);
        clock.Advance(TimeSpan.FromSeconds(1));
        times.Run(own: 4, others: 4);
        source.Read(clock.Now, readings);

        Assert.Equal(102, readings.Counter[^1].Energy.Value, 6);
        Assert.Equal(0, readings.Counter[^1].Other.Value, 6);
    }

    [Fact]
    public async Task A_request_of_60_ms_between_readings_on_demand_is_charged_its_own_cpu_time()
    {
        var times = new FakeTimes();
        var clock = new ManualClock();
        var meter = new DeviceMeter(new CpuEstimateSource(FourCores, new() { TdpWatts = 100, Cores = 4 }, times), new(), clock, null, null, startSampler: false);
        for (int i = 0; i < 100; i++)
            Pass(50, own: 0);
        Pass(17, own: 0);
        long request = meter.Admit(clock.Now);
        Core.Units.MonotonicTime start = clock.Now;
        meter.Tick();
        Pass(33, own: 0.033 * 2);
        Pass(27, own: 0.027 * 2);
        meter.Step(new(start, clock.Now, StepPhase.Decode, Bench.Work, [new(request, 1, 1)]));
        Task<SettledRequest> settled = meter.Finish(request, clock.Now);
        meter.Tick();
        clock.Advance(TimeSpan.FromMilliseconds(1));
        meter.Tick();

        SettledRequest result = await settled;
        // Two of four CPUs: 75 W, 63 above idle, for 60 ms.
        Assert.Equal(63 * 0.06, result.Energy.ActiveJoules!.Value.Value, 0.01);
        Assert.Equal(12 * 0.06, result.Energy.IdleJoules!.Value.Value, 0.01);
        Assert.Equal(EnergyQuality.Estimated, result.Energy.Quality);
        Assert.Equal(result.Energy.Joules, result.Energy.Components.Cpu);
        Assert.InRange(result.Energy.RelativeUncertainty!.Value, 0.25, 0.3);
        await meter.DisposeAsync();

        void Pass(double milliseconds, double own)
        {
            clock.Advance(TimeSpan.FromMilliseconds(milliseconds));
            times.Run(own, others: 0);
            meter.Tick();
        }
    }

    [Fact]
    public void This_machines_energy_rises_and_rises_faster_when_cpu_is_burnt()
    {
        using var source = new CpuEstimateSource(CpuTopology.Detect(), new(), CpuTimes.ForThisSystem());
        var readings = new PowerReadings();
        source.Read(GreenTune.Core.Units.MonotonicTime.Now(TimeProvider.System), readings);
        double cpu = ProcessCpuTime.Seconds();
        double sink = 1;
        while (ProcessCpuTime.Seconds() < cpu + 0.1)
        {
            for (int i = 0; i < 10_000; i++)
                sink = Math.Sin(sink + i);
        }
        source.Read(GreenTune.Core.Units.MonotonicTime.Now(TimeProvider.System), readings);

        Assert.InRange(sink, -1, 1);
        EnergyReading last = readings.Counter[^1];
        double watts = last.Energy.Value / (last.At - readings.Counter[0].At).TotalSeconds;
        Assert.True(double.IsFinite(watts));
        Assert.InRange(watts, source.Model.IdleWatts * 1.0001, source.Model.Watts(1) * 1.0001);
        Assert.InRange(last.Other.Value, 0, last.Energy.Value);
    }

    private sealed class FakeTimes : ICpuTimes
    {
        private double _own;
        private double _machine;

        public double Jiffy { get; init; }

        public bool MachineKnown { get; init; } = true;

        public void Run(double own, double others)
        {
            _own += own;
            _machine += own + others;
        }

        public double? MachineBusySeconds() => !MachineKnown ? null : Jiffy > 0 ? Math.Floor(_machine / Jiffy) * Jiffy : _machine;

        public double ProcessSeconds() => _own;
    }
}
