using System.Collections.Concurrent;
using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering.Sources;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace GreenTune.Metering;

/// <summary>
/// The meter of one device. Callers leave events in a queue; the sampler's thread reads the sensor, takes the queue up and owns the ledger. A lock, held
/// for microseconds and never while the sensor is read, lets others look at the results.
/// </summary>
public sealed partial class DeviceMeter : IDeviceMeter
{
    private static readonly TimeSpan StuckAfter = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(2);

    private readonly IPowerSource _source;
    private readonly DeviceMeterOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly MeteringTelemetry? _telemetry;
    private readonly PowerSourceDescription _description;
    private readonly MeterCore _core;
    private readonly Lock _gate = new();
    private readonly ConcurrentQueue<MeterEvent> _events = new();
    private readonly Dictionary<long, TaskCompletionSource<SettledRequest>> _waiting = [];
    private readonly List<(TaskCompletionSource<SettledRequest> Waiter, SettledRequest Settled)> _done = [];
    private readonly PowerReadings _readings = new();
    private readonly List<Settlement> _settled = [];
    private readonly SamplerThread? _sampler;
    private readonly ITimer? _watchdog;
    private long _lastRequest;
    private long _lastTick;
    private volatile bool _stopped;
    private volatile bool _stuck;
    private string? _namedFault;
    private volatile string? _failure;
    private volatile DeviceFacts? _facts;
    private int _readingFacts;
    private bool _factsFailed;

    /// <summary>Starts metering.</summary>
    /// <param name="source">Where power is read; disposed with the meter.</param>
    /// <param name="options">How it works; null for the defaults.</param>
    /// <param name="clock">Clock of the meter; null for the system's.</param>
    /// <param name="logger">Where faults are named, each once.</param>
    /// <param name="telemetry">Metrics the device joins.</param>
    public DeviceMeter(IPowerSource source, DeviceMeterOptions? options = null, TimeProvider? clock = null, ILogger? logger = null, MeteringTelemetry? telemetry = null)
        : this(source, options, clock, logger, telemetry, startSampler: true)
    {
    }

