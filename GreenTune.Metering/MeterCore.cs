using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;
using GreenTune.Metering.Baselines;
using GreenTune.Metering.Recording;
using GreenTune.Metering.Sources;

namespace GreenTune.Metering;

/// <summary>
/// Joins readings, events, baselines and attribution of one device. Not thread-safe: <see cref="DeviceMeter"/> guards it.
/// </summary>
internal sealed class MeterCore
{
    private const int MostPendingBlocks = 16_384;
    private static readonly TimeSpan FreshPower = TimeSpan.FromSeconds(2);

    private readonly PowerSourceDescription _description;
    private readonly DeviceMeterOptions _options;
    private readonly TimeProvider _clock;
    private readonly BlockCutter _cutter;
    private readonly BaselineKeeper _baselines;
    private readonly AttributionLedger _ledger;
    private readonly WorkFitter _fitter;
    private readonly CounterTally _counterTally = new();
    private readonly PowerTrace _trace;
    private readonly List<EnergyBlock> _cut = [];
    private readonly Queue<EnergyBlock> _pending = new();
    private readonly Dictionary<long, MonotonicTime> _open = [];
    private readonly Dictionary<long, MonotonicTime> _ended = [];
    private readonly List<long> _overdue = [];
    private readonly TimeSpan _lostAfter;
    private readonly ComponentSplit? _split;
    private MonotonicTime _cutUntil;
    private MonotonicTime _lastBlock;
    private MonotonicTime _stepsUntil = new(long.MinValue);
    private TimeSpan _window;
    private bool _lost;
    private Watts? _now;
    private MonotonicTime _nowAt;
    private DateTimeOffset? _lastCut;

    public MeterCore(PowerSourceDescription description, DeviceMeterOptions options, TimeProvider clock)
    {
        _description = description;
        _options = options;
        _clock = clock;
        TimeSpan period = description.NativePeriod is { } native && (description.Kinds != ReadingKinds.Counter || native > options.Period) ? native : options.Period;
        SamplePeriod = period;
        _cutter = BlockCutter.Create(new()
        {
            Kinds = description.Kinds,
            Period = period,
            Quality = description.Quality,
            CounterQuantum = description.CounterQuantum,
            CounterLatchSeconds = description.CounterLatchSeconds,
            SampleNoise = description.SampleNoise,
            AveragingWindow = description.AveragingWindow,
        });
        _trace = new(options.TraceCapacity, period);
        _split = description.TellsDram ? new() : null;
        _baselines = new(options.Baselines, description.AssumedIdle, description.AssumedIdleSigma, options.SavedBaselines, clock.GetUtcNow());
        _fitter = new(new() { Integrating = description.Kinds == ReadingKinds.Counter, Period = period, AveragingWindow = description.AveragingWindow });
        if (options.Remembered is { } remembered && remembered.Device == description.DeviceId && remembered.Meter == description.Meter)
            _fitter.Restore(remembered.Fits);
        _ledger = new(
            new()
            {
                Id = description.DeviceId,
                Meter = description.Meter,
                Boundary = description.Boundary ?? "none",
                Component = description.Component,
                GainRelative = description.GainRelative ?? 0,
            },
            options.Coefficients ?? _fitter.CoefficientsOf);
        _lostAfter = options.LostAfter > 20 * period ? options.LostAfter : 20 * period;
        _cutUntil = _lastBlock = MonotonicTime.Now(clock);
        options.Recorder?.Begin(RecordingHeader.Of(description, options, clock.GetUtcNow(), note: null), _cutUntil, options.Coefficients);
    }

    public TimeSpan SamplePeriod { get; }

    public CuttingStatistics Cutting => _cutter.Statistics;

    public EnergyBuckets Totals => _ledger.Totals;

    /// <summary>Why time passes without an energy; null when all is well.</summary>
    public string? Fault { get; private set; }

