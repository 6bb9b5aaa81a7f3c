using System.Runtime.InteropServices;
using GreenTune.Core.Units;

namespace GreenTune.Core.Attribution;

/// <summary>How the steps of a block share its active energy, and their rows a step's. Reused from block to block.</summary>
internal sealed class StepShares(Func<string, WorkCoefficients?> coefficientsOf)
{
    private readonly List<StepShare> _overlapping = [];
    private readonly List<double> _rowWeights = [];
    private double _covered;

    /// <summary>Whether the block at hand is shared by fitted coefficients; by time alone otherwise.</summary>
    public bool Fitted { get; private set; }

    /// <summary>Share of the block at hand that goes to prefill steps.</summary>
    public double PrefillShare { get; private set; }

    /// <summary>What the fitted coefficients expect of the block at hand, in joules.</summary>
    public double Expected { get; private set; }

    /// <summary>Collects the steps that overlap a block, weighed by expected energy.</summary>
    /// <param name="steps">In order of time.</param>
    /// <param name="start">Start of the block.</param>
    /// <param name="end">End of the block.</param>
    /// <returns>Seconds of the block that steps cover.</returns>
    public double Find(List<StepRecord> steps, MonotonicTime start, MonotonicTime end)
    {
        _overlapping.Clear();
        _covered = 0;
        double expected = 0;
        bool modelled = true;
        string? configuration = null;
        WorkCoefficients? coefficients = null;
        foreach (StepRecord step in CollectionsMarshal.AsSpan(steps))
        {
            if (step.Start >= end)
                break;
            double seconds = (MonotonicTime.Min(step.End, end) - MonotonicTime.Max(step.Start, start)).TotalSeconds;
            if (seconds <= 0)
                continue;
            if (configuration != step.Work.ConfigurationId)
            {
                configuration = step.Work.ConfigurationId;
                coefficients = coefficientsOf(configuration);
            }
            // Joules of a fitted configuration and seconds of another cannot be compared: one without coefficients makes the block time alone.
            modelled &= coefficients is not null;
            double weight = coefficients is { } k ? ExpectedEnergy(step, k) * (seconds / (step.End - step.Start).TotalSeconds) : 0;
            _overlapping.Add(new(step, seconds, weight, coefficients));
            _covered += seconds;
            expected += weight;
        }
        bool byWork = modelled && expected > 0;
        Fitted = byWork;
        Expected = expected;
        PrefillShare = 0;
        foreach (ref StepShare share in CollectionsMarshal.AsSpan(_overlapping))
        {
            share = share with { Share = byWork ? share.Share / expected : share.Seconds / _covered, Coefficients = byWork ? share.Coefficients : null };
            if (share.Step.Phase == StepPhase.Prefill)
                PrefillShare += share.Share;
        }
        return _covered;
    }

    private static double ExpectedEnergy(StepRecord step, in WorkCoefficients coefficients)
    {
        double rows = 0;
        for (int i = 0; i < step.Rows.Count; i++)
            rows += coefficients.RowEnergy(step.Work, step.Rows[i], step.Rows.Count);
        return coefficients.JoulesPerSecond * (step.End - step.Start).TotalSeconds + step.Fraction * rows;
    }

    /// <summary>Gives each request its shares of the block.</summary>
    /// <returns>Share of rows whose request is not known: it left before, or was given up.</returns>
    public double WeighRows(Dictionary<long, RequestAccount> accounts)
    {
        double orphans = 0;
        foreach (ref StepShare share in CollectionsMarshal.AsSpan(_overlapping))
        {
            StepRecord step = share.Step;
            int rows = step.Rows.Count;
            double equal = share.Seconds / _covered / rows;
            // The spread compares the work model with equal weights; without a work model, equal rows with rows by their FLOPs.
            double own = RowWeights(step, share.Coefficients ?? new(1, 0, 0));
            for (int i = 0; i < rows; i++)
            {
                StepRow row = step.Rows[i];
                double byWork = share.Share * (own > 0 ? _rowWeights[i] / own : 1.0 / rows);
                double weight = share.Coefficients is null ? share.Share / rows : byWork;
                if (accounts.TryGetValue(row.Request, out RequestAccount? account))
                {
                    account.AddWeights(step.Phase, weight, equal, share.Coefficients is null ? byWork : equal, share.Seconds);
                }
                else
                {
                    orphans += weight;
                }
            }
        }
        return orphans;
    }

    private double RowWeights(StepRecord step, in WorkCoefficients coefficients)
    {
        _rowWeights.Clear();
        if (step.Rows.Count == 1)
        {
            _rowWeights.Add(1);
            return 1;
        }
        double sum = 0;
        for (int i = 0; i < step.Rows.Count; i++)
        {
            double weight = coefficients.RowEnergy(step.Work, step.Rows[i], step.Rows.Count);
            _rowWeights.Add(weight);
            sum += weight;
        }
        return sum;
    }

    private readonly record struct StepShare(StepRecord Step, double Seconds, double Share, WorkCoefficients? Coefficients);
}
