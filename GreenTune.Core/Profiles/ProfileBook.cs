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
public sealed record ProfileSnapshot(string ConfigurationId, int LoadLevel, IReadOnlyList<LengthRecord> Kept, IReadOnlyList<LengthRecord> HeldOut);

/// <summary>Length profiles by configuration and load level. Thread-safe.</summary>
public sealed class ProfileBook
{
    /// <summary>Relative standard uncertainty added per load level between the one asked for and the one that was fitted.</summary>
    private const double RelativeSigmaPerLevel = 0.25;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Configuration, int Level), LengthProfileFitter> _fitters = [];
    private readonly Dictionary<string, LengthProfile> _warmUps = [];

    /// <summary>Load level of a mean number of requests in flight: its power of two, so 0 for 1, 1 for 2, 2 for 3 to 5, 3 for 6 to 11.</summary>
    public static int LoadLevelOf(double meanRowsInFlight) => Math.Max(0, (int)Math.Round(Math.Log2(Math.Max(1, meanRowsInFlight))));

    /// <summary>Sets the profile that answers until there is a fit.</summary>
    public void SetWarmUp(string configurationId, LengthProfile profile)
    {
        lock (_gate)
            _warmUps[configurationId] = profile;
    }

    /// <summary>Adds a settled request that ran to its end.</summary>
    public void Add(string configurationId, double meanRowsInFlight, LengthRecord record)
    {
        lock (_gate)
            Fitter(configurationId, LoadLevelOf(meanRowsInFlight)).Add(record);
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
            return new([.. _fitters.Select(entry => new ProfileSnapshot(entry.Key.Configuration, entry.Key.Level, [.. entry.Value.Kept], [.. entry.Value.HeldOut]))]);
    }

    /// <summary>Takes back what <see cref="Snapshot"/> gave, and fits.</summary>
    public void Restore(ProfileBookSnapshot snapshot)
    {
        lock (_gate)
        {
            foreach (ProfileSnapshot profile in snapshot.Profiles)
                Fitter(profile.ConfigurationId, profile.LoadLevel).Restore(profile.Kept, profile.HeldOut);
        }
    }

    private LengthProfileFitter Fitter(string configurationId, int level)
    {
        if (!_fitters.TryGetValue((configurationId, level), out LengthProfileFitter? fitter))
            _fitters[(configurationId, level)] = fitter = new();
        return fitter;
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