    public void Take(in SourceStatus status, MonotonicTime now, PowerReadings readings)
    {
        _options.Recorder?.Take(now, status, readings.Counter, readings.Samples);
        if (_split is not null)
        {
            foreach (EnergyReading reading in readings.Counter)
                _split.Add(reading);
        }
        _cut.Clear();
        if (_lost && !status.Lost && readings.Samples.Count + readings.Counter.Count > 0)
        {
            _lost = false;
            _lastBlock = now;
        }
        if (!_lost)
        {
            // Counters first: a span that waits for its samples closes with them, and not without.
            foreach (EnergyReading reading in readings.Counter)
                _cutter.Add(reading, _cut);
            foreach (PowerSample sample in readings.Samples)
            {
                _cutter.Add(sample, _cut);
                if (_trace.Add(sample))
                    (_now, _nowAt) = (sample.Power, sample.At);
            }
            _cutter.Advance(now, _cut);
        }
        foreach (EnergyBlock block in _cut)
            Append(block);
        if (_cut.Count > 0)
            _lastBlock = now;
        if (!_lost && (status.Lost || now - _lastBlock > _lostAfter))
        {
            _lost = true;
            _cutter.Restart();
        }
        Fault = status.Fault ?? (_lost ? FormattableString.Invariant($"the meter gave no energy for {_lostAfter.TotalSeconds:0.#} s") : null);
        if (_lost && now > _cutUntil)
            Append(EnergyBlock.Unknown(_cutUntil, now, Fault!));
    }

    public void Tell(in MeterEvent told)
    {
        _options.Recorder?.Tell(told);
        _split?.Tell(told);
        switch (told.Kind)
        {
            case MeterEventKind.Admit:
                _open[told.Request] = told.At;
                _ledger.Admit(told.Request, told.At);
                break;
            case MeterEventKind.Step:
                _ledger.Step(told.Step);
                _fitter.Step(told.Step);
                _stepsUntil = MonotonicTime.Max(_stepsUntil, told.Step.End);
                break;
            case MeterEventKind.Finish:
                if (_open.Remove(told.Request))
                    _ended[told.Request] = told.At;
                _ledger.Finish(told.Request, told.At);
                break;
            case MeterEventKind.Resident:
                _baselines.SetResident(told.Resident, told.At);
                break;
            case MeterEventKind.BusyBegins:
                _baselines.BeginBusy(told.At);
                break;
            case MeterEventKind.Calibrate:
                _baselines.Calibrate(told.Calibration.Over, told.At);
                break;
            default:
                _baselines.EndBusy(told.At);
                break;
        }
    }

    /// <summary>Attributes the blocks that are complete and hands over what has settled or is given up.</summary>
    /// <param name="now">All that was told before this time has been told.</param>
    /// <param name="settled">Receives the settled requests.</param>
    public void Settle(MonotonicTime now, List<Settlement> settled)
    {
        _options.Recorder?.Settle(now);
        MonotonicTime complete = CompleteUntil(now);
        while (_pending.TryPeek(out EnergyBlock block)
            && (block.End <= complete || _pending.Count > MostPendingBlocks || now - block.End > _options.StepPatience))
        {
            _pending.Dequeue();
            (Watts mean, Watts sigma) = _baselines.At(block.Start, now);
            BlockOutcome outcome = _ledger.Close(block, mean, sigma);
            _baselines.Observe(block, outcome, WallOf(block.End, now));
            _counterTally.Add(block, outcome);
            // After its own block is shared out: coefficients stand still while a block is.
            _fitter.Observe(block, outcome);
            _fitter.Learn(complete);
        }
        // A source may not know what its samples average, or be wrong about it.
        if (_fitter.FoundWindow() is { } window && window > 2 * _description.AveragingWindow && window != _window)
            _cutter.Averages(_window = window);
        int first = settled.Count;
        _ledger.TakeSettled(settled);
        for (int i = first; i < settled.Count; i++)
        {
            _ended.Remove(settled[i].Request);
            if (_split is not null)
                settled[i] = _split.Apply(settled[i]);
            if (settled[i].BaselineSuspect)
                _baselines.Restart();
        }
        GiveUpOverdue(now, settled);
    }

    /// <summary>Whether a request is known: in flight, or ended and not settled.</summary>
    public bool Knows(long request) => _open.ContainsKey(request) || _ended.ContainsKey(request);

    /// <summary>Ends a request without figures, because somebody outside gave it up.</summary>
    public Settlement GiveUp(long request, string reason)
    {
        _options.Recorder?.GiveUp(request, reason);
        return Abandon(request, reason);
    }

    private Settlement Abandon(long request, string reason)
    {
        _open.Remove(request);
        _ended.Remove(request);
        _split?.Forget(request);
        return new()
        {
            Request = request,
            Energy = EnergyFigures.None(reason, MethodVersions.Attribution) with { Device = _description.DeviceId },
            MeanRowsInFlight = _ledger.Abandon(request) ?? 1,
        };
    }

