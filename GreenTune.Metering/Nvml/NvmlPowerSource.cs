using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering.Sources;

namespace GreenTune.Metering.Nvml;

/// <summary>
/// An NVIDIA GPU. Power comes from the driver's own sample buffer (a value each 20 ms or so on an H200, with time stamps), where there is none
/// from instant power (field 186), where there is none either from nvmlDeviceGetPowerUsage; energy from the total energy counter.
/// </summary>
public sealed partial class NvmlPowerSource : IPowerSource, IDeviceFactsSource
{
    /// <summary>+-5 % of reading as 1 sigma ("Part-time power measurements", arXiv 2312.02741, SC'24: A100 and H100 among more than 70 GPUs).</summary>
    public const double GainRelative = 0.05;

    /// <summary>NVML_FI_DEV_POWER_INSTANT.</summary>
    internal const uint PowerInstantField = 186;

    // An H200 with a model resident idles at 121 to 125 W of its 700 W limit; other data-centre GPUs lie between 0.1 and 0.2.
    private const double AssumedIdleOfLimit = 0.18;
    private const double UnknownLimit = 300;

    // A reading of the counter takes 4 to 5 ms of a processor on an H200 (driver 580), where the whole sample buffer takes 0.4. Samples are rescaled to it over spans of a second
    // at least, so that it is watched for a change once a second instead of being read each time.
    private static readonly TimeSpan CounterPause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DefaultSamplePeriod = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan PolledPeriod = TimeSpan.FromMilliseconds(100);

    private readonly INvml _nvml;
    private readonly TimeProvider _wall;
    private readonly NvmlClock _clock = new();
    private readonly bool _hasCounter;
    private readonly string _uuid;
    private readonly IdleFloor _floor;

    // A value of the driver's buffer is the mean of the time up to its stamp: on an H200 (driver 580, a value each 20 ms), recorded with the engine's steps under load, a mean over
    // 20 to 25 ms that ends at the stamp explains the samples best of all windows from 2 to 100 ms and lags from -10 to 50 ms.
    private readonly TimeSpan _stampLag;
    private NvmlSample[] _buffer = [];
    private nint _device;
    private SampleField _field;
    private readonly List<ulong> _overhang = [];
    private ulong _lastStamp;
    private MonotonicTime? _lastSample;
    private MonotonicTime? _lastPoll;
    private MonotonicTime? _counterAgain;
    private ulong? _lastEnergy;
    private MonotonicTime? _retryAt;
    private string _lostReason = "";

    /// <param name="nvml">The library, initialised.</param>
    /// <param name="target">The GPU.</param>
    /// <param name="wall">The machine's clock.</param>
    /// <param name="pollPeriod">How often it will be read.</param>
    internal NvmlPowerSource(INvml nvml, NvmlTarget target, TimeProvider wall, TimeSpan pollPeriod)
    {
        nint device = target.Device;
        _nvml = nvml;
        _device = device;
        _wall = wall;
        _facts = new(nvml, wall, target.IsOurs, target.SeesDriverPids);
        _instancesAllowed = target.InstancesAllowed;
        _uuid = nvml.Uuid(device, out string uuid) == NvmlReturn.Success ? uuid : "gpu-0";
        DeviceId = target.Id ?? _uuid;
        string name = nvml.Name(device, out string text) == NvmlReturn.Success ? text : "NVIDIA GPU";
        string driver = nvml.DriverVersion(out string version) == NvmlReturn.Success ? version : "unknown";
        double? limit = nvml.EnforcedPowerLimit(device, out uint milliwatts) == NvmlReturn.Success ? milliwatts / 1000.0 : null;
        TimeSpan period = ProbeSamples(out NvmlReturn samplesCode);
        _stampLag = period / 2;
        NvmlReturn counterCode = nvml.TotalEnergy(device, out _);
        _hasCounter = counterCode == NvmlReturn.Success;
        if (_field == SampleField.None && !_hasCounter)
            Unusable = NvmlDevices.Explain(nvml, samplesCode is NvmlReturn.NotSupported or NvmlReturn.NotFound ? counterCode : samplesCode);
        double idle = AssumedIdleOfLimit * (limit ?? UnknownLimit);
        _floor = new(new(idle));
        Description = new()
        {
            DeviceId = DeviceId,
            DeviceName = name,
            Component = DeviceComponent.Gpu,
            Meter = "nvml",
            Boundary = "device",
            Quality = EnergyQuality.Measured,
            GainRelative = GainRelative,
            Explanation = Explanation(driver, limit) + target.Note,
            Kinds = _field == SampleField.None ? ReadingKinds.Counter : _hasCounter ? ReadingKinds.SamplesAndCounter : ReadingKinds.Samples,
            NativePeriod = _field == SampleField.Buffer ? period : PolledPeriod,
            AveragingWindow = _field == SampleField.Buffer ? period : TimeSpan.Zero,
            CounterQuantum = 0.001,
            // The counter moves by itself about 10 times a second: it took its value somewhere between two readings, and the middle is stamped.
            CounterLatchSeconds = pollPeriod.TotalSeconds / Trapezoid.WidthOverSigma,
            AssumedIdle = new(idle),
            AssumedIdleSigma = new(0.5 * idle),
        };
    }

    private enum SampleField
    {
        None,
        Buffer,
        Instant,
        Usage,
    }

    public PowerSourceDescription Description { get; }

