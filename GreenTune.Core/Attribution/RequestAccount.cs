using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;

namespace GreenTune.Core.Attribution;

/// <summary>What one request has been given so far.</summary>
internal sealed class RequestAccount(long request, MonotonicTime admitted)
{
    /// <summary>A share of its time in flight that may lack an energy before its figures are withheld.</summary>
    private const double ToleratedUnknown = 0.01;

    /// <summary>
    /// Relative uncertainty (1 sigma) of how a block is split between requests that share it, beyond the spread between the work model and equal
    /// weights: caches, clocks and unlike steps that no model here resolves. Chosen so that 2 sigma hold 95 % of simulated requests whose rows
    /// cost up to 15 % more or less than alike ones (docs/decisions/021); it acts alike on all blocks of a request, so it adds linearly over them.
    /// </summary>
    internal const double SharingRelative = 0.1;

    /// <summary>
    /// How much the power of prefill may differ from that of decode (1 sigma, relative) where a block is shared by time alone. An H200 draws about 200 to 310 W in decode and more in
    /// prefill, of which 125 W are its baseline (design section 4.1).
    /// </summary>
    internal const double PhaseRelative = 0.5;

    private double _prefill;
    private double _decode;
    private double _idle;
    private double _equal;
    private double _reference;
    private double _activeSensitivity;
    private double _joulesSensitivity;
    private double _variance;
    private double _shared;
    private double _misplaced;
    private MonotonicTime? _firstWork;
    private List<Tail>? _tail;
    private double _split;
    private double _splitFitted;
    private double _phases;
    private double _baselineSeconds;
    private double _baselineJoules;
    private double _baselineSigmaSeconds;
    private double _seconds;
    private double _rowSeconds;
    private double _unknownSeconds;
    private double _resolution;
    private double _prefillSeconds;
    private double _decodeSeconds;
    private EnergyQuality _quality = EnergyQuality.Measured;
    private TraceMarks _marks;
    private string? _unknownReason;

    public long Request => request;

    public MonotonicTime Admitted { get; set; } = admitted;

    public MonotonicTime? Finished { get; set; }

    /// <summary>Time in flight, in seconds, that had been attributed to others before this request was heard of.</summary>
    public double LateSeconds { get; set; }

    // Its shares of the block at hand.
    public long Block { get; private set; }

    public double PrefillWeight { get; private set; }

    public double DecodeWeight { get; private set; }

    public double EqualWeight { get; private set; }

    public double ReferenceWeight { get; private set; }

    public void BeginBlock(long block)
    {
        if (Block == block)
            return;
        Block = block;
        (PrefillWeight, DecodeWeight, EqualWeight, ReferenceWeight) = (0, 0, 0, 0);
    }

    /// <summary>Adds a row's share of the block's active energy by the work model, by equal weights and by the spread's reference.</summary>
    public void AddWeights(StepPhase phase, double share, double equal, double reference, double seconds)
    {
        if (phase == StepPhase.Prefill)
        {
            PrefillWeight += share;
            _prefillSeconds += seconds;
        }
        else
        {
            DecodeWeight += share;
            _decodeSeconds += seconds;
        }
        EqualWeight += equal;
        ReferenceWeight += reference;
    }

    /// <summary>Its active part of a block with positive active energy, by its weights.</summary>
    /// <param name="active">The block's active energy in joules.</param>
    /// <param name="blockSeconds">Its length.</param>
    /// <param name="fitted">Whether the weights are the fitted work model's.</param>
    /// <param name="prefillShare">Share of the block's steps that prefill has by these weights.</param>
    public void AddByWeights(double active, double blockSeconds, bool fitted, double prefillShare)
    {
        _prefill += active * PrefillWeight;
        _decode += active * DecodeWeight;
        _equal += active * EqualWeight;
        _reference += active * ReferenceWeight;
        double weight = PrefillWeight + DecodeWeight;
        _split += active * weight;
        // With time alone, what prefill draws above the block's mean is missing from prefill rows and too much in decode rows.
        if (fitted)
            _splitFitted += active * weight;
        else
            _phases += active * (PrefillWeight - prefillShare * weight);
        _shared += active * weight * (1 - weight);
        double sensitivity = weight * blockSeconds;
        _activeSensitivity -= sensitivity;
        _joulesSensitivity -= sensitivity;
    }