    public DeviceView View()
    {
        MonotonicTime now = MonotonicTime.Now(_clock);
        bool metered = _description.Quality != EnergyQuality.None;
        BaselineView? current = metered ? _baselines.Current(now) : null;
        bool anyResident = _baselines.Resident.Count > 0;
        EnergyBuckets totals = _ledger.Totals;
        return new()
        {
            Id = _description.DeviceId,
            Name = _description.DeviceName,
            Kind = _description.Component == DeviceComponent.Cpu ? "cpu" : "gpu",
            Meter = _description.Meter,
            Boundary = _description.Boundary,
            Quality = _description.Quality,
            Explanation = metered && _lost && Fault is { } fault ? $"{_description.Explanation} No reading at present: {fault}." : _description.Explanation,
            GainRelative = _description.GainRelative,
            SamplePeriodSeconds = SamplePeriod.TotalSeconds,
            EmptyBaseline = metered ? _baselines.Empty(now) ?? (anyResident ? null : current) : null,
            ResidentBaseline = anyResident ? current : null,
            ResidentConfigurations = _baselines.Resident,
            Now = _now is { } power && now - _nowAt < FreshPower && !_lost ? power : null,
            Totals = totals.Quality == EnergyQuality.None ? null : totals,
            WorkFits = _fitter.Views(),
            CounterAgreement = _description.Kinds == ReadingKinds.SamplesAndCounter ? _counterTally.View() : null,
        };
    }

    public WorkFitSnapshot WorkFits() => new(_description.DeviceId, _description.Meter, _fitter.Save());

    /// <summary>How a calibration came out, once.</summary>
    public CalibrationResult? TakeCalibrated() => _baselines.TakeCalibrated();

    /// <summary>Baselines that have been measured, to be remembered.</summary>
    public IReadOnlyList<SavedBaseline> MeasuredBaselines() => _baselines.Measured();

    public Watts? BaselineNow() => _description.Quality == EnergyQuality.None ? null : _baselines.Current(MonotonicTime.Now(_clock)).Mean;

    public IReadOnlyList<PowerSample> Points(MonotonicTime from, MonotonicTime to, int maxPoints) => TraceThinning.Thin(_trace.Between(from, to), Math.Max(2, maxPoints));

    public (DateTimeOffset From, DateTimeOffset To, EnergyBuckets Buckets)? CutPeriod()
    {
        if (_ledger.CutPeriod() is not var (from, to, buckets))
            return null;
        MonotonicTime now = MonotonicTime.Now(_clock);
        // Periods follow one another on the wall clock too, even when it was set in between.
        DateTimeOffset start = _lastCut ?? WallOf(from, now);
        DateTimeOffset end = WallOf(to, now);
        if (end < start)
            start = end - (to - from);
        _lastCut = end;
        return (start, end, buckets);
    }

    public DateTimeOffset WallOf(MonotonicTime at, MonotonicTime now) => _clock.GetUtcNow() - (now - at);

    private void Append(in EnergyBlock block)
    {
        if (block.End <= _cutUntil)
            return;
        EnergyBlock next = block.From(_cutUntil);
        _pending.Enqueue(next);
        _cutUntil = next.End;
        if (_description.Kinds == ReadingKinds.Counter && next.IsKnown)
        {
            // A counter knows no power at an instant: the block's mean stands at its middle.
            var middle = new MonotonicTime(next.Start.Ticks + (next.End.Ticks - next.Start.Ticks) / 2);
            _trace.Add(new(middle, next.MeanPower), next.Marks);
            (_now, _nowAt) = (next.MeanPower, next.End);
        }
    }

    /// <summary>
    /// Until when all steps are known. Steps are reported at their end and in order: while requests are in flight one may be running since
    /// the last that was reported, or since the first of them came.
    /// </summary>
    private MonotonicTime CompleteUntil(MonotonicTime now)
    {
        if (_open.Count == 0)
            return now;
        var first = new MonotonicTime(long.MaxValue);
        foreach (MonotonicTime admitted in _open.Values)
            first = MonotonicTime.Min(first, admitted);
        return MonotonicTime.Min(now, MonotonicTime.Max(first, _stepsUntil));
    }

    private void GiveUpOverdue(MonotonicTime now, List<Settlement> settled)
    {
        _overdue.Clear();
        foreach ((long request, MonotonicTime ended) in _ended)
        {
            if (now - ended > _options.SettlePatience)
                _overdue.Add(request);
        }
        foreach (long request in _overdue)
            settled.Add(Abandon(request, FormattableString.Invariant($"its energy had not settled {_options.SettlePatience.TotalSeconds:0} s after its end: {Fault ?? "another request's step was still running"}")));
    }
}