    internal string DeviceId { get; }

    /// <summary>Why nothing can be read from this GPU; null when something can.</summary>
    internal string? Unusable { get; }

    public SourceStatus Read(MonotonicTime now, PowerReadings into)
    {
        if (_retryAt is { } retry)
        {
            if (now < retry)
                return SourceStatus.Gone(_lostReason);
            if (Reopen() is { } failed)
                return Lose(failed, now);
        }
        if (_shared is { } shared)
            return Lose(shared, now);
        _clock.Observe(now, _wall.GetUtcNow());
        NvmlReturn counter = _hasCounter ? ReadCounter(now, into) : NvmlReturn.Success;
        NvmlReturn samples = ReadPower(now, into);
        NvmlReturn worst = IsLoss(counter) ? counter : IsLoss(samples) ? samples : NvmlReturn.Success;
        if (worst != NvmlReturn.Success)
            return Lose(NvmlDevices.Explain(_nvml, worst), now);
        worst = counter != NvmlReturn.Success ? counter : samples;
        return worst == NvmlReturn.Success ? SourceStatus.Ok : SourceStatus.Failed(NvmlDevices.Explain(_nvml, worst));
    }

    public void Dispose() => _nvml.Shutdown();

    private static bool IsLoss(NvmlReturn code) =>
        code is NvmlReturn.GpuIsLost or NvmlReturn.ResetRequired or NvmlReturn.Uninitialized or NvmlReturn.DriverNotLoaded or NvmlReturn.NoPermission or NvmlReturn.InvalidArgument;

    private string Explanation(string driver, double? limit)
    {
        string power = _field switch
        {
            SampleField.Buffer => "the driver's power samples",
            SampleField.Instant => "instant power",
            SampleField.Usage => "board power, which newer GPUs average over a second",
            _ => "no power samples",
        };
        string counter = _hasCounter ? "rescaled to the GPU's energy counter" : "without an energy counter";
        string limited = limit is { } watts ? FormattableString.Invariant($", power limit {watts:0} W") : "";
        return $"NVML (driver {driver}{limited}): {power}, {counter}; +-5 % of reading.";
    }

    private NvmlReturn ReadCounter(MonotonicTime now, PowerReadings into)
    {
        if (_counterAgain is { } again && now < again)
            return NvmlReturn.Success;
        NvmlReturn code = _nvml.TotalEnergy(_device, out ulong millijoules);
        if (code != NvmlReturn.Success)
            return code;
        // The first value, and the one after a pause, may be old already; at a change seen between two readings in a row its time is known to within them.
        if (_lastEnergy is { } last && last != millijoules && _lastPoll is { } before)
        {
            var changed = new MonotonicTime(before.Ticks + (now.Ticks - before.Ticks) / 2);
            into.Counter.Add(new(changed, new(millijoules / 1000.0)));
            if (_field != SampleField.None)
            {
                (_counterAgain, _lastEnergy, _lastPoll) = (changed + CounterPause, null, null);
                return code;
            }
        }
        (_lastEnergy, _lastPoll) = (millijoules, now);
        return code;
    }

    private NvmlReturn ReadPower(MonotonicTime now, PowerReadings into)
    {
        switch (_field)
        {
            case SampleField.Buffer:
                NvmlReturn code = ReadBuffer(now, into);
                if (code is not (NvmlReturn.NotSupported or NvmlReturn.FunctionNotFound))
                    return code;
                _field = SampleField.Instant;
                goto case SampleField.Instant;
            case SampleField.Instant:
                var field = new NvmlFieldValue { FieldId = PowerInstantField };
                NvmlReturn instant = _nvml.FieldValue(_device, ref field);
                if (instant == NvmlReturn.Success)
                    instant = field.Return;
                if (instant == NvmlReturn.Success && field.Value.As(field.ValueType) is { } milliwatts)
                    Add(now, milliwatts, into);
                return instant;
            case SampleField.Usage:
                NvmlReturn usage = _nvml.PowerUsage(_device, out uint value);
                if (usage == NvmlReturn.Success)
                    Add(now, value, into);
                return usage;
            default:
                return NvmlReturn.Success;
        }
    }

    private void Add(MonotonicTime at, double milliwatts, PowerReadings into)
    {
        if (!(milliwatts >= 0) || !double.IsFinite(milliwatts))
            return;
        double watts = milliwatts / 1000;
        if (_lastSample is { } last)
            _floor.Add(watts * (at - last).TotalSeconds, (at - last).TotalSeconds);
        into.Samples.Add(new(at, new(watts), new(_facts.ForeignShare * Math.Max(0, watts - _floor.Watts))));
        _lastSample = at;
    }

    private SourceStatus Lose(string reason, MonotonicTime now)
    {
        _lostReason = reason;
        _retryAt = now + RetryAfter;
        (_counterAgain, _lastEnergy, _lastPoll) = (null, null, null);
        return SourceStatus.Gone(reason);
    }

    /// <summary>Connects anew after a loss: a driver that was reloaded gives new handles.</summary>
    private string? Reopen()
    {
        _nvml.Shutdown();
        NvmlReturn code = _nvml.Initialize(out string? detail);
        if (code == NvmlReturn.Success)
            code = _nvml.DeviceByUuid(_uuid, out _device);
        if (code != NvmlReturn.Success)
            return NvmlDevices.Explain(_nvml, code, detail);
        _retryAt = null;
        return null;
    }
}
