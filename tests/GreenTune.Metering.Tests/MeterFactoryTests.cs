using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Metering.Nvml;
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
            Simulated = new() { IdleWatts = 10, BusyWatts = 5 },
        };

        IReadOnlyList<string> wrong = options.Validate();

        Assert.Equal(7, wrong.Count);
        foreach (string key in (string[])["Metering:Source", "Metering:PeriodMilliseconds", "Metering:BaselineExpiryMinutes", "Metering:Cpu:TdpWatts", "Metering:Cpu:Cores", "Metering:Nvml:Uuid", "Metering:Simulated"])
            Assert.Contains(wrong, line => line.StartsWith(key, StringComparison.Ordinal) && line.Contains("for example"));
        Assert.Contains("magic", Assert.Throws<ArgumentException>(() => new MeterFactory(options)).Message);
    }

    [Theory]
    [InlineData("auto", DeviceComponent.Cpu, "cpu-estimate")]
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
}
