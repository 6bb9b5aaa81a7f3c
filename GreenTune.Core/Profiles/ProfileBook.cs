using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Profiles;

/// <summary>What a <see cref="ProfileBook"/> keeps on disk: plain data for <see cref="ContractJson.Options"/>.</summary>
public sealed record ProfileBookSnapshot(IReadOnlyList<ProfileSnapshot> Profiles);

/// <summary>One fitter's records.</summary>
/// <param name="ConfigurationId">The configuration.</param>
/// <param name="LoadLevel">See <see cref="ProfileBook.LoadLevelOf"/>.</param>
/// <param name="Kept">Records of the fit.</param>
/// <param name="HeldOut">Records that test it.</param>
public sealed record ProfileSnapshot(string ConfigurationId, int LoadLevel, IReadOnlyList<LengthRecord> Kept, IReadOnlyList<LengthRecord> HeldOut)
{
    /// <summary>Timings of the last requests.</summary>
    public IReadOnlyList<RequestTiming> Timings { get; init; } = [];
}

/// <summary>Length profiles by configuration and load level. Thread-safe.</summary>
public sealed class ProfileBook
{
    /// <summary>Relative standard uncertainty added per load level between the one asked for and the one that was fitted.</summary>
    private const double RelativeSigmaPerLevel = 0.25;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Configuration, int Level), LengthProfileFitter> _fitters = [];
    private readonly Dictionary<(string Configuration, int Level), SpeedWindow> _speeds = [];
    private readonly Dictionary<string, LengthProfile> _warmUps = [];

    /// <summary>Load level of a mean number of requests in flight: its power of two, so 0 for 1, 1 for 2, 2 for 3 to 5, 3 for 6 to 11.</summary>
    public static int LoadLevelOf(double meanRowsInFlight) => Math.Max(0, (int)Math.Round(Math.Log2(Math.Max(1, meanRowsInFlight))));

    /// <summary>Sets the profile that answers until there is a fit.</summary>
    public void SetWarmUp(string configurationId, LengthProfile profile)
    {
        lock (_gate)
            _warmUps[configurationId] = profile;
    }

    /// <summary>Mean numbers of requests in flight of a load level: from the first, below the second.</summary>
    public static (double From, double Below) LoadBandOf(int level) => (level == 0 ? 1 : Math.Pow(2, level - 0.5), Math.Pow(2, level + 0.5));

    /// <summary>Adds a settled request that ran to its end.</summary>
    /// <param name="configurationId">The configuration.</param>
    /// <param name="meanRowsInFlight">Mean number of requests in flight over its time.</param>
    /// <param name="record">Its lengths and energy.</param>
    /// <param name="timing">How long it took; null where it is not known.</param>
    public void Add(string configurationId, double meanRowsInFlight, LengthRecord record, RequestTiming? timing = null)
    {
        int level = LoadLevelOf(meanRowsInFlight);
        lock (_gate)
        {
            Fitter(configurationId, level).Add(record);
            if (timing is not null)
                Speed(configurationId, level).Add(timing);
        }
    }

    /// <summary>All profiles with their energy curves, for people.</summary>
    /// <param name="inputTokens">Prompt lengths of the curves, at least 0 each.</param>
    /// <param name="outputTokens">Output lengths of the curves, at least 1 each.</param>
    public IReadOnlyList<ConfigurationProfile> Profiles(IReadOnlyList<int> inputTokens, IReadOnlyList<int> outputTokens)
    {
        lock (_gate)
        {
            return
            [
                .. _fitters.Keys.Select(key => key.Configuration).Concat(_warmUps.Keys).Distinct().Order(StringComparer.Ordinal)
                    .Select(configuration => new ConfigurationProfile(configuration, Loads(configuration))),
            ];
        }

        List<LoadProfile> Loads(string configuration)
        {
            List<LoadProfile> loads =
            [
                .. _fitters.Where(entry => entry.Key.Configuration == configuration).OrderBy(entry => entry.Key.Level)
                    .Select(entry => Load(entry.Key.Level, entry.Value.Profile, _speeds.GetValueOrDefault(entry.Key))),
            ];
            // What answers for this configuration as long as no level has a fit.
            if (loads.TrueForAll(load => load.Basis is null) && _warmUps.TryGetValue(configuration, out LengthProfile? warmUp))
            {
                loads.RemoveAll(load => load.Level == 0);
                loads.Insert(0, Load(0, warmUp, _speeds.GetValueOrDefault((configuration, 0))));
            }
            return loads;
        }

        LoadProfile Load(int level, LengthProfile? profile, SpeedWindow? speed)
        {
            (double from, double below) = LoadBandOf(level);
            return new()
            {
                Level = level,
                RowsFrom = from,
                RowsBelow = below,
                Basis = profile?.Basis,
                Records = profile?.Records ?? 0,
                Coefficients = profile?.Coefficients ?? [],
                RSquared = profile?.RSquared,
                MeanAbsolutePercentageError = profile?.MeanAbsolutePercentageError,
                HeldOutRecords = profile?.HeldOutRecords ?? 0,
                RelativeSigma = profile?.RelativeSigma,
                Curve = profile?.Curve(inputTokens, outputTokens) ?? [],
                Speed = speed?.Figures(),
            };
        }
    }

    /// <summary>The fit at the load level nearest to the one asked for, else the warm-up, else null.</summary>
    public LengthProfile? Find(string configurationId, double meanRowsInFlight = 1)
    {
        lock (_gate)
            return Nearest(configurationId, LoadLevelOf(meanRowsInFlight))?.Profile;
    }

    /// <summary>Predicts a request; null when the configuration has neither fit nor warm-up.</summary>
    /// <param name="configurationId">The configuration.</param>
    /// <param name="inputTokens">Prompt tokens.</param>
    /// <param name="outputTokens">Output tokens; max_tokens for a reservation.</param>
    /// <param name="meanRowsInFlight">Expected load. 1, the default, is the dearest.</param>
    public Prediction? Predict(string configurationId, int inputTokens, int outputTokens, double meanRowsInFlight = 1)
    {
        lock (_gate)
        {
            if (Nearest(configurationId, LoadLevelOf(meanRowsInFlight)) is not { } found)
                return null;
            ProfilePrediction prediction = found.Profile.Predict(inputTokens, outputTokens);
            double distance = RelativeSigmaPerLevel * found.Distance * prediction.Joules.Value;
            var sigma = new Joules(Math.Sqrt(prediction.Sigma.Value * prediction.Sigma.Value + distance * distance));
            return new(configurationId, prediction.Joules, sigma, found.Profile.Basis);
        }
    }

    /// <summary>All records, for the disk.</summary>
    public ProfileBookSnapshot Snapshot()
    {
        lock (_gate)
            return new([.. _fitters.Select(entry => new ProfileSnapshot(entry.Key.Configuration, entry.Key.Level, [.. entry.Value.Kept], [.. entry.Value.HeldOut])
            {
                Timings = _speeds.TryGetValue(entry.Key, out SpeedWindow? speed) ? [.. speed.Timings] : [],
            })]);
    }

    /// <summary>Takes back what <see cref="Snapshot"/> gave, and fits.</summary>
    public void Restore(ProfileBookSnapshot snapshot)
    {
        lock (_gate)
        {
            foreach (ProfileSnapshot profile in snapshot.Profiles)
            {
                Fitter(profile.ConfigurationId, profile.LoadLevel).Restore(profile.Kept, profile.HeldOut);
                foreach (RequestTiming timing in profile.Timings ?? [])
                    Speed(profile.ConfigurationId, profile.LoadLevel).Add(timing);
            }
        }
    }

    private LengthProfileFitter Fitter(string configurationId, int level)
    {
        if (!_fitters.TryGetValue((configurationId, level), out LengthProfileFitter? fitter))
            _fitters[(configurationId, level)] = fitter = new();
        return fitter;
    }

    private SpeedWindow Speed(string configurationId, int level)
    {
        if (!_speeds.TryGetValue((configurationId, level), out SpeedWindow? speed))
            _speeds[(configurationId, level)] = speed = new();
        return speed;
    }

    /// <summary>Between two equally near levels the lower load wins: it is the dearer, and a budget should rather reserve too much.</summary>
    private (LengthProfile Profile, int Distance)? Nearest(string configurationId, int level)
    {
        (LengthProfile Profile, int Distance, int Level)? best = null;
        foreach (((string configuration, int at), LengthProfileFitter fitter) in _fitters)
        {
            if (configuration != configurationId || fitter.Profile is not { } profile)
                continue;
            int distance = Math.Abs(at - level);
            if (best is null || distance < best.Value.Distance || (distance == best.Value.Distance && at < best.Value.Level))
                best = (profile, distance, at);
        }
        if (best is { } found)
            return (found.Profile, found.Distance);
        return _warmUps.TryGetValue(configurationId, out LengthProfile? warmUp) ? (warmUp, 0) : null;
    }
}
