using GreenTune.Cli.Meter;
using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering;
using GreenTune.Metering.Cpu;
using GreenTune.Metering.Simulated;
using GreenTune.Metering.Sources;

namespace GreenTune.Cli.Tests.Support;

/// <summary>A machine whose GPU draws a steady power through a perfect sensor, and whose CPU has no meter.</summary>
internal sealed class FakeMachine : IMachinePower
{
    public const double Watts = 100;

    public bool HasGpu { get; init; } = true;

    /// <summary>CPU-seconds per second that other programs use.</summary>
    public double Busy { get; init; }

    /// <summary>What the last opening was asked for.</summary>
    public (DeviceChoice Choice, string? Gpu, double PeriodMilliseconds)? Asked { get; private set; }

    public IReadOnlyList<IPowerSource> Open(MeteringOptions options, DeviceChoice choice, string? gpu, MeteredProcesses? whose)
    {
        Asked = (choice, gpu, options.PeriodMilliseconds);
        var sources = new List<IPowerSource>();
        if (choice != DeviceChoice.Gpu)
            sources.Add(new UnavailablePowerSource("cpu-0", "Some CPU", DeviceComponent.Cpu, "its counters belong to root"));
        if (choice != DeviceChoice.Cpu)
            sources.Add(HasGpu ? Gpu() : new UnavailablePowerSource("gpu-0", "GPU", DeviceComponent.Gpu, "there is none"));
        return sources;
    }

    public ICpuTimes CpuTimes() => new Times(Busy * Environment.ProcessorCount);

    private static SimulatedPowerSource Gpu() => new(
        new SimulatedSensor { Kinds = ReadingKinds.Counter, CounterPeriod = 0.001, CounterQuantum = 0 },
        new SimulatedCurve(Watts),
        MonotonicTime.Now(TimeProvider.System),
        plain => plain with { DeviceId = "GPU-test", DeviceName = "Test GPU", ReadOnDemand = true, Quality = EnergyQuality.Measured });

    private sealed class Times(double perSecond) : ICpuTimes
    {
        private readonly long _began = TimeProvider.System.GetTimestamp();

        public double? MachineBusySeconds() => perSecond * TimeProvider.System.GetElapsedTime(_began).TotalSeconds;

        public double ProcessSeconds() => 0;
    }
}
