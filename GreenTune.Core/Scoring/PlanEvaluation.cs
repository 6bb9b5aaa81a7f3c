using System.Collections.Concurrent;
using GreenTune.Core.Contracts;

namespace GreenTune.Core.Scoring;

/// <summary>
/// A measurement plan with its bootstrap runs. Made once per plan (tens of milliseconds); moving a weight or the floor afterwards costs about a
/// millisecond. Thread-safe.
/// </summary>
public sealed class PlanEvaluation
{
    /// <summary>Bootstrap runs behind every interval.</summary>
    public const int Runs = 2000;

    /// <summary>Mean output lengths that differ by more than this make the energy axis count per correct item.</summary>
    public const double LengthTolerance = 0.05;

    private const ulong Seed = 1;

    private readonly ConcurrentDictionary<string, ReferenceEvaluation> _byReference = new(StringComparer.Ordinal);

    private PlanEvaluation(MeasurementPlan plan, ConfigurationSamples[] samples)
    {
        Plan = plan;
        Samples = samples;
        Points = [.. samples.Select(configuration => configuration.PointFigures())];
        Replicates = Bootstrap.Run(samples, Runs, Seed);
        (PerCorrectItem, EnergyBasis) = Basis(samples);
    }

    public MeasurementPlan Plan { get; }

    /// <summary>What the energy axis counts and why, in one sentence.</summary>
    public string EnergyBasis { get; }

    /// <summary>True when the energy axis counts joules per correct item instead of per output token.</summary>
    public bool PerCorrectItem { get; }

    internal IReadOnlyList<ConfigurationSamples> Samples { get; }

    internal IReadOnlyList<RawFigures> Points { get; }

    /// <summary>Figures of each configuration and bootstrap run.</summary>
    internal RawFigures[][] Replicates { get; }

    public static PlanEvaluation Of(MeasurementPlan plan) =>
        new(plan, [.. plan.Configurations.Select(configuration => ConfigurationSamples.Of(configuration, plan.Concurrency))]);

    /// <summary>Why a configuration cannot be the reference; null when it can.</summary>
    public string? WhyNotReference(string configurationId) => Plan.Configurations.FirstOrDefault(configuration => configuration.ConfigurationId == configurationId) switch
    {
        null => "was not measured",
        { SourceQuantized: true } => "was made from weights that were quantised already",
        _ => null,
    };

    /// <summary>The plan against a reference; the plan's own where <paramref name="reference"/> is null or cannot be one.</summary>
    public ReferenceEvaluation Against(string? reference)
    {
        string inForce = reference is not null && WhyNotReference(reference) is null ? reference : Plan.Reference;
        return _byReference.GetOrAdd(inForce, id => new ReferenceEvaluation(this, id));
    }

    private static (bool PerCorrectItem, string Sentence) Basis(IEnumerable<ConfigurationSamples> samples)
    {
        double[] lengths = [.. samples.Where(configuration => configuration is { Rejected: null, MeanTokens: > 0 }).Select(configuration => configuration.MeanTokens!.Value)];
        double spread = lengths.Length > 0 ? lengths.Max() / lengths.Min() - 1 : 0;
        return spread > LengthTolerance + 1e-9
            ? (true, FormattableString.Invariant($"Joules per correct item: mean output lengths differ by {spread * 100:0} % between configurations, above {LengthTolerance * 100:0} %."))
            : (false, FormattableString.Invariant($"Joules per output token: mean output lengths differ by at most {LengthTolerance * 100:0} % between configurations."));
    }
}
