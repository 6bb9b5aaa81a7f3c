using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Metering.Cpu;
using GreenTune.Metering.Rapl;
using GreenTune.Metering.Sources;
using GreenTune.Metering.Tests.Support;

namespace GreenTune.Metering.Tests.Rapl;

public sealed class RaplPowerSourceTests
{
    private const string Root = "/sys/class/powercap";
    private static readonly CpuTopology Xeon = new("Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", 40, 20, false);
    private readonly FakeFiles _files = new();
    private double _now = 10;

    [Fact]
    public void Packages_and_their_memory_are_added_and_neither_the_platform_nor_parts()
    {
        Zone("intel-rapl:0", "package-0", 1_000_000);
        Zone("intel-rapl:0:0", "core", 1);
        Zone("intel-rapl:0:1", "uncore", 1);
        Zone("intel-rapl:0:2", "dram", 1_000_000);
        Zone("intel-rapl:1", "package-1", 2_000_000);
        Zone("intel-rapl:1:0", "dram", 1_000_000);
        Zone("intel-rapl:2", "psys", 5_000_000);
        Zone("intel-rapl-mmio:0", "package-0", 1_000_000);
        RaplPowerSource source = Open();
        EnergyOf(source);
        Zone("intel-rapl:0", "package-0", 51_000_000);
        Zone("intel-rapl:0:0", "core", 40_000_000);
        Zone("intel-rapl:0:2", "dram", 9_000_000);
        Zone("intel-rapl:1", "package-1", 42_000_000);
        Zone("intel-rapl:1:0", "dram", 3_000_000);
        Zone("intel-rapl:2", "psys", 205_000_000);
        Zone("intel-rapl-mmio:0", "package-0", 51_000_000);

        (double joules, double dram) = EnergyOf(source);

        Assert.Equal(100, joules, 9);
        Assert.Equal(10, dram, 9);
        Assert.Equal(("rapl", "package", EnergyQuality.Measured), (source.Description.Meter, source.Description.Boundary, source.Description.Quality));
        Assert.Contains("2 packages and 2 memory zones", source.Description.Explanation);
        Assert.True(source.Description.TellsDram);
        Assert.True(source.Description.ReadOnDemand);
        Assert.Equal(0.05, source.Description.GainRelative);
        source.Dispose();
        Assert.Equal(0, _files.Open);
    }

    [Fact]
    public void A_platform_without_packages_is_the_host()
    {
        Zone("intel-rapl:0", "psys", 5_000_000);

        RaplPowerSource source = Open();

        Assert.Equal("host", source.Description.Boundary);
        Assert.Contains("psys", source.Description.Explanation);
    }

    [Fact]
    public void Amd_dies_and_a_package_shown_by_mmio_alone_are_packages_too()
    {
        Zone("intel-rapl:0", "package-0-die-0", 1_000_000);
        Zone("intel-rapl:0:0", "core", 1);
        Zone("intel-rapl:1", "package-0-die-1", 1_000_000);
        RaplPowerSource amd = Open(Xeon with { Name = "AMD EPYC 7763 64-Core Processor" });
        Assert.Contains("2 packages, without their memory", amd.Description.Explanation);
        Assert.Equal(0.1, amd.Description.GainRelative);
        Assert.False(amd.Description.TellsDram);

        _files.Texts.Clear();
        Zone("intel-rapl-mmio:0", "package-0", 1_000_000);
        Assert.Contains("1 package, without its memory", Open().Description.Explanation);
    }

    [Fact]
    public void A_counter_goes_on_above_its_range()
    {
        Zone("intel-rapl:0", "package-0", 262_143_000_000);
        RaplPowerSource source = Open();
        EnergyOf(source);
        Zone("intel-rapl:0", "package-0", 671_150);

        // 328.85 mJ to the range's end, 262143328850, and 671.15 mJ after it.
        Assert.Equal(1, EnergyOf(source).Joules, 9);
    }

