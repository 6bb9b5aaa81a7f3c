using GreenTune.Core.Attribution;
using GreenTune.Core.Units;
using GreenTune.Metering.Cpu;
using GreenTune.Metering.Nvml;
using GreenTune.Metering.Simulated;
using GreenTune.Metering.Sources;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace GreenTune.Metering;

/// <summary>Opens the meter of the device that a service runs its models on.</summary>
public sealed partial class MeterFactory
{
    private readonly MeteringOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly MeteringTelemetry? _telemetry;
    private readonly Func<INvml> _nvml;

    /// <param name="options">Options; checked here.</param>
    /// <param name="clock">Clock of the meters; null for the system's.</param>
    /// <param name="logger">Where the meter and its faults are named.</param>
    /// <param name="telemetry">Metrics the devices join.</param>
    /// <param name="nvml">NVML, for tests; null for the installed one.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it.</exception>
    public MeterFactory(MeteringOptions options, TimeProvider? clock = null, ILogger<MeterFactory>? logger = null, MeteringTelemetry? telemetry = null, Func<INvml>? nvml = null)
    {
        if (options.Validate() is { Count: > 0 } wrong)
            throw new ArgumentException(string.Join(Environment.NewLine, wrong), nameof(options));
        _options = options;
        _clock = clock ?? TimeProvider.System;
        _logger = logger ?? NullLogger<MeterFactory>.Instance;
        _telemetry = telemetry;
        _nvml = nvml ?? (static () => new NativeNvml());
    }

    /// <summary>
    /// Opens a meter and starts it. Never fails for want of a meter: what stands in the way is named once, and requests get none with that reason.
    /// </summary>
    /// <param name="component">What the models run on.</param>
    /// <param name="gpuUuid">Which GPU, if known; Metering:Nvml:Uuid goes before it.</param>
    /// <param name="coefficients">Work coefficients by configuration; null is time alone.</param>
    public IDeviceMeter Create(DeviceComponent component, string? gpuUuid = null, Func<string, WorkCoefficients?>? coefficients = null)
    {
        var options = new DeviceMeterOptions
        {
            Period = TimeSpan.FromMilliseconds(_options.PeriodMilliseconds),
            Baselines = new() { Expiry = TimeSpan.FromMinutes(_options.BaselineExpiryMinutes) },
            Coefficients = coefficients,
        };
        return new DeviceMeter(Open(component, gpuUuid, options.Period), options, _clock, _logger, _telemetry);
    }

    internal IPowerSource Open(DeviceComponent component, string? gpuUuid, TimeSpan period)
    {
        string source = _options.Source.ToLowerInvariant();
        if (source == "auto")
            source = component == DeviceComponent.Gpu ? "nvml" : "cpu";
        return source switch
        {
            "nvml" => NvmlDevices.Open(_nvml(), _options.Nvml.Uuid ?? gpuUuid, _clock, period),
            "cpu" => OpenCpu(),
            "simulated" => OpenSimulated(),
            _ => Unavailable(component, "switched off (Metering:Source is none)"),
        };
    }

    private static UnavailablePowerSource Unavailable(DeviceComponent component, string reason) => component == DeviceComponent.Gpu
        ? new("gpu-0", "GPU", component, reason)
        : new("cpu-0", CpuTopology.Detect().Name, component, reason);

    private IPowerSource OpenCpu()
    {
        try
        {
            return new CpuEstimateSource(CpuTopology.Detect(), _options.Cpu, ReadCpuTimes());
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            return Unavailable(DeviceComponent.Cpu, $"the CPU's utilisation cannot be read on this system ({problem.Message})");
        }
    }

    /// <summary>A made-up device whose power follows this process's CPU use: for trying the product out, and marked as an estimate.</summary>
    private SimulatedPowerSource OpenSimulated()
    {
        SimulatedOptions simulated = _options.Simulated;
        var curve = new SimulatedCurve(simulated.IdleWatts);
        double last = 0, lastCpu = ProcessCpuTime.Seconds();
        return new(
            new() { Kinds = Core.Power.ReadingKinds.Samples, AveragingWindow = 0.02 },
            curve,
            MonotonicTime.Now(_clock),
            plain => plain with
            {
                Component = DeviceComponent.Cpu,
                Quality = Core.Contracts.EnergyQuality.Estimated,
                GainRelative = CpuPowerModel.GainRelative,
                Explanation = FormattableString.Invariant($"A simulated device of {simulated.IdleWatts:0.#} to {simulated.BusyWatts:0.#} W that follows this process's CPU use (Metering:Source is simulated): its figures say nothing about this machine."),
                AssumedIdle = new(simulated.IdleWatts),
                AssumedIdleSigma = new(0.1 * simulated.IdleWatts),
            },
            now =>
            {
                double cpu = ProcessCpuTime.Seconds();
                double use = now > last ? Math.Clamp((cpu - lastCpu) / (now - last) / Environment.ProcessorCount, 0, 1) : 0;
                curve.Append(now, simulated.IdleWatts + use * (simulated.BusyWatts - simulated.IdleWatts));
                (last, lastCpu) = (now, cpu);
            });
    }
}
