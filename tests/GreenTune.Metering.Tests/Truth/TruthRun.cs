using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Metering.Simulated;

namespace GreenTune.Metering.Tests.Truth;

/// <summary>How one method's figures lie about the truth: mean and 95th percentile of |error| over truth, with the sensor's gain error and without it.</summary>
internal sealed record MethodErrors(double Mean, double WithoutGain, double WithoutGainP95)
{
    public static MethodErrors Of(List<(double Error, double WithoutGain)> errors)
    {
        double[] plain = [.. errors.Select(error => Math.Abs(error.WithoutGain)).Order()];
        return new(errors.Average(error => Math.Abs(error.Error)), plain.Average(), plain[(int)(0.95 * (plain.Length - 1))]);
    }
}

/// <summary>The meter against the truth over repeated runs, the sensor's gain drawn anew in each, and other methods on the same readings.</summary>
/// <param name="Requests">Requests of all runs.</param>
/// <param name="Withheld">Requests whose figures are none, with a reason.</param>
/// <param name="Ours">The meter's figures.</param>
/// <param name="EqualWeights">Time alone, the rows of a step equally.</param>
/// <param name="Overlap">Each block's dynamic energy split over the requests in flight by their overlap with it, as CodeCarbon's branch does.</param>
/// <param name="NaiveFactor">Sum over requests of the whole device's energy while they were in flight, over the truth.</param>
/// <param name="MeanSigma">Mean of sigma over truth.</param>
/// <param name="WithinOneSigma">Part of requests whose truth lies within one sigma.</param>
/// <param name="WithinTwoSigma">Within two.</param>
/// <param name="Unattributed">Unattributed over active energy.</param>
/// <param name="Fitted">Part of the active energy shared out by fitted coefficients.</param>
/// <param name="RSquared">Mean held-out R2 of the fit; null where there was none.</param>
internal sealed record TruthResult(
    int Requests,
    int Withheld,
    MethodErrors Ours,
    MethodErrors EqualWeights,
    MethodErrors Overlap,
    double NaiveFactor,
    double MeanSigma,
    double WithinOneSigma,
    double WithinTwoSigma,
    double Unattributed,
    double Fitted,
    double? RSquared)
{
    public override string ToString() => FormattableString.Invariant($"{Requests,6} requests ({Withheld} none) | error {Ours.Mean:P1}, without gain {Ours.WithoutGain:P1} (p95 {Ours.WithoutGainP95:P0}); equal {EqualWeights.WithoutGain:P1} ({EqualWeights.WithoutGainP95:P0}); overlap {Overlap.WithoutGain:P1} ({Overlap.WithoutGainP95:P0}); naive x{NaiveFactor:0.0} | sigma {MeanSigma:P1}, within 1: {WithinOneSigma:P1}, 2: {WithinTwoSigma:P1} | unattributed {Unattributed:P2} | fitted {Fitted:P0} R2 {RSquared:0.00}");
}

internal static class TruthRun
{
    /// <summary>Relative gain error of the sensor, one sigma.</summary>
    public const double GainSigma = 0.05;

    /// <summary>Runs and compares.</summary>
    /// <param name="sensor">The sensor; its seed and gain are set here.</param>
    /// <param name="clients">Concurrent clients.</param>
    /// <param name="runs">Runs.</param>
    /// <param name="seconds">Seconds of requests in each.</param>
    /// <param name="warm">Seconds of an earlier run that the fits are remembered from; 0 begins each run without any.</param>
    /// <param name="coefficients">Coefficients instead of fitted ones.</param>
    /// <param name="undeclared">The source does not know what its samples average.</param>
    public static async Task<TruthResult> Compare(SimulatedSensor sensor, int clients, int runs, double seconds, double warm = 0, Func<string, WorkCoefficients?>? coefficients = null, bool undeclared = false)
    {
        WorkFitSnapshot? remembered = null;
        if (warm > 0)
            remembered = (await MeteredRun.Of(TruthWorkload.Create(4711 * clients, clients, warm), sensor with { Seed = 99, CounterResets = [], Stalls = [] }, undeclared: undeclared)).Fits;
        var tallies = new Tally[runs];
        await Parallel.ForEachAsync(Enumerable.Range(0, runs), new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (run, _) =>
        {
            double gain = 1 + GainSigma * NormalQuantile((run + 0.5) / runs);
            TruthWorkload workload = TruthWorkload.Create(17 * clients + run, clients, seconds);
            MeteredRun metered = await MeteredRun.Of(workload, sensor with { Seed = run + 1, Gain = gain }, remembered, coefficients, undeclared);
            tallies[run] = new Tally(workload, metered, gain);
        });
        return Summarise(tallies);
    }