    /// <summary>Its active part of a block with negative active energy, by its time in flight.</summary>
    /// <param name="part">The part in joules, below 0.</param>
    /// <param name="tau">Its share of the block's time, in seconds.</param>
    public void AddByTime(double part, double tau)
    {
        double weights = PrefillWeight + DecodeWeight;
        // Without a row of its own in the block it is the phase that it is in: prefill until its first decode step.
        double prefill = weights > 0 ? PrefillWeight / weights : _decodeSeconds > 0 ? 0 : 1;
        double prefillPart = part * prefill;
        _prefill += prefillPart;
        _decode += part - prefillPart;
        _equal += part;
        _reference += part;
        _activeSensitivity -= tau;
        _joulesSensitivity -= tau;
    }

    public void AddIdleShare(double tau, double baseline, double baselineSigma)
    {
        _idle += baseline * tau;
        _joulesSensitivity += tau;
        _baselineSeconds += tau;
        _baselineJoules += baseline * tau;
        _baselineSigmaSeconds += baselineSigma * tau;
    }

    public void AddVariance(double variance) => _variance += variance;

    /// <summary>
    /// Counts what a block may have misplaced at the request's ends. It is signed: what one block has too much, the next one has too little.
    /// </summary>
    /// <param name="edge">The block's.</param>
    /// <param name="weight">The request's share of it by its steps.</param>
    public void AddEdge(in BlockEdge edge, double weight)
    {
        _firstWork ??= edge.Start;
        int ends = (edge.Holds(Admitted) ? 1 : 0) + (Finished is { } end && edge.Holds(end) ? 1 : 0);
        _variance += ends * weight * weight * edge.PerEdge * edge.PerEdge;
        double misplaced = weight * edge.Discrepancy;
        if (edge.Start - _firstWork.Value <= edge.Reach)
            Misplace(misplaced, weight * edge.Sigma);
        else
            (_tail ??= []).Add(new(edge.End + edge.Reach, misplaced, weight * edge.Sigma));
        // It still works in this block, so it ends no earlier: what does not reach this far is not at its end.
        while (_tail is { Count: > 0 } tail && tail[0].Until < edge.Start)
            tail.RemoveAt(0);
    }

    /// <summary>Counts the last blocks that lie at the request's end, now that it is known.</summary>
    private void CountTail()
    {
        foreach (Tail before in _tail ?? [])
        {
            if (Finished is not { } end || end <= before.Until)
                Misplace(before.Joules, before.Sigma);
        }
        _tail = null;
    }

    private void Misplace(double joules, double sigma)
    {
        _misplaced += joules;
        _variance += sigma * sigma;
    }

    public void AddTime(in EnergyBlock block, double seconds, double rowSeconds)
    {
        _seconds += seconds;
        _rowSeconds += rowSeconds;
        if (block.IsKnown)
        {
            if (block.Quality < _quality)
                _quality = block.Quality;
            _marks |= block.Marks;
            _resolution = Math.Max(_resolution, block.Seconds);
        }
        else
        {
            _unknownSeconds += seconds;
            _unknownReason ??= block.Reason;
        }
    }

    public double MeanRowsInFlight => _seconds > 0 ? _rowSeconds / _seconds : 1;

