using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;

namespace GreenTune.Core.Attribution;

/// <summary>What happened in a block.</summary>
/// <param name="InFlightSeconds">Seconds with a request in flight.</param>
/// <param name="StepSeconds">Seconds covered by steps.</param>
/// <param name="Active">Energy above the baseline and beside other processes, in joules, signed; NaN when the block's energy is not known.</param>
public readonly record struct BlockOutcome(double InFlightSeconds, double StepSeconds, double Active = double.NaN);

/// <summary>
/// Shares the energy of one device out over the requests in flight, block by block (design section 4.3). Each block's energy is baseline,
/// active and other parts; the active part goes to steps by their expected energy and within a step to its rows by their own work, the
/// baseline part equally to the requests in flight at each instant. Every bucket is accumulated on its own.
/// Not thread-safe: one thread owns it. Memory is bounded by what is in flight and by the steps since the last closed block.
/// </summary>
public sealed class AttributionLedger
{
    private readonly LedgerDevice _device;
    private readonly Dictionary<long, RequestAccount> _accounts = [];
    private readonly List<RequestAccount> _inOrder = [];
    private readonly List<StepRecord> _steps = [];
    private readonly StepShares _shares;
    private readonly List<Settlement> _settled = [];
    private readonly BlockTimeline _timeline = new();
    private readonly LedgerTotals _totals = new();
    private readonly PowerExpectation _expectations = new();
    private LedgerTotals _period = new();
    private MonotonicTime? _frontier;
    private MonotonicTime _periodStart;
    private long _block;

    /// <param name="device">What the figures carry with them.</param>
    /// <param name="coefficients">Work coefficients by configuration; null, or null for a configuration, is time alone.</param>
    public AttributionLedger(LedgerDevice device, Func<string, WorkCoefficients?>? coefficients = null)
    {
        _device = device;
        _shares = new(coefficients ?? (static _ => null));
    }

    /// <summary>End of the last closed block; null before the first.</summary>
    public MonotonicTime? Frontier => _frontier;

    public int InFlight => _inOrder.Count;

    /// <summary>Steps that still wait for their blocks.</summary>
    public int PendingSteps => _steps.Count;

    /// <summary>Steps that arrived after all their blocks had closed.</summary>
    public long LateSteps { get; private set; }

    /// <summary>All buckets since the ledger began.</summary>
    public EnergyBuckets Totals => _totals.ToBuckets();

    /// <summary>A request enters: from here on it shares the baseline.</summary>
    /// <param name="request">Its key, new to the ledger.</param>
    /// <param name="at">When. Time before the last closed block's end has been given to others and is missing from its figures.</param>
    public void Admit(long request, MonotonicTime at)
    {
        var account = new RequestAccount(request, at);
        if (_frontier is { } frontier && at < frontier)
        {
            account.LateSeconds = (frontier - at).TotalSeconds;
            account.Admitted = frontier;
        }
        _accounts.Add(request, account);
        _inOrder.Add(account);
    }

    /// <summary>A step ran. Steps of a device do not overlap; one that reaches into closed blocks counts with the rest of it.</summary>
    public void Step(StepRecord step)
    {
        if (step.End < step.Start)
            throw new ArgumentException("A step ends before it starts.", nameof(step));
        if (!(step.Fraction is > 0 and <= 1))
            throw new ArgumentException("A step's fraction must be above 0 and at most 1.", nameof(step));
        if (_frontier is { } frontier && step.End <= frontier)
        {
            LateSteps++;
            return;
        }
        int at = _steps.Count;
        while (at > 0 && _steps[at - 1].Start > step.Start)
            at--;
        _steps.Insert(at, step);
    }

    /// <summary>A request left. Unknown keys are ignored: it was given up before.</summary>
    public void Finish(long request, MonotonicTime at)
    {
        if (!_accounts.TryGetValue(request, out RequestAccount? account))
            return;
        account.Finished = MonotonicTime.Max(at, account.Admitted);
        if (_frontier is { } frontier && account.Finished <= frontier)
            Settle(account);
    }

    /// <summary>Gives a request up without figures; its energy stays where it was given. Null when the key is unknown.</summary>
    /// <returns>Its mean number of requests in flight so far.</returns>
    public double? Abandon(long request)
    {
        if (!_accounts.TryGetValue(request, out RequestAccount? account))
            return null;
        Remove(account);
        return account.MeanRowsInFlight;
    }

    /// <summary>
    /// Shares a block out. Everything that began before its end must have been reported. A hole since the last block counts as time of
    /// unknown energy.
    /// </summary>
    /// <param name="block">Not before the last one.</param>
    /// <param name="baseline">Idle baseline that applies.</param>
    /// <param name="baselineSigma">Its standard uncertainty.</param>
    public BlockOutcome Close(in EnergyBlock block, Watts baseline, Watts baselineSigma)
    {
        if (block.End <= block.Start)
            throw new ArgumentException("A block must end after it starts.", nameof(block));
        if (_frontier is null)
        {
            _periodStart = block.Start;
            // Requests older than the first block have a start of unknown energy.
            foreach (RequestAccount account in _inOrder)
                _frontier = MonotonicTime.Min(_frontier ?? block.Start, account.Admitted);
        }
        if (block.Start < _frontier)
            throw new ArgumentException("Blocks must follow one another.", nameof(block));
        if (_frontier is { } from && block.Start > from)
            Share(EnergyBlock.Unknown(from, block.Start, "the meter gave no reading"), baseline, baselineSigma);
        return Share(block, baseline, baselineSigma);
    }

