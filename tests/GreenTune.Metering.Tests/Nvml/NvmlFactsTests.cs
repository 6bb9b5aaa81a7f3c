using System.Runtime.InteropServices;
using GreenTune.Core.Contracts;
using GreenTune.Metering.Nvml;
using GreenTune.Metering.Sources;
using GreenTune.Metering.Tests.Support;

namespace GreenTune.Metering.Tests.Nvml;

public sealed class NvmlFactsTests
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);
    private static readonly uint Own = (uint)Environment.ProcessId;
    private readonly ManualClock _clock = new();
    private readonly FakeNvml _nvml;

    public NvmlFactsTests() => _nvml = new(_clock);

    [Fact]
    public void Structures_have_the_layout_of_nvml_h()
    {
        Assert.Equal(32, Marshal.SizeOf<NvmlProcessSample>());
        Assert.Equal(8, (int)Marshal.OffsetOf<NvmlProcessSample>(nameof(NvmlProcessSample.TimeStamp)));
        Assert.Equal(16, (int)Marshal.OffsetOf<NvmlProcessSample>(nameof(NvmlProcessSample.SmUtilization)));
        Assert.Equal(24, Marshal.SizeOf<NvmlProcess>());
        Assert.Equal(8, (int)Marshal.OffsetOf<NvmlProcess>(nameof(NvmlProcess.UsedMemory)));
        Assert.Equal(16, (int)Marshal.OffsetOf<NvmlProcess>(nameof(NvmlProcess.GpuInstance)));
    }

    [Fact]
    public void A_gpus_state_is_told()
    {
        DeviceFacts facts = Facts();

        Assert.Equal(700, facts.PowerLimitWatts!.Value.Value);
        Assert.Equal(120, facts.InstantWatts!.Value.Value);
        Assert.Equal(119, facts.AverageWatts!.Value.Value);
        Assert.Equal(31.5, facts.MemoryWatts!.Value.Value);
        Assert.Equal((1980, 3201, 34, 0.25), (facts.SmClockMegahertz, facts.MemoryClockMegahertz, facts.TemperatureCelsius, facts.Utilization));
        Assert.Equal(["swPowerCap", "swThermalSlowdown"], facts.ThrottleReasons);
        Assert.Empty(facts.ForeignProcesses!);
        Assert.Empty(facts.MigInstances!);
        Assert.Empty(facts.Reasons);
        Assert.Equal(_clock.GetUtcNow(), facts.At);
        Assert.True(facts.ReadMilliseconds >= 0);
    }

    [Fact]
    public void What_a_gpu_does_not_tell_is_null_with_the_reason()
    {
        _nvml.FactsReturn = _nvml.MemoryReturn = _nvml.ProcessesReturn = NvmlReturn.NotSupported;

        DeviceFacts facts = Facts();

        Assert.Null(facts.MemoryWatts);
        Assert.Null(facts.TemperatureCelsius);
        Assert.Null(facts.Utilization);
        Assert.Null(facts.ThrottleReasons);
        Assert.Null(facts.ForeignProcesses);
        Assert.Equal(
            ["foreignProcesses", "foreignShare", "memoryClockMegahertz", "memoryWatts", "smClockMegahertz", "temperatureCelsius", "throttleReasons", "utilization"],
            facts.Reasons.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("this GPU does not tell it", facts.Reasons["memoryWatts"]);
        Assert.NotNull(facts.PowerLimitWatts);
    }

    [Fact]
    public void A_gpu_that_does_not_answer_tells_nothing()
    {
        var source = (NvmlPowerSource)Open();
        _nvml.LimitReturn = NvmlReturn.GpuIsLost;
        Assert.Null(source.ReadFacts());
    }

    [Fact]
    public void Other_processes_are_named_and_their_part_is_modelled_by_utilisation()
    {
        _nvml.Watts = seconds => seconds < 3 ? 120 : 320;
        var source = (NvmlPowerSource)Open();
        Read(source, 3);
        _nvml.Running.Add(new() { Pid = Own, UsedMemory = 4_000_000_000 });
        _nvml.Running.Add(new() { Pid = 77, UsedMemory = ulong.MaxValue });
        (_nvml.Use[Own], _nvml.Use[77]) = (60, 20);

        DeviceFacts facts = source.ReadFacts()!;
        PowerReadings readings = Read(source, 2);

        Assert.Equal(new ForeignProcess(77, null, 0.2), Assert.Single(facts.ForeignProcesses!));
        Assert.Equal(0.25, facts.ForeignShare!.Value, 9);
        // A quarter of what is above the 120 W that were seen at rest.
        Assert.Equal(50, readings.Samples[^1].Other.Value, 0.5);
        _nvml.Use.Clear();
        _clock.Advance(Period);
        Assert.Equal(0, source.ReadFacts()!.ForeignShare);
        Assert.Equal(0, Read(source, 0.1).Samples[^1].Other.Value);
    }

    [Fact]
    public void Who_counts_as_ours_can_be_said()
    {
        _nvml.Running.Add(new() { Pid = Own });
        _nvml.Running.Add(new() { Pid = 77 });
        (_nvml.Use[Own], _nvml.Use[77]) = (0, 50);
        var source = (NvmlPowerSource)NvmlDevices.Open(_nvml, null, _clock, Period, () => null, true, pid => pid == 77);

        DeviceFacts facts = source.ReadFacts()!;

        Assert.Equal(Own, Assert.Single(facts.ForeignProcesses!).Pid);
        Assert.Equal(0, facts.ForeignShare);
    }

    [Fact]
    public void A_process_that_draws_is_another_one_too()
    {
        _nvml.Running.Add(new() { Pid = Own });
        (_nvml.Use[Own], _nvml.Use[88]) = (30, 10);

        DeviceFacts facts = Facts();

        Assert.Equal(new ForeignProcess(88, null, 0.1), Assert.Single(facts.ForeignProcesses!));
        Assert.Equal(0.25, facts.ForeignShare!.Value, 9);
    }

    [Fact]
    public void Without_utilisation_the_part_of_others_is_not_known()
    {
        _nvml.Running.Add(new() { Pid = Own });
        _nvml.Running.Add(new() { Pid = 77, UsedMemory = 1000 });
        _nvml.UseReturn = NvmlReturn.NotSupported;

        DeviceFacts facts = Facts();

        Assert.Equal(new ForeignProcess(77, 1000, null), Assert.Single(facts.ForeignProcesses!));
        Assert.Null(facts.ForeignShare);
        Assert.Contains("utilisation", facts.Reasons["foreignShare"]);
    }

    [Fact]
    public void In_a_container_one_process_is_this_one_and_several_cannot_be_told_apart()
    {
        _nvml.Running.Add(new() { Pid = 4711 });
        var source = (NvmlPowerSource)Open(seesPids: false);
        Assert.Empty(source.ReadFacts()!.ForeignProcesses!);
        _nvml.Running.Add(new() { Pid = Own });

        DeviceFacts facts = source.ReadFacts()!;

        Assert.Null(facts.ForeignProcesses);
        Assert.Contains("2 processes use the GPU", facts.Reasons["foreignProcesses"]);
    }

    [Fact]
    public void The_only_instance_of_a_divided_gpu_has_the_gpus_power()
    {
        _nvml.Instances = ["MIG-1111"];

        foreach (string uuid in (string[])["MIG-1111", "GPU-aaaa"])
        {
            PowerSourceDescription description = Open(uuid).Description;
            Assert.Equal(("nvml", uuid), (description.Meter, description.DeviceId));
            Assert.Contains("the only instance", description.Explanation);
        }
    }

    [Fact]
    public void One_of_several_instances_has_no_power_unless_it_tells_its_own()
    {
        _nvml.Instances = ["MIG-1111", "MIG-2222"];
        foreach (string uuid in (string[])["MIG-2222", "GPU-aaaa"])
        {
            PowerSourceDescription description = Open(uuid).Description;
            Assert.Equal(("none", uuid, EnergyQuality.None), (description.Meter, description.DeviceId, description.Quality));
            Assert.Contains("MIG divides the GPU into 2 instances (MIG-1111, MIG-2222)", description.Explanation);
        }

        _nvml.InstancesHavePower = true;
        Assert.Equal(("nvml", "MIG-2222"), (Open("MIG-2222").Description.Meter, Open("MIG-2222").Description.DeviceId));
    }

    [Fact]
    public void A_second_instance_that_appears_takes_the_power_away_until_it_is_gone()
    {
        _nvml.Instances = ["MIG-1111"];
        var source = (NvmlPowerSource)Open("MIG-1111");
        Assert.NotEmpty(Read(source, 0.2).Samples);
        _nvml.Instances.Add("MIG-2222");
        Assert.Equal(2, source.ReadFacts()!.MigInstances!.Count);
        _clock.Advance(Period);

        SourceStatus shared = source.Read(_clock.Now, new());

        Assert.True(shared.Lost);
        Assert.Contains("divided into 2 MIG instances", shared.Fault);
        _nvml.Instances.RemoveAt(1);
        source.ReadFacts();
        _clock.Advance(TimeSpan.FromSeconds(6));
        Assert.NotEmpty(Read(source, 0.1).Samples);
    }

    [Fact]
    public void Of_several_gpus_the_one_that_cuda_uses_is_metered()
    {
        _nvml.Uuids.Add("GPU-bbbb");
        Assert.Equal("GPU-bbbb", Open(null, cuda: () => "bbbb").Description.DeviceId);
        Assert.Contains("set Metering:Nvml:Uuid", Open(null, cuda: () => null).Description.Explanation);
        Assert.Contains("set Metering:Nvml:Uuid", Open(null, cuda: () => "cccc").Description.Explanation);
        _nvml.Instances = ["MIG-dddd"];
        Assert.Equal("MIG-dddd", Open(null, cuda: () => "dddd").Description.DeviceId);
        Assert.Equal("8f6d1a2e-0102-0304-0506-0708090a0b0c", CudaDevices.Format([0x8f, 0x6d, 0x1a, 0x2e, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
    }

    [Fact]
    public async Task The_meters_view_carries_the_state()
    {
        await using var meter = new DeviceMeter(Open(), new(), _clock, null, null, startSampler: false);
        Assert.Null(meter.View().Facts);
        meter.ReadFacts();
        Assert.Equal(34, meter.View().Facts!.TemperatureCelsius);
    }

    [Fact]
    public void Stamps_that_drift_away_from_our_clock_are_caught_again()
    {
        IPowerSource source = Open();
        Read(source, 1);
        var samples = new List<Core.Power.PowerSample>();
        // A driver's clock that gains 10 % on ours: 0.2 s in two seconds, then 0.4 s and more.
        for (int i = 0; i < 200; i++)
        {
            _nvml.StampOffset = TimeSpan.FromMilliseconds(5 * i);
            samples.AddRange(Read(source, 0.05).Samples);
        }

        Assert.Equal(samples.Select(s => s.At.Ticks).Order(), samples.Select(s => s.At.Ticks));
        Assert.All(samples, s => Assert.True(s.At <= _clock.Now));
        double longest = samples.Zip(samples.Skip(1), (a, b) => (b.At - a.At).TotalSeconds).Max();
        Assert.InRange(longest, 0.019, 1.2);
        Assert.InRange((_clock.Now - samples[^1].At).TotalSeconds, 0, 1.2);
    }

    [Fact]
    public void Slewing_by_what_clocks_may_be_slewed_does_not_disturb_the_samples()
    {
        IPowerSource source = Open();
        Read(source, 1);
        var samples = new List<Core.Power.PowerSample>();
        for (int i = 0; i < 400; i++)
        {
            // 500 parts per million, the most that adjtimex slews.
            _clock.WallOffset += TimeSpan.FromTicks((long)(0.0005 * Period.Ticks));
            samples.AddRange(Read(source, 0.05).Samples);
        }

        double[] distances = [.. samples.Zip(samples.Skip(1), (a, b) => (b.At - a.At).TotalSeconds)];
        Assert.All(distances, distance => Assert.InRange(distance, 0.0199, 0.0201));
    }

    private IPowerSource Open(string? uuid = null, bool seesPids = true, Func<string?>? cuda = null) =>
        NvmlDevices.Open(_nvml, uuid, _clock, Period, cuda ?? (() => null), seesPids);

    private DeviceFacts Facts() => ((NvmlPowerSource)Open()).ReadFacts()!;

    private PowerReadings Read(IPowerSource source, double seconds)
    {
        var readings = new PowerReadings();
        for (int i = 0; i < (int)Math.Round(seconds / Period.TotalSeconds); i++)
        {
            _clock.Advance(Period);
            Assert.Equal(SourceStatus.Ok, source.Read(_clock.Now, readings));
        }
        return readings;
    }
}
