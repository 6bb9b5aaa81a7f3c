using System.Runtime.InteropServices;
using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering.Nvml;
using GreenTune.Metering.Sources;
using GreenTune.Metering.Tests.Support;

namespace GreenTune.Metering.Tests.Nvml;

public sealed class NvmlPowerSourceTests
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);
    private readonly ManualClock _clock = new();
    private readonly FakeNvml _nvml;

    public NvmlPowerSourceTests() => _nvml = new(_clock);

    [Fact]
    public void Structures_have_the_layout_of_nvml_h()
    {
        Assert.Equal(8, Marshal.SizeOf<NvmlValue>());
        Assert.Equal(16, Marshal.SizeOf<NvmlSample>());
        Assert.Equal(8, (int)Marshal.OffsetOf<NvmlSample>(nameof(NvmlSample.Value)));
        Assert.Equal(40, Marshal.SizeOf<NvmlFieldValue>());
        Assert.Equal(8, (int)Marshal.OffsetOf<NvmlFieldValue>(nameof(NvmlFieldValue.TimeStamp)));
        Assert.Equal(24, (int)Marshal.OffsetOf<NvmlFieldValue>(nameof(NvmlFieldValue.ValueType)));
        Assert.Equal(28, (int)Marshal.OffsetOf<NvmlFieldValue>(nameof(NvmlFieldValue.Return)));
        Assert.Equal(32, (int)Marshal.OffsetOf<NvmlFieldValue>(nameof(NvmlFieldValue.Value)));
    }

    [Fact]
    public void Values_are_read_by_the_type_that_the_driver_says()
    {
        Assert.Equal(118.5, new NvmlValue { FloatingPoint = 118.5 }.As(NvmlValueType.FloatingPoint));
        Assert.Equal(4_000_000_000, new NvmlValue { UnsignedInt = 4_000_000_000 }.As(NvmlValueType.UnsignedInt));
        Assert.Equal(5e12, new NvmlValue { UnsignedLongLong = 5_000_000_000_000 }.As(NvmlValueType.UnsignedLongLong));
        Assert.Equal(-7, new NvmlValue { SignedLongLong = -7 }.As(NvmlValueType.SignedLongLong));
        Assert.Equal(-7, new NvmlValue { SignedInt = -7 }.As(NvmlValueType.SignedInt));
        Assert.Equal(7, new NvmlValue { UnsignedShort = 7 }.As(NvmlValueType.UnsignedShort));
        Assert.Null(default(NvmlValue).As((NvmlValueType)99));
    }

    [Fact]
    public void A_gpu_is_described_by_what_its_driver_offers()
    {
        PowerSourceDescription description = Open().Description;

        Assert.Equal(("GPU-aaaa", "NVIDIA H200", "nvml", "device"), (description.DeviceId, description.DeviceName, description.Meter, description.Boundary));
        Assert.Equal((DeviceComponent.Gpu, EnergyQuality.Measured, ReadingKinds.SamplesAndCounter), (description.Component, description.Quality, description.Kinds));
        Assert.Equal(0.05, description.GainRelative);
        Assert.Equal(TimeSpan.FromMilliseconds(20), description.NativePeriod);
        Assert.False(description.ReadOnDemand);
        Assert.Equal(126, description.AssumedIdle.Value, 6);
        Assert.Contains("580.65.06", description.Explanation);
        Assert.Contains("power limit 700 W", description.Explanation);
    }

    [Theory]
    [InlineData(NvmlValueType.UnsignedInt)]
    [InlineData(NvmlValueType.FloatingPoint)]
    public void The_drivers_samples_come_with_their_own_times_each_once(NvmlValueType type)
    {
        _nvml.SampleType = type;
        _nvml.Watts = seconds => 100 + 10 * Math.Floor(seconds / 0.02) % 7;
        IPowerSource source = Open();
        MonotonicTime origin = _clock.Now;
        var samples = new List<PowerSample>();
        for (int i = 0; i < 40; i++)
        {
            _clock.Advance(Period);
            samples.AddRange(Read(source).Samples);
        }

        Assert.Equal(samples.Select(s => s.At.Ticks).Distinct().Order(), samples.Select(s => s.At.Ticks));
        PowerSample[] during = [.. samples.Where(s => s.At > origin)];
        Assert.InRange(during.Length, 98, 100);
        Assert.All(during, sample => Assert.Equal(_nvml.Watts((sample.At - origin).TotalSeconds), sample.Power.Value, 0.01));
        for (int i = 1; i < during.Length; i++)
            Assert.Equal(0.02, (during[i].At - during[i - 1].At).TotalSeconds, 0.0001);
    }

    [Fact]
    public void Counter_values_are_stamped_in_the_middle_of_the_readings_between_which_they_changed()
    {
        IPowerSource source = Open();
        MonotonicTime origin = _clock.Now;
        var readings = new List<EnergyReading>();
        for (int i = 0; i < 200; i++)
        {
            _clock.Advance(Period);
            readings.AddRange(Read(source).Counter);
        }

        // One a second: watching for the counter's change costs ten times what the samples do.
        Assert.InRange(readings.Count, 8, 10);
        for (int i = 1; i < readings.Count; i++)
            Assert.InRange((readings[i].At - readings[i - 1].At).TotalSeconds, 1, 1.2);
        Assert.Equal(readings.Select(r => r.Energy).Distinct(), readings.Select(r => r.Energy));
        // 120 W and stamps within half a reading of the truth.
        Assert.All(readings, r => Assert.InRange((r.At - origin).TotalSeconds - (r.Energy.Value - 1000) / 120, -0.026, 0.026));
    }

    [Fact]
    public async Task Energy_from_nvml_is_right_through_the_whole_meter()
    {
        _nvml.Watts = seconds => seconds is > 5 and < 8 ? 320 : 120;
        var meter = new DeviceMeter(Open(), new(), _clock, null, null, startSampler: false);
        MonotonicTime origin = _clock.Now;
        Run(5);
        long request = meter.Admit(_clock.Now);
        MonotonicTime start = _clock.Now;
        Run(3);
        meter.Step(new(start, _clock.Now, StepPhase.Decode, Bench.Work, [new(request, 1, 1)]));
        Task<SettledRequest> settled = meter.Finish(request, _clock.Now);
        Run(2.5);

        Assert.True(settled.IsCompleted);
        EnergyFigures energy = (await settled).Energy;
        Assert.Equal(600, energy.ActiveJoules!.Value.Value, 12.0);
        Assert.Equal(360, energy.IdleJoules!.Value.Value, 4.0);
        Assert.Equal(EnergyQuality.Measured, energy.Quality);
        Assert.InRange(meter.Cutting.LargestDisagreement, 0, 0.1);
        Assert.InRange(Math.Abs(meter.Cutting.OverallDisagreement!.Value), 0, 0.01);

        void Run(double seconds)
        {
            for (double end = (_clock.Now - origin).TotalSeconds + seconds; (_clock.Now - origin).TotalSeconds < end - 1e-9;)
            {
                _clock.Advance(Period);
                meter.Tick();
            }
        }
    }

    [Theory]
    [InlineData(+3600)]
    [InlineData(-3600)]
    [InlineData(+0.5)]
    [InlineData(-0.5031)]
    public void A_wall_clock_that_is_set_does_not_move_the_samples(double jump)
    {
        IPowerSource source = Open();
        var samples = new List<PowerSample>();
        for (int i = 0; i < 120; i++)
        {
            _clock.Advance(Period);
            if (i == 30)
                _clock.WallOffset = TimeSpan.FromSeconds(jump);
            samples.AddRange(Read(source).Samples);
        }

        Assert.Equal(samples.Select(s => s.At.Ticks).Order(), samples.Select(s => s.At.Ticks));
        Assert.All(samples, s => Assert.True(s.At <= _clock.Now));
        double longest = samples.Zip(samples.Skip(1), (a, b) => (b.At - a.At).TotalSeconds).Max();
        Assert.InRange(longest, 0.019, 0.06);
        Assert.InRange((_clock.Now - samples[^1].At).TotalSeconds, 0, 0.05);
    }

    [Theory]
    [InlineData(7200)]
    [InlineData(-7200)]
    public void Stamps_of_another_clock_are_aligned_with_ours(double offset)
    {
        _nvml.StampOffset = TimeSpan.FromSeconds(offset);
        IPowerSource source = Open();
        var samples = new List<PowerSample>();
        for (int i = 0; i < 20; i++)
        {
            _clock.Advance(Period);
            samples.AddRange(Read(source).Samples);
        }

        Assert.InRange(samples.Count, 40, 100);
        Assert.InRange((_clock.Now - samples[^1].At).TotalSeconds, 0, 0.05);
    }

    [Fact]
    public void Without_a_sample_buffer_instant_power_is_read()
    {
        _nvml.SamplesReturn = NvmlReturn.NotSupported;
        IPowerSource source = Open();
        Assert.Contains("instant power", source.Description.Explanation);
        _clock.Advance(Period);

        PowerSample sample = Assert.Single(Read(source).Samples);
        Assert.Equal(120, sample.Power.Value, 6);
        Assert.Equal(_clock.Now, sample.At);
    }

    [Fact]
    public void Without_instant_power_the_board_power_is_read()
    {
        _nvml.SamplesReturn = NvmlReturn.NotSupported;
        _nvml.FieldReturn = NvmlReturn.NotSupported;
        IPowerSource source = Open();
        Assert.Contains("average over a second", source.Description.Explanation);
        _clock.Advance(Period);

        Assert.Equal(120, Assert.Single(Read(source).Samples).Power.Value, 6);
    }

    [Fact]
    public void A_gpu_with_a_counter_alone_or_samples_alone_is_metered_by_it()
    {
        _nvml.EnergyReturn = NvmlReturn.NotSupported;
        Assert.Equal(ReadingKinds.Samples, Open().Description.Kinds);

        _nvml.EnergyReturn = NvmlReturn.Success;
        _nvml.SamplesReturn = _nvml.FieldReturn = _nvml.UsageReturn = NvmlReturn.NotSupported;
        Assert.Equal(ReadingKinds.Counter, Open().Description.Kinds);
    }

    [Theory]
    [InlineData(NvmlReturn.LibraryNotFound, "install the NVIDIA driver")]
    [InlineData(NvmlReturn.DriverNotLoaded, "driver is not loaded")]
    [InlineData(NvmlReturn.LibRmVersionMismatch, "differ in version")]
    [InlineData(NvmlReturn.Unknown, "NVML says 999, error 999")]
    public void What_stands_in_the_way_of_nvml_is_named(NvmlReturn code, string words)
    {
        _nvml.InitializeReturns = code;

        PowerSourceDescription description = Open().Description;

        Assert.Equal(("none", EnergyQuality.None), (description.Meter, description.Quality));
        Assert.Contains(words, description.Explanation);
    }

    [Fact]
    public void A_gpu_that_reports_nothing_or_refuses_access_has_no_meter_and_the_reason()
    {
        _nvml.SamplesReturn = _nvml.FieldReturn = _nvml.UsageReturn = _nvml.EnergyReturn = NvmlReturn.NotSupported;
        Assert.Contains("does not report its power", Open().Description.Explanation);
        _nvml.SamplesReturn = _nvml.FieldReturn = _nvml.UsageReturn = _nvml.EnergyReturn = NvmlReturn.NoPermission;
        Assert.Contains("permission", Open().Description.Explanation);
        Assert.Equal(_nvml.Initialized, _nvml.Shutdowns);
    }

    [Fact]
    public void Of_several_gpus_one_has_to_be_named()
    {
        _nvml.Uuids.Add("GPU-bbbb");
        Assert.Contains("set Metering:Nvml:Uuid", Open().Description.Explanation);
        Assert.Contains("GPU-aaaa, GPU-bbbb", Open().Description.Explanation);
        Assert.Equal("GPU-bbbb", Open("GPU-bbbb").Description.DeviceId);
        Assert.Equal("nvml", Open("GPU-bbbb").Description.Meter);
        Assert.Contains("there is no GPU GPU-cccc", Open("GPU-cccc").Description.Explanation);
    }

    [Fact]
    public void A_gpu_that_is_lost_is_tried_again_and_taken_up_when_it_is_back()
    {
        IPowerSource source = Open();
        _clock.Advance(Period);
        Read(source);
        _nvml.EnergyReturn = _nvml.SamplesReturn = NvmlReturn.GpuIsLost;
        _clock.Advance(Period);
        SourceStatus lost = source.Read(_clock.Now, new());
        Assert.Equal((true, "the GPU has fallen off the bus"), (lost.Lost, lost.Fault));
        _nvml.EnergyReturn = _nvml.SamplesReturn = NvmlReturn.Success;
        _clock.Advance(Period);
        Assert.True(source.Read(_clock.Now, new()).Lost);
        int initialized = _nvml.Initialized;

        _clock.Advance(TimeSpan.FromSeconds(6));
        PowerReadings back = Read(source);

        Assert.Equal(initialized + 1, _nvml.Initialized);
        Assert.NotEmpty(back.Samples);
    }

    [Fact]
    public async Task Requests_while_a_gpu_is_lost_have_none_and_later_ones_are_measured_again()
    {
        var logger = new ListLogger();
        await using var meter = new DeviceMeter(Open(), new(), _clock, logger, null, startSampler: false);
        Run(4);
        _nvml.EnergyReturn = _nvml.SamplesReturn = NvmlReturn.GpuIsLost;
        Task<SettledRequest> lost = Serve(3);
        Run(2);
        _nvml.EnergyReturn = _nvml.SamplesReturn = NvmlReturn.Success;
        Run(8);
        Task<SettledRequest> back = Serve(3);
        Run(3);

        Assert.Contains("the GPU has fallen off the bus", (await lost).Energy.Reasons["joules"]);
        Assert.Equal(EnergyQuality.None, (await lost).Energy.Quality);
        Assert.Equal(360, (await back).Energy.Joules!.Value.Value, 4.0);
        Assert.Single(logger.Lines, line => line.Text.Contains("has a fault"));
        Assert.Single(logger.Lines, line => line.Text.Contains("works again"));

        void Run(double seconds)
        {
            for (int i = 0; i < (int)Math.Round(seconds / Period.TotalSeconds); i++)
            {
                _clock.Advance(Period);
                meter.Tick();
            }
        }

        Task<SettledRequest> Serve(double seconds)
        {
            MonotonicTime start = _clock.Now;
            long request = meter.Admit(start);
            Run(seconds);
            meter.Step(new(start, _clock.Now, StepPhase.Decode, Bench.Work, [new(request, 1, 1)]));
            return meter.Finish(request, _clock.Now);
        }
    }

    [Fact]
    public async Task Several_gpus_of_one_process_are_metered_beside_one_another()
    {
        var factory = new MeterFactory(new(), _clock, nvml: () =>
        {
            var nvml = new FakeNvml(_clock);
            nvml.Uuids.Add("GPU-bbbb");
            return nvml;
        });
        await using IDeviceMeter one = factory.Create(DeviceComponent.Gpu, "GPU-aaaa");
        await using IDeviceMeter two = factory.Create(DeviceComponent.Gpu, "GPU-bbbb");

        Assert.Equal(("GPU-aaaa", "GPU-bbbb"), (one.DeviceId, two.DeviceId));
        Assert.Equal(("nvml", "nvml"), (one.View().Meter, two.View().Meter));
    }

    [Fact]
    public void A_passing_error_is_a_fault_but_no_loss()
    {
        IPowerSource source = Open();
        _clock.Advance(Period);
        Read(source);
        _nvml.EnergyReturn = NvmlReturn.Timeout;
        _clock.Advance(Period);
        var readings = new PowerReadings();

        SourceStatus status = source.Read(_clock.Now, readings);

        Assert.False(status.Lost);
        Assert.Contains("NVML says 10", status.Fault);
        Assert.NotEmpty(readings.Samples);
    }

    [Fact]
    public void The_installed_library_or_its_absence_is_no_surprise()
    {
        PowerSourceDescription description = NvmlDevices.Open(new NativeNvml(), null, TimeProvider.System, Period).Description;

        Assert.Contains(description.Meter, (string[])["nvml", "none"]);
        Assert.NotEmpty(description.Explanation);
    }

    private IPowerSource Open(string? uuid = null) => NvmlDevices.Open(_nvml, uuid, _clock, Period);

    private PowerReadings Read(IPowerSource source)
    {
        var readings = new PowerReadings();
        Assert.Equal(SourceStatus.Ok, source.Read(_clock.Now, readings));
        return readings;
    }
}