    private static TruthResult Summarise(Tally[] tallies)
    {
        List<(double Truth, double Joules, double Sigma)> figures = [.. tallies.SelectMany(tally => tally.Figures)];
        double[] fits = [.. tallies.Where(tally => tally.RSquared is not null).Select(tally => tally.RSquared!.Value)];
        return new(
            figures.Count,
            tallies.Sum(tally => tally.Withheld),
            MethodErrors.Of([.. tallies.SelectMany(tally => tally.Ours)]),
            MethodErrors.Of([.. tallies.SelectMany(tally => tally.Equal)]),
            MethodErrors.Of([.. tallies.SelectMany(tally => tally.Overlap)]),
            tallies.Sum(tally => tally.Naive) / tallies.Sum(tally => tally.Truth),
            figures.Average(figure => figure.Sigma / figure.Truth),
            figures.Average(figure => Math.Abs(figure.Joules - figure.Truth) <= figure.Sigma ? 1.0 : 0),
            figures.Average(figure => Math.Abs(figure.Joules - figure.Truth) <= 2 * figure.Sigma ? 1.0 : 0),
            tallies.Sum(tally => tally.Unattributed) / tallies.Sum(tally => tally.Active),
            figures.Count > 0 ? tallies.Sum(tally => tally.FittedActive) / tallies.Sum(tally => tally.Active) : 0,
            fits.Length > 0 ? fits.Average() : null);
    }

    /// <summary>
    /// The runs' gains are the quantiles of their distribution instead of draws, so that few runs stand for many: Abramowitz and Stegun 26.2.23.
    /// </summary>
    private static double NormalQuantile(double probability)
    {
        if (probability > 0.5)
            return -NormalQuantile(1 - probability);
        double t = Math.Sqrt(-2 * Math.Log(probability));
        return -(t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))));
    }

    /// <summary>One run's comparison.</summary>
    private sealed class Tally
    {
        public Tally(TruthWorkload workload, MeteredRun metered, double gain)
        {
            Dictionary<int, double> overlap = OverlapActive(workload, metered.Blocks, TruthWorkload.IdleWatts * gain);
            Active = metered.View.Totals!.Active.Value;
            Unattributed = Math.Max(0, metered.View.Totals.Unattributed.Value);
            RSquared = metered.View.WorkFits.Count > 0 ? metered.View.WorkFits[0].RSquared : null;
            foreach (TrueRequest request in workload.Requests)
            {
                EnergyFigures energy = metered.Settled[request.Id].Energy;
                if (energy.Joules is not { } joules)
                {
                    Withheld++;
                    continue;
                }
                double idle = energy.IdleJoules!.Value.Value;
                Figures.Add((request.Joules, joules.Value, energy.RelativeUncertainty!.Value * joules.Value));
                Add(Ours, joules.Value);
                Add(Equal, energy.EqualWeightsActiveJoules!.Value.Value + idle);
                // Idle power is shared as here: their own branch leaves it out of the requests.
                Add(Overlap, overlap.GetValueOrDefault(request.Id) + request.IdleJoules * gain);
                FittedActive += energy.FittedShare!.Value * energy.ActiveJoules!.Value.Value;
                Naive += workload.DeviceEnergy(request.Admitted, request.Finished);
                Truth += request.Joules;

                void Add(List<(double, double)> errors, double figure) =>
                    errors.Add(((figure - request.Joules) / request.Joules, (figure / gain - request.Joules) / request.Joules));
            }
        }

        public List<(double Truth, double Joules, double Sigma)> Figures { get; } = [];

        public List<(double Error, double WithoutGain)> Ours { get; } = [];

        public List<(double Error, double WithoutGain)> Equal { get; } = [];

        public List<(double Error, double WithoutGain)> Overlap { get; } = [];

        public int Withheld { get; }

        public double Naive { get; }

        public double Truth { get; }

        public double Active { get; }

        public double Unattributed { get; }

        public double FittedActive { get; }

        public double? RSquared { get; }

        private static Dictionary<int, double> OverlapActive(TruthWorkload workload, List<EnergyBlock> blocks, double idleWatts)
        {
            double origin = Support.ManualClock.StartSeconds + MeteredRun.Quiet;
            var active = new Dictionary<int, double>();
            TrueRequest[] byStart = [.. workload.Requests.OrderBy(request => request.Admitted)];
            var there = new List<(TrueRequest Request, double Seconds)>();
            int first = 0;
            foreach (EnergyBlock block in blocks)
            {
                if (!block.IsKnown)
                    continue;
                double from = block.Start.Seconds - origin, to = block.End.Seconds - origin;
                there.Clear();
                // Requests finish out of order: what is over for good moves the start on, the rest is skipped.
                while (first < byStart.Length && byStart[first].Finished <= from)
                    first++;
                for (int i = first; i < byStart.Length && byStart[i].Admitted < to; i++)
                {
                    double overlap = Math.Min(to, byStart[i].Finished) - Math.Max(from, byStart[i].Admitted);
                    if (overlap > 0)
                        there.Add((byStart[i], overlap));
                }
                double sum = there.Sum(entry => entry.Seconds), dynamic = Math.Max(0, block.Energy.Value - idleWatts * block.Seconds);
                foreach ((TrueRequest request, double seconds) in there)
                    active[request.Id] = active.GetValueOrDefault(request.Id) + dynamic * seconds / sum;
            }
            return active;
        }
    }
}
