using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;

namespace GreenTune.Metering.Baselines;

/// <summary>When a baseline counts as measured.</summary>
public sealed record BaselineOptions
{
    /// <summary>Quiet that has to pass before it is measured: clocks and regulators settle.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Least quiet time of a baseline.</summary>
    public TimeSpan Shortest { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Quiet time older than this is forgotten.</summary>
    public TimeSpan Expiry { get; init; } = TimeSpan.FromHours(1);
}

/// <summary>
/// Idle baselines of one device (design section 4.2): one per set of resident configurations, the empty set included. Each is the mean power of
/// quiet blocks, with the energy of other processes taken out first, as for active energy. Later quiet refreshes it. Until there is one, the source's
/// own idle figure stands in, with a large sigma. A burst in the quiet that nobody reported is left out. Owned by the sampler's thread.
/// </summary>
internal sealed class BaselineKeeper
{
    private const double BatchSeconds = 0.5;
    private const int Batches = 120;

    // Idle power wanders slowly, so that batches are not independent: more than these few do not make the mean better.
    private const int IndependentBatches = 4;

    // A batch this far from the median is no idle: something ran that nobody reported. In multiples of the median distance, and at least this share.
    private const double OutlierDistances = 5;
    private const double OutlierRelative = 0.02;

    // What a mean may drift by between two quiet spans; also keeps a source without noise from claiming a perfect baseline.
    private const double LeastRelativeSigma = 0.005;

    // A baseline that has expired, or that a record contradicted, is still the best there is, but no longer known well.
    private const double StaleRelativeSigma = 0.1;

    private readonly BaselineOptions _options;
    private readonly Watts _assumed;
    private readonly Watts _assumedSigma;
    private readonly Dictionary<string, Entry> _entries = [];
    private readonly List<(MonotonicTime From, MonotonicTime? To)> _busy = [];
    private readonly List<(MonotonicTime At, string Key)> _residents = [(new(long.MinValue), "")];
    private MonotonicTime? _lastActivity;

    public BaselineKeeper(BaselineOptions options, Watts assumed, Watts assumedSigma)
    {
        _options = options;
        _assumed = assumed;
        _assumedSigma = assumedSigma;
    }

    /// <summary>Configurations that are resident now.</summary>
    public IReadOnlyList<string> Resident { get; private set; } = [];

    public void SetResident(IReadOnlyList<string> configurations, MonotonicTime at)
    {
        Resident = configurations;
        _residents.Add((at, KeyOf(configurations)));
    }

    public void BeginBusy(MonotonicTime at) => _busy.Add((at, null));

    public void EndBusy(MonotonicTime at)
    {
        int open = _busy.FindIndex(span => span.To is null);
        if (open >= 0)
            _busy[open] = (_busy[open].From, at);
    }

    /// <summary>The baseline that applies at a time.</summary>
    public (Watts Mean, Watts Sigma) At(MonotonicTime at, MonotonicTime now) =>
        _entries.TryGetValue(KeyAt(at), out Entry? entry) && entry.Estimate(now, _options) is { } known ? known : (_assumed, _assumedSigma);

    /// <summary>Learns from an attributed block.</summary>
    public void Observe(in EnergyBlock block, in BlockOutcome outcome, DateTimeOffset endWall)
    {
        bool quiet = block.IsKnown
            && (block.Marks & (TraceMarks.Gap | TraceMarks.Reset)) == 0
            && outcome.InFlightSeconds <= 0
            && outcome.StepSeconds <= 0
            && !TouchesBusy(block)
            && !ResidentChanges(block);
        Forget(block.Start);
        if (!quiet)
        {
            _lastActivity = block.End;
            return;
        }
        // Before the first activity the settling time counts from the first block.
        _lastActivity ??= block.Start;
        if (block.Start - _lastActivity < _options.Settle)
            return;
        string key = KeyAt(block.Start);
        if (!_entries.TryGetValue(key, out Entry? entry))
            _entries[key] = entry = new();
        entry.Add(Math.Max(0, block.Energy.Value - Math.Max(0, block.Other.Value)), block.Seconds, block.End, endWall, _options);
    }

    /// <summary>A record contradicted the baseline in use: it is measured anew.</summary>
    public void Restart()
    {
        if (_entries.TryGetValue(_residents[^1].Key, out Entry? entry))
            entry.Restart();
    }

    /// <summary>The empty device's baseline; null until measured.</summary>
    public BaselineView? Empty(MonotonicTime now) => _entries.TryGetValue("", out Entry? entry) ? entry.View(now, _options) : null;

    /// <summary>The baseline of what is resident now, assumed until measured.</summary>
    public BaselineView Current(MonotonicTime now) =>
        (_entries.TryGetValue(_residents[^1].Key, out Entry? entry) ? entry.View(now, _options) : null) ?? new(_assumed, _assumedSigma, null, 0, Assumed: true);