    [Fact]
    public void Wrapping_adds_up_whatever_the_steps()
    {
        Prop.ForAll(Gen.Choose(0, 60_000_000).ListOf().ToArbitrary(), steps =>
        {
            const ulong Range = 65_532_610_987;
            var counter = new WrappingCounter(Range);
            ulong total = 65_500_000_000;
            double seconds = 0, sum = counter.Advance(total % Range, 0)!.Value;
            foreach (int step in steps)
            {
                total += (ulong)step;
                sum += counter.Advance(total % Range, seconds += 0.05) ?? double.NaN;
            }
            return Math.Abs(sum - (total - 65_500_000_000) * 1e-6) < 1e-6;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_fall_that_no_wrap_explains_is_a_reset_that_the_meter_sees()
    {
        Zone("intel-rapl:0", "package-0", 200_000_000_000);
        RaplPowerSource source = Open();
        EnergyOf(source);
        Zone("intel-rapl:0", "package-0", 200_010_000_000);
        Assert.Equal(10, EnergyOf(source).Joules, 6);
        // A module that was loaded anew begins at 0: 62 kJ cannot have been drawn in 50 ms.
        Zone("intel-rapl:0", "package-0", 5_000_000);

        var readings = new PowerReadings();
        source.Read(Advance(0.05), readings);

        Assert.True(readings.Counter[0].Energy.Value < 0);
        Zone("intel-rapl:0", "package-0", 15_000_000);
        source.Read(Advance(0.05), readings);
        Assert.Equal(10, (readings.Counter[1].Energy - readings.Counter[0].Energy).Value, 9);
    }

    [Fact]
    public void After_a_pause_in_which_it_may_have_gone_round_twice_it_is_a_reset()
    {
        var counter = new WrappingCounter(262_143_328_850);
        Assert.Equal(0, counter.Advance(1_000_000, 0));
        Assert.Equal(1, counter.Advance(2_000_000, 100)!.Value, 9);
        Assert.Null(counter.Advance(3_000_000, 300));
        Assert.Equal(1, counter.Advance(4_000_000, 301)!.Value, 9);
        var unknown = new WrappingCounter(0);
        Assert.Equal(0, unknown.Advance(5, 0));
        Assert.Null(unknown.Advance(4, 1));
    }

    [Fact]
    public async Task A_request_has_its_processors_and_its_memorys_joules()
    {
        Zone("intel-rapl:0", "package-0", 1_000_000);
        Zone("intel-rapl:0:0", "dram", 1_000_000);
        var clock = new ManualClock();
        double package = 1, dram = 1, last = clock.Now.Seconds;
        Assert.Null(RaplPowerSource.TryOpen(_files, Xeon, new(), null, out RaplPowerSource? source));
        var meter = new DeviceMeter(source!, new(), clock, null, null, startSampler: false);
        Run(4, 60, 12);
        long request = meter.Admit(clock.Now);
        MonotonicTime start = clock.Now;
        Run(2, 160, 40);
        meter.Step(new(start, clock.Now, Core.Attribution.StepPhase.Decode, Bench.Work, [new(request, 1, 1)]));
        Task<SettledRequest> settled = meter.Finish(request, clock.Now);
        Run(0.2, 60, 12);

        EnergyFigures energy = (await settled).Energy;
        Assert.Equal(400, energy.Joules!.Value.Value, 2.0);
        Assert.Equal(256, energy.ActiveJoules!.Value.Value, 4.0);
        Assert.Equal(320, energy.Components.Cpu!.Value.Value, 2.0);
        Assert.Equal(80, energy.Components.Dram!.Value.Value, 2.0);
        Assert.Equal(energy.Joules.Value.Value, (energy.Components.Cpu + energy.Components.Dram).Value.Value, 1e-9);
        Assert.Contains("while the request was in flight", energy.Reasons["components.dram"]);
        Assert.Contains("components.gpu", energy.Reasons.Keys);
        await meter.DisposeAsync();

        void Run(double seconds, double packageWatts, double dramWatts)
        {
            for (double end = clock.Now.Seconds + seconds; clock.Now.Seconds < end - 1e-9;)
            {
                clock.Advance(TimeSpan.FromMilliseconds(50));
                package += (clock.Now.Seconds - last) * packageWatts;
                dram += (clock.Now.Seconds - last) * dramWatts;
                last = clock.Now.Seconds;
                Zone("intel-rapl:0", "package-0", (ulong)(package * 1e6));
                Zone("intel-rapl:0:0", "dram", (ulong)(dram * 1e6));
                meter.Tick();
            }
        }
    }

    [Fact]
    public void What_other_processes_cause_is_modelled_by_their_cpu_time()
    {
        Zone("intel-rapl:0", "package-0", 1_000_000);
        var times = new FakeTimes();
        Assert.Null(RaplPowerSource.TryOpen(_files, Xeon, new(), times, out RaplPowerSource? source));
        var readings = new PowerReadings();
        double energy = 1;
        Run(5, 60, 0, 0);
        double before = readings.Counter[^1].Other.Value;
        // 100 W above the idle that was seen; a quarter of the busy CPUs are ours.
        Run(5, 160, 2, 6);

        Assert.Equal(0, before, 6);
        Assert.Equal(5 * 100 * 0.75, readings.Counter[^1].Other.Value, 25.0);
        Assert.All(readings.Counter, reading => Assert.True(reading.Other <= reading.Energy));

        void Run(double seconds, double watts, double own, double others)
        {
            for (int i = 0; i < seconds * 20; i++)
            {
                energy += 0.05 * watts;
                times.Own += 0.05 * own;
                times.Machine += 0.05 * (own + others);
                Zone("intel-rapl:0", "package-0", (ulong)(energy * 1e6));
                Assert.Equal(SourceStatus.Ok, source!.Read(Advance(0.05), readings));
            }
        }
    }

    [Fact]
    public void A_counter_that_may_not_be_read_says_what_to_do()
    {
        Zone("intel-rapl:0", "package-0", 1_000_000);
        Zone("intel-rapl:0:0", "dram", 1_000_000);
        _files.Denied.Add($"{Root}/intel-rapl:0:0/energy_uj");

        string reason = RaplPowerSource.TryOpen(_files, Xeon, new(), null, out RaplPowerSource? source)!;

        Assert.Null(source);
        Assert.Contains("may not be read by this user", reason);
        Assert.Contains("sudo chmod a+r", reason);
        Assert.Contains("udev", reason);
        Assert.Equal(0, _files.Open);
    }

    [Theory]
    [InlineData(false, "CONFIG_POWERCAP")]
    [InlineData(true, "a virtual machine is not shown")]
    public void A_machine_without_the_subtree_says_why(bool isVirtual, string words) =>
        Assert.Contains(words, RaplPowerSource.TryOpen(_files, Xeon with { Virtual = isVirtual }, new(), null, out _)!);

    [Fact]
    public void Zones_that_do_not_count_are_named()
    {
        Zone("dtpm", "other", 1);
        Assert.Contains("modprobe intel_rapl_msr", RaplPowerSource.TryOpen(_files, Xeon, new(), null, out _)!);
        Zone("intel-rapl:0", "package-0", 0);
        Assert.Contains("stands at 0", RaplPowerSource.TryOpen(_files, Xeon, new(), null, out _)!);
        _files.Texts[$"{Root}/intel-rapl:0/energy_uj"] = "n/a\n";
        Assert.Contains("gives no number", RaplPowerSource.TryOpen(_files, Xeon, new(), null, out _)!);
    }

    [Fact]
    public void A_file_that_goes_away_is_a_fault_and_no_crash()
    {
        Zone("intel-rapl:0", "package-0", 1_000_000);
        RaplPowerSource source = Open();
        EnergyOf(source);
        _files.Texts.Remove($"{Root}/intel-rapl:0/energy_uj");

        Assert.Contains("cannot be read any more", source.Read(Advance(0.05), new()).Fault!);
    }

    [Theory]
    [InlineData("262143328850\n", 262143328850)]
    [InlineData("7", 7)]
    public void Microjoules_are_digits(string text, ulong expected) => Assert.Equal(expected, RaplZone.ParseMicrojoules(System.Text.Encoding.ASCII.GetBytes(text)));

    [Theory]
    [InlineData("")]
    [InlineData("-5\n")]
    [InlineData("12 34")]
    [InlineData("99999999999999999999999")]
    public void Anything_else_is_no_number(string text) => Assert.Null(RaplZone.ParseMicrojoules(System.Text.Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void A_service_on_a_cpu_takes_rapl_where_it_can_and_says_why_where_it_cannot()
    {
        Zone("intel-rapl:0", "package-0", 1_000_000);
        Assert.Equal("rapl", Factory("auto").Open(Core.Attribution.DeviceComponent.Cpu, null, TimeSpan.FromMilliseconds(50)).Description.Meter);
        _files.Denied.Add($"{Root}/intel-rapl:0/energy_uj");
        PowerSourceDescription estimate = Factory("auto").Open(Core.Attribution.DeviceComponent.Cpu, null, TimeSpan.FromMilliseconds(50)).Description;
        Assert.Equal(("cpu-estimate", EnergyQuality.Estimated), (estimate.Meter, estimate.Quality));
        Assert.Contains("It is not measured by RAPL because", estimate.Explanation);
        Assert.Contains("sudo chmod a+r", estimate.Explanation);
        PowerSourceDescription none = Factory("rapl").Open(Core.Attribution.DeviceComponent.Cpu, null, TimeSpan.FromMilliseconds(50)).Description;
        Assert.Equal(("none", EnergyQuality.None), (none.Meter, none.Quality));
        Assert.Contains("sudo chmod a+r", none.Explanation);
        Assert.DoesNotContain("RAPL", Factory("cpu").Open(Core.Attribution.DeviceComponent.Cpu, null, TimeSpan.FromMilliseconds(50)).Description.Explanation);

        MeterFactory Factory(string source) => new(new() { Source = source }, null, null, null, null, _files);
    }

    private void Zone(string folder, string name, ulong microjoules)
    {
        _files.Texts[$"{Root}/{folder}/name"] = name + "\n";
        _files.Texts[$"{Root}/{folder}/energy_uj"] = microjoules.ToString(CultureInfo.InvariantCulture) + "\n";
        _files.Texts[$"{Root}/{folder}/max_energy_range_uj"] = "262143328850\n";
    }

    private RaplPowerSource Open(CpuTopology? topology = null)
    {
        Assert.Null(RaplPowerSource.TryOpen(_files, topology ?? Xeon, new(), null, out RaplPowerSource? source));
        return source!;
    }

    private MonotonicTime Advance(double seconds) => MonotonicTime.FromSeconds(_now += seconds);

    private readonly Dictionary<RaplPowerSource, (double Joules, double Dram)> _before = [];

    /// <summary>Joules since the last reading.</summary>
    private (double Joules, double Dram) EnergyOf(RaplPowerSource source, double after = 0.05)
    {
        var readings = new PowerReadings();
        Assert.Equal(SourceStatus.Ok, source.Read(Advance(after), readings));
        (double joules, double dram) = (readings.Counter[0].Energy.Value, readings.Counter[0].Dram.Value);
        (double joules0, double dram0) = _before.GetValueOrDefault(source);
        _before[source] = (joules, dram);
        return (joules - joules0, dram - dram0);
    }

    private sealed class FakeTimes : ICpuTimes
    {
        public double Own { get; set; }

        public double Machine { get; set; }

        public double? MachineBusySeconds() => Machine;

        public double ProcessSeconds() => Own;
    }
}