    /// <summary>Moves the settled requests into a list.</summary>
    public void TakeSettled(List<Settlement> into)
    {
        into.AddRange(_settled);
        _settled.Clear();
    }

    /// <summary>The buckets since the last cut, up to the last closed block, and begins the next period; null when nothing was metered.</summary>
    public (MonotonicTime From, MonotonicTime To, EnergyBuckets Buckets)? CutPeriod()
    {
        if (_frontier is not { } frontier || _period.Seconds <= 0)
            return null;
        var cut = (_periodStart, frontier, _period.ToBuckets());
        _period = new();
        _periodStart = frontier;
        return cut;
    }

    private BlockOutcome Share(in EnergyBlock block, Watts baseline, Watts baselineSigma)
    {
        _block++;
        _timeline.Build(block.Start, block.End, _inOrder);
        double stepSeconds = _shares.Find(_steps, block.Start, block.End);
        foreach (RequestAccount account in _inOrder)
            account.BeginBlock(_block);
        double orphans = stepSeconds > 0 ? _shares.WeighRows(_accounts) : 0;
        double active = block.IsKnown ? ShareEnergy(block, baseline.Value, baselineSigma.Value, stepSeconds, orphans) : double.NaN;
        foreach (RequestAccount account in _inOrder)
        {
            (_, double rows, double seconds) = _timeline.Of(account);
            if (seconds > 0)
                account.AddTime(block, seconds, rows);
        }
        _frontier = block.End;
        DropSteps(block.End);
        for (int i = _inOrder.Count - 1; i >= 0; i--)
        {
            if (_inOrder[i].Finished <= block.End)
                Settle(_inOrder[i]);
        }
        return new(_timeline.InFlightSeconds, stepSeconds, active);
    }

    private double ShareEnergy(in EnergyBlock block, double baseline, double baselineSigma, double stepSeconds, double orphans)
    {
        double seconds = block.Seconds;
        double energy = block.Energy.Value;
        double other = Math.Clamp(block.Other.Value, 0, Math.Max(0, energy));
        double active = energy - baseline * seconds - other;
        bool byTime = active < 0;
        double idle = baseline * _timeline.IdleSeconds;
        double unattributed = 0;
        // From the blocks before: a block in which the sensor missed the work would call its own edges harmless.
        double expected = _shares.Fitted ? _shares.Expected : _expectations.PowerOr(Math.Max(baseline, energy / seconds)) * stepSeconds;
        var edge = new BlockEdge(block, active - expected, _expectations.PowerOr(Math.Max(baseline, energy / seconds)), _expectations.RelativeErrorOf(_shares.Fitted), stepSeconds);

        if (stepSeconds <= 0)
        {
            double inFlight = _timeline.InFlightSeconds / seconds;
            unattributed = active * inFlight;
            idle += active * (_timeline.IdleSeconds / seconds);
        }
        else if (byTime)
        {
            idle += active * (_timeline.IdleSeconds / seconds);
        }
        else
        {
            unattributed = active * orphans;
            _expectations.Note(active, expected, stepSeconds, seconds);
        }

        foreach (RequestAccount account in _inOrder)
        {
            (double tau, _, _) = _timeline.Of(account);
            double weight = 0;
            if (stepSeconds > 0 && byTime)
            {
                weight = tau / seconds;
                account.AddByTime(active * weight, tau);
                Credit(active * weight);
            }
            else if (stepSeconds > 0)
            {
                weight = account.PrefillWeight + account.DecodeWeight;
                if (weight > 0)
                    account.AddByWeights(active, seconds, _shares.Fitted, _shares.PrefillShare);
                Credit(active * weight);
            }
            if (tau > 0)
            {
                account.AddIdleShare(tau, baseline, baselineSigma);
                _totals.IdleShare(baseline * tau);
                _period.IdleShare(baseline * tau);
            }
            if (weight > 0)
            {
                double noise = weight * block.Noise.Value;
                account.AddVariance(noise * noise);
                account.AddEdge(edge, account.PrefillWeight + account.DecodeWeight);
            }
        }
        _totals.Block(energy, other, seconds, block.Quality);
        _period.Block(energy, other, seconds, block.Quality);
        _totals.Idle(idle);
        _period.Idle(idle);
        _totals.Unattributed(unattributed);
        _period.Unattributed(unattributed);
        return active;

        void Credit(double joules)
        {
            _totals.Active(joules);
            _period.Active(joules);
        }
    }

    private void DropSteps(MonotonicTime before)
    {
        int passed = 0;
        while (passed < _steps.Count && _steps[passed].End <= before)
            passed++;
        _steps.RemoveRange(0, passed);
    }

    private void Settle(RequestAccount account)
    {
        Remove(account);
        _settled.Add(account.Settle(_device));
    }

    private void Remove(RequestAccount account)
    {
        _accounts.Remove(account.Request);
        _inOrder.Remove(account);
    }
}
