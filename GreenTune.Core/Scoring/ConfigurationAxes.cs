using GreenTune.Core.Contracts;

namespace GreenTune.Core.Scoring;

/// <summary>One axis of one configuration: its logarithm as a point and per bootstrap run, or why it is missing.</summary>
internal sealed record Axis(double? LogPoint, double[]? LogRuns, Interval? Interval, string? Missing)
{
    public static Axis Without(string reason) => new(null, null, null, reason);

    public static Axis Of(double point, double[] runs) =>
        new(Math.Log(point), Array.ConvertAll(runs, Math.Log), Percentiles.Around(point, runs), null);
}

/// <summary>A configuration's axes against a reference, and its raw figures with intervals.</summary>
internal sealed class ConfigurationAxes
{
    private readonly string? _noScore;

    private ConfigurationAxes(string id, string? noScore, Axis energy, Axis efficiency, Axis effectiveness)
    {
        Id = id;
        _noScore = noScore;
        Energy = energy;
        Efficiency = efficiency;
        Effectiveness = effectiveness;
    }

    public string Id { get; }

    public Axis Energy { get; }

    public Axis Efficiency { get; }

    public Axis Effectiveness { get; }

    public Interval? JoulesPerToken { get; private init; }

    public Interval? JoulesPerCorrectItem { get; private init; }

    public Interval? TokensPerSecond { get; private init; }

    public Interval? P95Seconds { get; private init; }

    public Interval? TaskScore { get; private init; }

    /// <summary>Joules per output token of the reference over its own, whatever the energy axis counts.</summary>
    public double? TokenEnergyRatio { get; private init; }

    public double[]? TokenEnergyRatios { get; private init; }

    public static ConfigurationAxes Of(PlanEvaluation plan, int own, int reference)
    {
        ConfigurationSamples samples = plan.Samples[own];
        ConfigurationSamples referenceSamples = plan.Samples[reference];
        if (samples.Rejected is { } rejected)
        {
            return new ConfigurationAxes(samples.Id, $"Its measurement does not count: {rejected}", Axis.Without(rejected), Axis.Without(rejected), Axis.Without(rejected));
        }

        RawFigures[] runs = plan.Replicates[own];
        RawFigures[] referenceRuns = plan.Replicates[reference];
        RawFigures point = plan.Points[own];
        RawFigures referencePoint = plan.Points[reference];
        Func<RawFigures, double> joulesPer = plan.PerCorrectItem ? figures => figures.JoulesPerCorrectItem : figures => figures.JoulesPerToken;

        Axis Make(Func<ConfigurationSamples, string?> missing, Func<RawFigures, RawFigures, double> axis)
        {
            if (missing(samples) is { } why)
            {
                return Axis.Without(why);
            }

            if ((referenceSamples.Rejected ?? missing(referenceSamples)) is { } whyNotReference)
            {
                return Axis.Without($"the reference {referenceSamples.Id} has none: {whyNotReference}");
            }

            return Axis.Of(axis(point, referencePoint), [.. runs.Select((figures, run) => axis(figures, referenceRuns[run]))]);
        }

        Axis energy = Make(
            measured => measured.EnergyMissing(plan.PerCorrectItem),
            (figures, other) => Undefined(ThreeEFormula.Energy(joulesPer(figures), joulesPer(other)), joulesPer(figures), joulesPer(other)));
        Axis efficiency = Make(
            measured => measured.EfficiencyMissing(),
            (figures, other) => ThreeEFormula.Efficiency(figures.TokensPerSecond, other.TokensPerSecond, figures.P95Seconds, other.P95Seconds));
        Axis effectiveness = Make(
            measured => measured.EffectivenessMissing() ?? (measured == referenceSamples && referencePoint.TaskScore == 0 ? "its score is 0" : null),
            (figures, other) => other.TaskScore > 0 ? ThreeEFormula.Effectiveness(figures.TaskScore, other.TaskScore) : double.NaN);
        bool tokens = samples.EnergyMissing(false) is null;
        bool ratio = tokens && referenceSamples.Rejected is null && referenceSamples.EnergyMissing(false) is null;
        return new ConfigurationAxes(samples.Id, null, energy, efficiency, effectiveness)
        {
            JoulesPerToken = tokens ? Spread(point, runs, figures => figures.JoulesPerToken) : null,
            JoulesPerCorrectItem = samples.EnergyMissing(true) is null ? Spread(point, runs, figures => figures.JoulesPerCorrectItem) : null,
            TokensPerSecond = Spread(point, runs, figures => figures.TokensPerSecond),
            P95Seconds = Spread(point, runs, figures => figures.P95Seconds),
            TaskScore = Spread(point, runs, figures => figures.TaskScore),
            TokenEnergyRatio = ratio ? ThreeEFormula.Energy(point.JoulesPerToken, referencePoint.JoulesPerToken) : null,
            TokenEnergyRatios = ratio ? [.. runs.Select((figures, run) => ThreeEFormula.Energy(figures.JoulesPerToken, referenceRuns[run].JoulesPerToken))] : null,
        };
    }

    /// <summary>Below the quality floor by its point estimate; a configuration that was not scored is not.</summary>
    public bool Below(double floor) => Effectiveness.LogPoint is { } log && Math.Exp(log) < floor - 1e-12;

    public double? Point(ThreeEWeights weights)
    {
        if (Reason(weights) is not null)
        {
            return null;
        }

        return Math.Exp(Term(weights.Energy, Energy.LogPoint) + Term(weights.Efficiency, Efficiency.LogPoint) + Term(weights.Effectiveness, Effectiveness.LogPoint));
    }

    public double[]? Runs(ThreeEWeights weights)
    {
        if (Reason(weights) is not null)
        {
            return null;
        }

        double[] scores = new double[PlanEvaluation.Runs];
        for (int run = 0; run < scores.Length; run++)
        {
            scores[run] = Math.Exp(
                Term(weights.Energy, Energy.LogRuns?[run]) + Term(weights.Efficiency, Efficiency.LogRuns?[run]) + Term(weights.Effectiveness, Effectiveness.LogRuns?[run]));
        }

        return scores;
    }

    /// <summary>Why there is no score at these weights; null when there is one.</summary>
    public string? Reason(ThreeEWeights weights)
    {
        if (_noScore is not null)
        {
            return _noScore;
        }

        (string Name, double Weight, Axis Axis)[] axes = [("energy", weights.Energy, Energy), ("efficiency", weights.Efficiency, Efficiency), ("effectiveness", weights.Effectiveness, Effectiveness)];
        string[] missing = [.. axes.Where(axis => axis.Weight > 0 && axis.Axis.Missing is not null).Select(axis => $"no {axis.Name} axis: {axis.Axis.Missing}")];
        return missing.Length == 0 ? null : $"It has {string.Join("; ", missing)}.";
    }

    // 0 x log 0 would be NaN, and an axis without weight does not count.
    private static double Term(double weight, double? log) => weight == 0 ? 0 : weight * log!.Value;

    /// <summary>A resample without a correct item makes infinitely many joules per correct item: the axis is 0. Without one of the reference it says nothing.</summary>
    private static double Undefined(double axis, double own, double reference) => double.IsNaN(reference) ? double.NaN : double.IsNaN(own) ? 0 : axis;

    private static Interval? Spread(RawFigures point, RawFigures[] runs, Func<RawFigures, double> figure) =>
        double.IsFinite(figure(point)) ? Percentiles.Around(figure(point), [.. runs.Select(figure)]) : null;
}