    internal DeviceMeter(IPowerSource source, DeviceMeterOptions? options, TimeProvider? clock, ILogger? logger, MeteringTelemetry? telemetry, bool startSampler)
    {
        _source = source;
        _options = options ?? new();
        _clock = clock ?? TimeProvider.System;
        _logger = logger ?? NullLogger.Instance;
        _telemetry = telemetry;
        _description = source.Description;
        if (_options.BaselineFile is { } file)
            _options = _options with { SavedBaselines = file.Load(_description, _options.Period) };
        _core = new(_description, _options, _clock);
        _lastTick = Now.Ticks;
        Log.Metering(_logger, _description.DeviceId, _description.DeviceName, _description.Meter, _description.Explanation);
        telemetry?.Add(this);
        if (startSampler)
        {
            _sampler = new($"meter {_description.DeviceId}", _options.Period, _options.OnDemandSpacing, Tick);
            _watchdog = _clock.CreateTimer(static state => ((DeviceMeter)state!).OncePerSecond(), this, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        }
    }

    public string DeviceId => _description.DeviceId;

    public MonotonicTime Now => MonotonicTime.Now(_clock);

    /// <summary>What cutting readings into blocks met so far: gaps, resets, disagreement of counter and samples.</summary>
    public CuttingStatistics Cutting => _core.Cutting;

    public long Admit(MonotonicTime at)
    {
        long request = Interlocked.Increment(ref _lastRequest);
        Tell(new(MeterEventKind.Admit, at, request, null));
        Wake();
        return request;
    }

    public void Step(StepRecord step) => Tell(new(MeterEventKind.Step, step.End, 0, step));

    public Task<SettledRequest> Finish(long request, MonotonicTime at)
    {
        var waiter = new TaskCompletionSource<SettledRequest>(TaskCreationOptions.RunContinuationsAsynchronously);
        _events.Enqueue(new(MeterEventKind.Finish, at, request, waiter));
        // Looked at after the entry is in the queue: whoever stops the meter from here on finds it there.
        if (_stopped || _stuck)
            AnswerAll(_stopped ? "the meter was stopped" : "the meter does not answer");
        else
            Wake();
        return waiter.Task;
    }

    public void SetResident(IReadOnlyCollection<string> configurations) =>
        Tell(new(MeterEventKind.Resident, Now, 0, (string[])[.. configurations.Distinct().Order(StringComparer.Ordinal)]));

    public IDisposable Busy()
    {
        Tell(new(MeterEventKind.BusyBegins, Now, 0, null));
        return new BusySpan(this);
    }

    public DeviceView View()
    {
        lock (_gate)
            return _core.View() with { Facts = _facts };
    }

    public WorkFitSnapshot? WorkFits()
    {
        lock (_gate)
            return _core.WorkFits();
    }

    public IReadOnlyList<TracePoint> Trace(MonotonicTime from, MonotonicTime to, MonotonicTime origin, int maxPoints)
    {
        IReadOnlyList<PowerSample> points;
        lock (_gate)
            points = _core.Points(from, to, maxPoints);
        return [.. points.Select(point => new TracePoint((point.At - origin).TotalSeconds, point.Power.Value))];
    }

    public PowerFrame Frame(TimeSpan last, int maxPoints)
    {
        lock (_gate)
        {
            MonotonicTime now = Now;
            DateTimeOffset wall = _clock.GetUtcNow();
            return new(
                DeviceId,
                _core.BaselineNow(),
                [.. _core.Points(now - last, now, maxPoints).Select(point => new PowerPoint(wall - (now - point.At), point.Power.Value))]);
        }
    }

    public EnergyPeriod? CutPeriod()
    {
        lock (_gate)
        {
            if (_core.CutPeriod() is not var (from, to, buckets))
                return null;
            return new()
            {
                Id = $"{DeviceId}-{Guid.CreateVersion7():N}",
                Device = DeviceId,
                From = from,
                To = to,
                Total = buckets.Total,
                Active = buckets.Active,
                IdleShare = buckets.IdleShare,
                Idle = buckets.Idle,
                Unattributed = buckets.Unattributed,
                Other = buckets.Other,
                Quality = buckets.Quality,
            };
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stopped)
            return;
        if (_watchdog is not null)
            await _watchdog.DisposeAsync();
        bool ended = true;
        if (_sampler is not null)
            // The thread takes a last reading, so that what has just ended still settles.
            ended = await Task.Run(() => _sampler.Stop(StopPatience));
        else
            Tick();
        _stopped = true;
        _telemetry?.Remove(this);
        AnswerAll("the meter was stopped");
        EndCalibration(new(null, [], "the meter was stopped"));
        SaveBaselines(now: true);
        lock (_gate)
            _options.Recorder?.Dispose();
        // A thread that hangs inside the driver still uses the source.
        if (ended)
            _source.Dispose();
    }

    private void Tell(in MeterEvent happened)
    {
        // Nobody empties the queue any more, or not for a while: steps are what would fill it.
        if (_stopped || (_stuck && happened.Kind == MeterEventKind.Step))
            return;
        _events.Enqueue(happened);
    }

    private void OncePerSecond()
    {
        Watch();
        SaveBaselines();
        ReadFacts();
    }

    private void Wake()
    {
        if (_description.ReadOnDemand)
            _sampler?.Wake();
    }

    private SettledRequest None(string reason) => new(EnergyFigures.None(reason, MethodVersions.Attribution) with { Device = DeviceId }, 1, null);

    private sealed class BusySpan(DeviceMeter meter) : IDisposable
    {
        private int _disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
                meter.Tell(new(MeterEventKind.BusyEnds, meter.Now, 0, null));
        }
    }
}
