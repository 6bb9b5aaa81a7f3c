using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Metering.Nvml;
using GreenTune.Metering.Recording;
using GreenTune.Metering.Sources;
using GreenTune.Metering.Tests.Nvml;
using GreenTune.Metering.Tests.Support;

namespace GreenTune.Metering.Tests;

public sealed class MeterFactoryTests
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    [Fact]
    public void Defaults_are_valid() => Assert.Empty(new MeteringOptions().Validate());

    [Fact]
    public void Everything_that_is_wrong_is_named_with_its_key_and_an_example()
    {
        var options = new MeteringOptions
        {
            Source = "magic",
            PeriodMilliseconds = 1,
            BaselineExpiryMinutes = double.NaN,
            Cpu = new() { TdpWatts = -5, Cores = 0 },
            Nvml = new() { Uuid = "0" },
            Simulated = new() { IdleWatts = 10, BusyWatts = 5, Readings = "all", GainError = double.NaN },
            Dcgm = new() { Url = "ftp://node7", CollectSeconds = 0 },
            Recording = new() { MaxMegabytes = 0 },
        };

        IReadOnlyList<string> wrong = options.Validate();

        Assert.Equal(12, wrong.Count);
        foreach (string key in (string[])["Metering:Source", "Metering:PeriodMilliseconds", "Metering:BaselineExpiryMinutes", "Metering:Cpu:TdpWatts", "Metering:Cpu:Cores", "Metering:Nvml:Uuid", "Metering:Simulated has", "Metering:Simulated:Readings", "Metering:Simulated:GainError", "Metering:Dcgm:Url", "Metering:Dcgm:CollectSeconds", "Metering:Recording:MaxMegabytes"])
            Assert.Contains(wrong, line => line.StartsWith(key, StringComparison.Ordinal) && line.Contains("for example"));
        Assert.Contains("Metering:Replay:File", Assert.Single(new MeteringOptions { Source = "replay" }.Validate()));
        Assert.Contains("Metering:Dcgm:Url", Assert.Single(new MeteringOptions { Source = "dcgm" }.Validate()));
        Assert.Contains("magic", Assert.Throws<ArgumentException>(() => new MeterFactory(options)).Message);
    }

    [Theory]
    [InlineData("AUTO", DeviceComponent.Gpu, "nvml")]
    [InlineData("nvml", DeviceComponent.Cpu, "nvml")]
    [InlineData("cpu", DeviceComponent.Gpu, "cpu-estimate")]
    [InlineData("simulated", DeviceComponent.Cpu, "simulated")]
    [InlineData("none", DeviceComponent.Cpu, "none")]
    public void The_source_is_the_devices_own_or_the_one_asked_for(string source, DeviceComponent component, string meter)
    {
        var clock = new ManualClock();
        var factory = new MeterFactory(new() { Source = source }, clock, nvml: () => new FakeNvml(clock));

        using IPowerSource opened = factory.Open(component, null, Period);

        Assert.Equal(meter, opened.Description.Meter);
    }

    [Fact]
    public void A_gpu_without_nvml_has_no_meter_rather_than_the_cpus()
    {
        var clock = new ManualClock();
        var factory = new MeterFactory(new(), clock, nvml: () => new FakeNvml(clock) { InitializeReturns = NvmlReturn.LibraryNotFound });

        PowerSourceDescription description = factory.Open(DeviceComponent.Gpu, "GPU-aaaa", Period).Description;

        Assert.Equal(("none", "GPU-aaaa"), (description.Meter, description.DeviceId));
        Assert.Contains("install the NVIDIA driver", description.Explanation);
    }

    [Fact]
    public void What_is_switched_off_says_so()
    {
        PowerSourceDescription description = new MeterFactory(new() { Source = "none" }).Open(DeviceComponent.Cpu, null, Period).Description;

        Assert.Contains("Metering:Source is none", description.Explanation);
        Assert.Equal("cpu-0", description.DeviceId);
    }

    [Fact]
    public void A_simulated_device_is_never_called_measured()
    {
        PowerSourceDescription description = new MeterFactory(new() { Source = "simulated" }).Open(DeviceComponent.Cpu, null, Period).Description;

        Assert.Equal(EnergyQuality.Estimated, description.Quality);
        Assert.Contains("say nothing about this machine", description.Explanation);
    }

    [Fact]
    public async Task A_live_meter_of_this_machine_settles_a_request()
    {
        await using IDeviceMeter meter = new MeterFactory(new()).Create(DeviceComponent.Cpu);
        Core.Units.MonotonicTime start = meter.Now;
        long request = meter.Admit(start);
        double sink = 1;
        while ((meter.Now - start).TotalSeconds < 0.03)
        {
            for (int i = 0; i < 1000; i++)
                sink = Math.Sin(sink + i);
        }
        meter.Step(new(start, meter.Now, StepPhase.Decode, Bench.Work, [new(request, 1, 1)]));
        SettledRequest settled = await meter.Finish(request, meter.Now).WaitAsync(TimeSpan.FromSeconds(90), TestContext.Current.CancellationToken);

        Assert.InRange(sink, -1, 1);
        Assert.Equal(EnergyQuality.Estimated, settled.Energy.Quality);
        Assert.True(settled.Energy.Joules!.Value.Value > 0);
        Assert.True(double.IsFinite(settled.Energy.RelativeUncertainty!.Value));
    }

    [Fact]
    public void A_simulated_device_follows_a_file_again_and_again()
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "curve.csv");
        File.WriteAllText(file, "0.1,100\n0.2,300\n");
        var clock = new ManualClock();
        using IPowerSource source = new MeterFactory(new() { Source = "simulated", Simulated = new() { CurveFile = file, Readings = "both", AveragingMilliseconds = 0, GainError = 0.1 } }, clock).Open(DeviceComponent.Cpu, null, Period);
        clock.Advance(TimeSpan.FromSeconds(2));
        var readings = new PowerReadings();
        source.Read(clock.Now, readings);

        Assert.Equal(2 * 200 * 1.1, readings.Counter[^1].Energy.Value, 0.01);
        Assert.Equal([110, 330], readings.Samples.Skip(1).Select(sample => Math.Round(sample.Power.Value)).Distinct());
        Assert.Contains("follows curve.csv", source.Description.Explanation);
        File.WriteAllText(file, "nonsense");
        Assert.Contains("Line 1 of the curve", new MeterFactory(new() { Source = "simulated", Simulated = new() { CurveFile = file } }).Open(DeviceComponent.Cpu, null, Period).Description.Explanation);
    }

    [Fact]
    public void A_recording_is_replayed_by_its_readings()
    {
        using var folder = new TemporaryFolder();
        string lines = Path.Combine(folder.Path, "lines.csv");
        File.WriteAllText(lines, "seconds,watts,joules\n0,100,\n0.02,102,\n0.04,101,5\n");
        PowerSourceDescription description = Replay(lines).Description;
        Assert.Equal(("replay", EnergyQuality.Estimated, Core.Power.ReadingKinds.SamplesAndCounter), (description.Meter, description.Quality, description.Kinds));
        Assert.Equal(TimeSpan.FromMilliseconds(20), description.NativePeriod);
        Assert.Contains("say nothing about this machine", description.Explanation);

        string missing = Path.Combine(folder.Path, "missing.greentrace");
        Assert.Contains("Metering:Replay:File cannot be replayed", Replay(missing).Description.Explanation);
        File.WriteAllText(lines, "seconds,watts\n");
        Assert.Contains("holds no reading", Replay(lines).Description.Explanation);
        File.WriteAllText(lines, "one,two,three,four\n");
        Assert.Contains("Line 1", Replay(lines).Description.Explanation);
    }

    [Fact]
    public async Task What_a_service_meters_is_recorded_and_can_be_replayed_under_another()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "run.greentrace");
        var factory = new MeterFactory(new() { Source = "simulated", Recording = new() { File = path, Note = "two devices" } });
        await using (IDeviceMeter one = factory.Create(DeviceComponent.Cpu))
        await using (IDeviceMeter two = factory.Create(DeviceComponent.Cpu))
        {
            // The simulated sensor gives a first sample at once, and the meters a last reading when they end.
            Assert.Equal("simulated", one.View().Meter);
            Assert.Equal(one.DeviceId, two.DeviceId);
        }

        foreach (string file in (string[])[path, Path.Combine(folder.Path, "run-2.greentrace")])
        {
            MeterReplayResult replay = MeterReplay.Run(file);
            Assert.False(replay.IsTorn);
            Assert.Equal("two devices", replay.Header.Note);
            Assert.True(replay.Ticks >= 1);
        }
        using IPowerSource again = Replay(path);
        Assert.Equal(("replay", "simulated-0"), (again.Description.Meter, again.Description.DeviceId));
        var clock = new ManualClock();
        var readings = new PowerReadings();
        again.Read(clock.Now, readings);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.True(again.Read(clock.Now, readings).Lost);
        Assert.NotEmpty(readings.Samples);
    }

    [Fact]
    public async Task A_recording_that_cannot_begin_does_not_keep_a_service_from_metering()
    {
        var logger = new ListLogger<MeterFactory>();
        var factory = new MeterFactory(new() { Source = "simulated", Recording = new() { File = Path.Combine("no", "such", "folder", "run.greentrace") } }, logger: logger);
        await using IDeviceMeter meter = factory.Create(DeviceComponent.Cpu);

        Assert.Equal("simulated", meter.View().Meter);
        Assert.Single(logger.Lines, line => line.Text.Contains("Recording the meter to"));
    }

    private static IPowerSource Replay(string file) =>
        new MeterFactory(new() { Source = "replay", Replay = new() { File = file } }).Open(DeviceComponent.Gpu, null, Period);
}
