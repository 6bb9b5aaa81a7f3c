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
internal sealed partial class BaselineKeeper
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

    // One from an earlier run that has not expired: rooms and fans change from day to day.
    private const double SavedRelativeSigma = 0.03;

    private readonly BaselineOptions _options;
    private readonly Watts _assumed;
    private readonly Watts _assumedSigma;
    private readonly Dictionary<string, Entry> _entries = [];
    private readonly List<(MonotonicTime From, MonotonicTime? To)> _busy = [];
    private readonly List<(MonotonicTime At, string Key)> _residents = [(new(long.MinValue), "")];
    private MonotonicTime? _lastActivity;
    private Calibration? _calibration;

    /// <param name="options">When a baseline counts as measured.</param>
    /// <param name="assumed">Idle power to go by until there is one.</param>
    /// <param name="assumedSigma">Its standard uncertainty.</param>
    /// <param name="saved">Baselines of earlier runs, which serve until they are measured anew.</param>
    /// <param name="wall">The time of day, for their age.</param>
    public BaselineKeeper(BaselineOptions options, Watts assumed, Watts assumedSigma, IReadOnlyList<SavedBaseline>? saved = null, DateTimeOffset wall = default)
    {
        _options = options;
        _assumed = assumed;
        _assumedSigma = assumedSigma;
        foreach (SavedBaseline one in saved ?? [])
            _entries[KeyOf(one.Resident)] = new(one, wall - one.MeasuredAt > options.Expiry ? StaleRelativeSigma : SavedRelativeSigma);
    }

    /// <summary>How a calibration came out, once; null while it goes on or when there was none.</summary>
    public CalibrationResult? Calibrated { get; private set; }

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
        CheckCalibration(block.End);
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
        if (_calibration is { } calibration && calibration.Key == key && entry.Seconds >= calibration.Over.TotalSeconds)
            EndCalibration(block.End, problem: null);
    }

    /// <summary>Measures the baseline of what is resident anew; the one in use serves until then.</summary>
    public void Calibrate(TimeSpan over, MonotonicTime at)
    {
        string key = _residents[^1].Key;
        if (!_entries.TryGetValue(key, out Entry? entry))
            _entries[key] = entry = new();
        entry.Begin();
        // What has passed since the last activity is not counted: the caller asks for quiet from now on.
        _lastActivity = at;
        _calibration = new(key, over, at + Calibration.Patience(over));
        Calibrated = null;
    }

    /// <summary>The result of a calibration, once.</summary>
    public CalibrationResult? TakeCalibrated()
    {
        CalibrationResult? calibrated = Calibrated;
        Calibrated = null;
        return calibrated;
    }

    /// <summary>What has been measured, to be remembered.</summary>
    public IReadOnlyList<SavedBaseline> Measured() =>
        [.. _entries.Select(entry => entry.Value.ToSaved(entry.Key.Length == 0 ? [] : entry.Key.Split('\n'))).OfType<SavedBaseline>()];

    private void CheckCalibration(MonotonicTime now)
    {
        if (_calibration is not { } calibration)
            return;
        if (_residents[^1].Key != calibration.Key)
            EndCalibration(now, "what is resident on the device has changed meanwhile");
        else if (now > calibration.Deadline)
            EndCalibration(now, FormattableString.Invariant($"the device was quiet for {(_entries.TryGetValue(calibration.Key, out Entry? entry) ? entry.Seconds : 0):0.#} s of the {calibration.Over.TotalSeconds:0.#} s asked for: requests were served, or something else ran"));
    }

    private void EndCalibration(MonotonicTime now, string? problem)
    {
        _calibration = null;
        Calibrated = new(Current(now), Resident, problem);
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
}
