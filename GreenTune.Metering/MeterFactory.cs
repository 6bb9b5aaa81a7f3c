using GreenTune.Core.Attribution;
using GreenTune.Metering.Cpu;
using GreenTune.Metering.Dcgm;
using GreenTune.Metering.Files;
using GreenTune.Metering.Nvml;
using GreenTune.Metering.Rapl;
using GreenTune.Metering.Recording;
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
    private readonly ISystemFiles _files;
    private int _recordings;

    /// <param name="options">Options; checked here.</param>
    /// <param name="clock">Clock of the meters; null for the system's.</param>
    /// <param name="logger">Where the meter and its faults are named.</param>
    /// <param name="telemetry">Metrics the devices join.</param>
    /// <param name="nvml">NVML, for tests; null for the installed one.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it.</exception>
    public MeterFactory(MeteringOptions options, TimeProvider? clock = null, ILogger<MeterFactory>? logger = null, MeteringTelemetry? telemetry = null, Func<INvml>? nvml = null)
        : this(options, clock, logger, telemetry, nvml, null)
    {
    }

    internal MeterFactory(MeteringOptions options, TimeProvider? clock, ILogger<MeterFactory>? logger, MeteringTelemetry? telemetry, Func<INvml>? nvml, ISystemFiles? files)
    {
        if (options.Validate() is { Count: > 0 } wrong)
            throw new ArgumentException(string.Join(Environment.NewLine, wrong), nameof(options));
        _options = options;
        _clock = clock ?? TimeProvider.System;
        _logger = logger ?? NullLogger<MeterFactory>.Instance;
        _telemetry = telemetry;
        _nvml = nvml ?? (static () => new NativeNvml());
        _files = files ?? new SystemFiles();
    }

    /// <summary>
    /// Opens a meter and starts it. Never fails for want of a meter: what stands in the way is named once, and requests get none with that reason.
    /// </summary>
    /// <param name="component">What the models run on.</param>
    /// <param name="gpuUuid">Which GPU, if known; Metering:Nvml:Uuid goes before it.</param>
    /// <param name="coefficients">Work coefficients by configuration instead of those that the meter fits; null leaves it to fit them.</param>
    /// <param name="remembered">What a meter had learned before a restart; null begins anew.</param>
    /// <param name="recorder">Records what the meter takes; ended with it.</param>
    public IDeviceMeter Create(DeviceComponent component, string? gpuUuid = null, Func<string, WorkCoefficients?>? coefficients = null, WorkFitSnapshot? remembered = null, MeterRecorder? recorder = null)
    {
        var options = new DeviceMeterOptions
        {
            Period = TimeSpan.FromMilliseconds(_options.PeriodMilliseconds),
            Baselines = new() { Expiry = TimeSpan.FromMinutes(_options.BaselineExpiryMinutes) },
            Coefficients = coefficients,
            Remembered = remembered,
            Recorder = recorder ?? OpenRecorder(),
            BaselineFile = string.IsNullOrWhiteSpace(_options.BaselineFile) ? null : new(_options.BaselineFile, _logger),
        };
        return new DeviceMeter(Open(component, gpuUuid, options.Period), options, _clock, _logger, _telemetry);
    }

    internal IPowerSource Open(DeviceComponent component, string? gpuUuid, TimeSpan period)
    {
        string source = _options.Source.ToLowerInvariant();
        if (source == "auto")
            source = component == DeviceComponent.Gpu ? "nvml" : "rapl or cpu";
        return source switch
        {
            "nvml" => NvmlDevices.Open(_nvml(), _options.Nvml.Uuid ?? gpuUuid, _clock, period, IsOurs),
            "rapl" => OpenRapl(otherwise: reason => Unavailable(DeviceComponent.Cpu, reason)),
            "rapl or cpu" => OpenRapl(OpenCpu),
            "cpu" => OpenCpu(null),
            "simulated" => OpenSimulated(component),
            "replay" => OpenReplay(component),
            "dcgm" => DcgmPowerSource.Open(_options.Dcgm, _clock),
            _ => Unavailable(component, "switched off (Metering:Source is none)"),
        };
    }

    private static UnavailablePowerSource Unavailable(DeviceComponent component, string reason) => component == DeviceComponent.Gpu
        ? new("gpu-0", "GPU", component, reason)
        : new("cpu-0", CpuTopology.Detect().Name, component, reason);

    private IPowerSource OpenRapl(Func<string, IPowerSource> otherwise)
    {
        CpuTopology topology = CpuTopology.Detect();
        ICpuTimes? times = Times(out _);
        if (RaplPowerSource.TryOpen(_files, topology, _options.Cpu, times, out RaplPowerSource? source) is not { } reason)
            return source!;
        (times as IDisposable)?.Dispose();
        return otherwise(reason);
    }

    /// <summary>The estimate.</summary>
    /// <param name="instead">Why it is not RAPL; null when nobody asked for that.</param>
    private IPowerSource OpenCpu(string? instead)
    {
        if (Times(out string? problem) is not { } times)
            return Unavailable(DeviceComponent.Cpu, $"the CPU's utilisation cannot be read on this system ({problem})");
        var source = new CpuEstimateSource(CpuTopology.Detect(), _options.Cpu, times);
        return instead is null ? source : source.Explain($"It is not measured by RAPL because {instead}.");
    }

    private ICpuTimes? Times(out string? problem)
    {
        problem = null;
        try
        {
            return ReadCpuTimes();
        }
        catch (Exception failed) when (failed is not OutOfMemoryException)
        {
            problem = failed.Message;
            return null;
        }
    }

    private IPowerSource OpenReplay(DeviceComponent component)
    {
        try
        {
            return ReplayFile.Open(_options.Replay.File!);
        }
        catch (Exception problem) when (problem is IOException or FormatException or UnauthorizedAccessException)
        {
            return Unavailable(component, $"Metering:Replay:File cannot be replayed ({problem.Message.TrimEnd('.')})");
        }
    }

    /// <summary>A recording that cannot begin is named and no reason to serve without a meter.</summary>
    private MeterRecorder? OpenRecorder()
    {
        if (string.IsNullOrWhiteSpace(_options.Recording.File))
            return null;
        string path = Path.GetFullPath(_options.Recording.File);
        if (++_recordings > 1)
            path = Path.Combine(Path.GetDirectoryName(path)!, FormattableString.Invariant($"{Path.GetFileNameWithoutExtension(path)}-{_recordings}{Path.GetExtension(path)}"));
        try
        {
            return MeterRecorder.ToFile(path, _options.Recording.Note, _options.Recording.MaxMegabytes * 1_000_000L, _logger);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Log.RecordingEnded(_logger, path, problem.Message);
            return null;
        }
    }
}