    private static string KeyOf(IReadOnlyList<string> configurations) => string.Join('\n', configurations.Distinct().Order(StringComparer.Ordinal));

    private string KeyAt(MonotonicTime at)
    {
        int i = _residents.Count - 1;
        while (i > 0 && _residents[i].At > at)
            i--;
        return _residents[i].Key;
    }

    private bool TouchesBusy(in EnergyBlock block)
    {
        foreach ((MonotonicTime from, MonotonicTime? to) in _busy)
        {
            if (from < block.End && (to is null || to > block.Start))
                return true;
        }
        return false;
    }

    private bool ResidentChanges(in EnergyBlock block)
    {
        foreach ((MonotonicTime at, _) in _residents)
        {
            if (at > block.Start && at < block.End)
                return true;
        }
        return false;
    }

    /// <summary>Drops what lies before a time and can matter no more.</summary>
    private void Forget(MonotonicTime before)
    {
        for (int i = _busy.Count - 1; i >= 0; i--)
        {
            if (_busy[i].To <= before)
                _busy.RemoveAt(i);
        }
        while (_residents.Count > 1 && _residents[1].At <= before)
            _residents.RemoveAt(0);
    }

    /// <summary>One set's quiet time in batches.</summary>
    private sealed class Entry
    {
        private readonly List<(double Joules, double Seconds, MonotonicTime End)> _batches = new(Batches);
        private readonly double[] _watts = new double[Batches];
        private readonly double[] _scratch = new double[Batches];
        private double _joules;
        private double _seconds;
        private Watts? _mean;
        private Watts _sigma;
        private double _over;
        private DateTimeOffset _measuredAt;
        private bool _stale;

        public void Add(double joules, double seconds, MonotonicTime end, DateTimeOffset wall, BaselineOptions options)
        {
            _joules += joules;
            _seconds += seconds;
            if (_seconds < BatchSeconds)
                return;
            if (_batches.Count == Batches)
                _batches.RemoveAt(0);
            _batches.Add((_joules, _seconds, end));
            (_joules, _seconds) = (0, 0);
            Expire(end, options);
            int count = _batches.Count;
            for (int i = 0; i < count; i++)
                _watts[i] = _scratch[i] = _batches[i].Joules / _batches[i].Seconds;
            double median = Median(count);
            for (int i = 0; i < count; i++)
                _scratch[i] = Math.Abs(_watts[i] - median);
            double limit = Math.Max(OutlierDistances * Median(count), OutlierRelative * median);
            double over = 0, total = 0, squares = 0;
            int kept = 0;
            for (int i = 0; i < count; i++)
            {
                if (Math.Abs(_watts[i] - median) > limit)
                    continue;
                kept++;
                total += _batches[i].Joules;
                over += _batches[i].Seconds;
            }
            if (over < options.Shortest.TotalSeconds)
                return;
            double mean = total / over;
            for (int i = 0; i < count; i++)
            {
                if (Math.Abs(_watts[i] - median) <= limit)
                    squares += (_watts[i] - mean) * (_watts[i] - mean);
            }
            double variance = squares / Math.Max(1, kept - 1) / Math.Min(IndependentBatches, kept);
            _mean = new(mean);
            _sigma = new(Math.Sqrt(variance + Math.Pow(LeastRelativeSigma * mean, 2)));
            _over = over;
            _measuredAt = wall;
            _stale = false;
        }

        public (Watts Mean, Watts Sigma)? Estimate(MonotonicTime now, BaselineOptions options)
        {
            if (_mean is not { } mean)
                return null;
            Expire(now, options);
            return (mean, _stale ? new(Math.Max(_sigma.Value, StaleRelativeSigma * mean.Value)) : _sigma);
        }

        public BaselineView? View(MonotonicTime now, BaselineOptions options) =>
            Estimate(now, options) is { } known ? new(known.Mean, known.Sigma, _measuredAt, _over, Assumed: false) : null;

        public void Restart()
        {
            _batches.Clear();
            (_joules, _seconds) = (0, 0);
            _stale = true;
        }

        /// <summary>Median of the scratch buffer, which is sorted.</summary>
        private double Median(int count)
        {
            Array.Sort(_scratch, 0, count);
            return (_scratch[(count - 1) / 2] + _scratch[count / 2]) / 2;
        }

        private void Expire(MonotonicTime now, BaselineOptions options)
        {
            int old = 0;
            while (old < _batches.Count && now - _batches[old].End > options.Expiry)
                old++;
            _batches.RemoveRange(0, old);
            if (_mean is not null && _batches.Count == 0)
                _stale = true;
        }
    }
}