    public Settlement Settle(LedgerDevice device)
    {
        double inFlight = _seconds + LateSeconds;
        if (inFlight <= 0)
            return None(device, "it was in flight for no time that the clock resolves");
        if (_unknownSeconds + LateSeconds > ToleratedUnknown * inFlight)
        {
            string missing = FormattableString.Invariant($"no energy is known for {_unknownSeconds + LateSeconds:0.###} of its {inFlight:0.###} s: {_unknownReason ?? "its start was reported too late"}");
            return None(device, missing);
        }

        double active = _prefill + _decode;
        double joules = active + _idle;
        // Where the device drew nothing, the parts cancel but for rounding.
        if (joules < 0 && joules > -1e-9 * _idle)
            joules = 0;
        CountTail();
        double spread = active - _reference;
        double sharing = SharingRelative * _shared;
        double unlike = PhaseRelative * _phases;
        double independent = Math.Sqrt(_variance + _misplaced * _misplaced + spread * spread + sharing * sharing + unlike * unlike);
        double baselineSigma = _baselineSeconds > 0 ? _baselineSigmaSeconds / _baselineSeconds : 0;
        double activeSigma = Sigma(device.GainRelative * active, baselineSigma * _activeSensitivity, independent);
        double joulesSigma = Sigma(device.GainRelative * joules, baselineSigma * _joulesSensitivity, independent);

        var reasons = new Dictionary<string, string>();
        EnergyQuality quality = _quality;
        if ((_marks & (TraceMarks.Gap | TraceMarks.Reset)) != 0)
            Lower(ref quality, "quality", _marks.HasFlag(TraceMarks.Reset) ? "the energy counter was reset during the request" : "the meter gave no reading for more than three periods during the request");
        if (_unknownSeconds + LateSeconds > 0)
            Lower(ref quality, "quality", FormattableString.Invariant($"no energy is known for {_unknownSeconds + LateSeconds:0.####} s of the request"));
        bool suspect = active < -3 * activeSigma;
        if (suspect)
            Lower(ref quality, "quality", "baseline: active energy lies below -3 sigma, so the idle baseline was too high; it is measured anew");

        EnergyQuality phases = quality;
        double shortest = Math.Min(_prefillSeconds > 0 ? _prefillSeconds : double.MaxValue, _decodeSeconds > 0 ? _decodeSeconds : double.MaxValue);
        if (Math.Min(shortest, _seconds) < _resolution)
            Lower(ref phases, "phaseQuality", FormattableString.Invariant($"a phase is shorter than what the meter resolves ({_resolution:0.####} s)"));
        string missingComponent = device.Component == DeviceComponent.Cpu ? "components.gpu" : "components.cpu";
        reasons[missingComponent] = "outside the metered device";
        reasons["components.dram"] = "no meter for memory";
        if (joules <= 0)
            reasons["relativeUncertainty"] = "joules is 0";

        var total = new Joules(joules);
        return new()
        {
            Request = request,
            Energy = new()
            {
                Joules = total,
                ActiveJoules = new(active),
                PrefillJoules = new(_prefill),
                DecodeJoules = new(_decode),
                IdleJoules = new(_idle),
                EqualWeightsActiveJoules = new(_equal),
                FittedShare = _split > 0 ? _splitFitted / _split : 0,
                RelativeUncertainty = joules > 0 ? joulesSigma / joules : null,
                Uncertainty = new(device.GainRelative, new(baselineSigma), _joulesSensitivity, _activeSensitivity, new(independent)),
                Quality = quality,
                PhaseQuality = phases,
                Components = device.Component == DeviceComponent.Cpu ? new() { Cpu = total } : new() { Gpu = total },
                Boundary = device.Boundary,
                Meter = device.Meter,
                Device = device.Id,
                Settled = true,
                MethodVersion = MethodVersions.Attribution,
                Reasons = reasons,
            },
            MeanRowsInFlight = MeanRowsInFlight,
            Baseline = _baselineSeconds > 0 ? new Watts(_baselineJoules / _baselineSeconds) : null,
            EqualWeightsActive = new(_equal),
            BaselineSuspect = suspect,
        };

        void Lower(ref EnergyQuality of, string figure, string reason)
        {
            if (of > EnergyQuality.Modelled)
                of = EnergyQuality.Modelled;
            reasons[figure] = reasons.TryGetValue(figure, out string? before) ? $"{before}; {reason}" : reason;
        }
    }

    private Settlement None(LedgerDevice device, string reason) => new()
    {
        Request = request,
        Energy = EnergyFigures.None(reason, MethodVersions.Attribution) with { Device = device.Id },
        MeanRowsInFlight = MeanRowsInFlight,
        Withheld = new(_prefill + _decode + _idle),
    };

    private static double Sigma(double gain, double baseline, double independent) => Math.Sqrt(gain * gain + baseline * baseline + independent * independent);

    /// <summary>A block that may turn out to lie at the request's end: it does if that is no later than <paramref name="Until"/>.</summary>
    private readonly record struct Tail(MonotonicTime Until, double Joules, double Sigma);
}
