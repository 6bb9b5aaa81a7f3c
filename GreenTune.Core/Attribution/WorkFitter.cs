using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Core.Units;

namespace GreenTune.Core.Attribution;

/// <summary>
/// Fits what a configuration's work costs (e = k_f FLOPs + k_b bytes + k_t time, design section 4.3) from a device's blocks as they are shared out.
/// A block teaches when one configuration alone ran in what the sensor saw of it and nothing is wrong with it. What the sensor saw is found too: the steps are put through
/// several ways of averaging, and the one that explains blocks best before they were learned from wins. Until there are enough blocks, and
/// unless the fit explains them better than time alone, there are no coefficients.
/// Not thread-safe: the ledger's owner calls it. Memory is bounded; in steady state it allocates nothing.
/// </summary>
public sealed class WorkFitter
{
    private const int HistorySteps = 16_384;
    private const int MostWaiting = 1024;
    private const int SolveEvery = 10;

    // An instant sample is compared with what ran in this many ticks about it (2 ms): regulators smooth no less.
    private const long InstantTicks = 2 * TimeSpan.TicksPerMillisecond;

    // More than this part of a block for other processes, whose energy is itself a model's, makes it no teacher.
    private const double MostOther = 0.1;

    private readonly WorkFitting _fitting;
    private readonly Kernel[] _kernels;
    private readonly StepHistory _history = new(HistorySteps);
    private readonly Queue<Observation> _waiting = new(MostWaiting);
    private readonly Dictionary<string, int> _indices = [];
    private readonly List<Fit> _fits = [];
    private readonly WorkDone[] _seen;
    private readonly long _lead;
    private readonly double _memory;
    private readonly double _testMemory;
    private Fit? _last;

    public WorkFitter(WorkFitting? fitting = null)
    {
        _fitting = fitting ?? new();
        _kernels = Kernels(_fitting);
        _seen = new WorkDone[_kernels.Length];
        _memory = Math.Exp(-1 / _fitting.MemoryBlocks);
        _testMemory = Math.Exp(-1 / _fitting.TestMemoryBlocks);
        foreach (Kernel kernel in _kernels)
            _lead = Math.Max(_lead, kernel.Window / 2 - kernel.Lag);
    }

    /// <summary>The coefficients in force for a configuration; null is time alone.</summary>
    public WorkCoefficients? CoefficientsOf(string configurationId) =>
        _indices.TryGetValue(configurationId, out int index) && _fits[index] is { InUse: true } fit ? fit.Regressions[fit.Kernel].Solved : null;

    /// <summary>A step ran. Steps come in order of time; another cost model under a known configuration begins its fit anew.</summary>
    public void Step(StepRecord step)
    {
        Fit fit = FitOf(step.Work);
        double flops = 0, bytes = 0;
        for (int i = 0; i < step.Rows.Count; i++)
        {
            flops += step.Work.Flops(step.Rows[i]);
            bytes += step.Work.Bytes(step.Rows[i], step.Rows.Count);
        }
        _history.Add(step.Start.Ticks, step.End.Ticks, fit.Index, flops * step.Fraction, bytes * step.Fraction);
    }

    /// <summary>A block was shared out. It teaches once all steps that the sensor may have seen in it are known: <see cref="Learn(MonotonicTime)"/>.</summary>
    /// <param name="block">The block.</param>
    /// <param name="outcome">What was in it.</param>
    public void Observe(in EnergyBlock block, in BlockOutcome outcome)
    {
        if (!block.IsKnown || block.Marks != TraceMarks.None || outcome.StepSeconds <= 0 || block.Other.Value > MostOther * block.Energy.Value || !double.IsFinite(outcome.Active))
            return;
        if (_waiting.Count == MostWaiting)
            _waiting.Dequeue();
        _waiting.Enqueue(new(block.Start.Ticks, block.End.Ticks, outcome.Active / block.Seconds));
    }

    /// <summary>Learns from the blocks whose steps are all known.</summary>
    /// <param name="complete">Until when all steps have been told.</param>
    public void Learn(MonotonicTime complete)
    {
        while (_waiting.TryPeek(out Observation next) && next.End + _lead <= complete.Ticks)
        {
            _waiting.Dequeue();
            Learn(next);
        }
    }

    /// <summary>
    /// Over how long the sensor was found to spread a change of power, where no configuration's blocks are explained nearly as well by a sensor that averages
    /// no longer than its period; null before there are enough blocks to say, and where it does not.
    /// </summary>
    public TimeSpan? FoundWindow()
    {
        long found = 0;
        foreach (Fit fit in _fits)
        {
            if (fit.InUse && fit.Blocks >= WorkFitting.WindowBlocks && _kernels[fit.Kernel] is var kernel && fit.Beats(_kernels, _fitting.Period.Ticks))
                found = Math.Max(found, kernel.Window + 2 * kernel.Lag);
        }
        return found > 0 ? new(found) : null;
    }

    /// <summary>The fits, for people.</summary>
    public IReadOnlyList<WorkFitView> Views()
    {
        var views = new List<WorkFitView>();
        foreach (Fit fit in _fits)
        {
            if (fit.Blocks > 0)
                views.Add(fit.View(_kernels));
        }
        return views;
    }

    /// <summary>All fits, for the disk.</summary>
    public IReadOnlyList<WorkFitState> Save()
    {
        var states = new List<WorkFitState>();
        foreach (Fit fit in _fits)
        {
            if (fit.Blocks > 0)
                states.Add(fit.Save(_kernels));
        }
        return states;
    }

    /// <summary>Takes back what <see cref="Save"/> gave. States that cannot be are left out; a configuration that has learned already keeps what it has.</summary>
    public void Restore(IEnumerable<WorkFitState>? states)
    {
        // From a file, so that anything may be missing.
        foreach (WorkFitState? state in states ?? [])
        {
            if (state is null || string.IsNullOrEmpty(state.ConfigurationId) || state.Work is null || state.Regressions is null || state.Work.ConfigurationId != state.ConfigurationId)
                continue;
            Fit fit = FitOf(state.Work);
            if (fit.Blocks == 0)
                fit.Load(state, _kernels);
        }
    }

    private static Kernel[] Kernels(WorkFitting fitting)
    {
        long Ms(double milliseconds) => (long)(milliseconds * TimeSpan.TicksPerMillisecond);
        if (fitting.Integrating)
            return [new(0, 0), new(0, Ms(20)), new(0, Ms(50)), new(0, Ms(100))];
        long widest = Math.Max(Ms(100), Math.Max(5 * fitting.Period.Ticks, fitting.AveragingWindow.Ticks));
        var kernels = new List<Kernel> { new(InstantTicks, 0) };
        foreach (long window in (ReadOnlySpan<long>)[Ms(10), Ms(25), Ms(50), Ms(100), Ms(250), Ms(500), Ms(1000)])
        {
            if (window > widest)
                break;
            kernels.Add(new(window, 0));
            // A source that stamps the end of what it averaged.
            if (fitting.AveragingWindow == TimeSpan.Zero && window >= Ms(25))
                kernels.Add(new(window, window / 2));
        }
        if (fitting.AveragingWindow.Ticks > InstantTicks && !kernels.Contains(new(fitting.AveragingWindow.Ticks, 0)))
            kernels.Add(new(fitting.AveragingWindow.Ticks, 0));
        return [.. kernels];
    }

    private void Learn(in Observation observation)
    {
        int configuration = -1;
        for (int k = 0; k < _kernels.Length; k++)
        {
            if (Seen(observation, _kernels[k], ref configuration) is not { } seen)
                return;
            _seen[k] = seen;
        }
        if (configuration < 0)
            return;
        _fits[configuration].Learn(_seen, observation, _memory, _testMemory);
    }

    /// <summary>Work per second of a block as a sensor of that kind saw it; null when several configurations ran in it.</summary>
    private WorkDone? Seen(in Observation observation, in Kernel kernel, ref int configuration)
    {
        if (_fitting.Integrating)
            return Mean(observation.Start - kernel.Lag, observation.End - kernel.Lag, ref configuration);
        // Straight lines between samples: the ends count half, what was joined in between whole.
        long length = observation.End - observation.Start;
        long pieces = Math.Max(1, (length + _fitting.Period.Ticks / 2) / Math.Max(1, _fitting.Period.Ticks));
        WorkDone sum = default;
        for (long i = 0; i <= pieces; i++)
        {
            long middle = observation.Start + length * i / pieces - kernel.Lag;
            if (Mean(middle - kernel.Window / 2, middle + kernel.Window / 2, ref configuration) is not { } piece)
                return null;
            sum += piece * (i == 0 || i == pieces ? 0.5 : 1);
        }
        return sum * (1.0 / pieces);
    }

    private WorkDone? Mean(long from, long to, ref int configuration)
    {
        if (_history.Between(from, to, out int ran) is not { } work)
            return null;
        if (ran >= 0)
        {
            if (configuration >= 0 && configuration != ran)
                return null;
            configuration = ran;
        }
        return work * ((double)TimeSpan.TicksPerSecond / (to - from));
    }

    private Fit FitOf(WorkModel work)
    {
        if (_last is { } last && (ReferenceEquals(last.Work, work) || last.Work == work))
            return last;
        if (!_indices.TryGetValue(work.ConfigurationId, out int index) || _fits[index].Work != work)
        {
            // The old one's steps may still be in the history, so the index is new too.
            index = _fits.Count;
            _fits.Add(new(index, work, _kernels.Length));
            if (_indices.TryGetValue(work.ConfigurationId, out int old))
                _fits[old].Retire();
            _indices[work.ConfigurationId] = index;
        }
        return _last = _fits[index];
    }

    /// <summary>How a sensor may see: the mean over a window whose middle lies before the stamp, in ticks.</summary>
    internal readonly record struct Kernel(long Window, long Lag);

    internal readonly record struct Observation(long Start, long End, double Watts);

    /// <summary>One configuration's regressions, one per kernel.</summary>
    private sealed class Fit
    {
        private int _sinceSolve;

        public Fit(int index, WorkModel work, int kernels)
        {
            Index = index;
            Work = work;
            Regressions = new WorkRegression[kernels];
            for (int k = 0; k < kernels; k++)
                Regressions[k] = new();
        }

        public int Index { get; }

        public WorkModel Work { get; }

        public WorkRegression[] Regressions { get; }

        public long Blocks { get; private set; }

        public bool InUse { get; private set; }

        public int Kernel { get; private set; }

        public void Retire() => (Blocks, InUse) = (0, false);

        public void Learn(WorkDone[] seen, in Observation observation, double memory, double testMemory)
        {
            double seconds = (double)(observation.End - observation.Start) / TimeSpan.TicksPerSecond;
            for (int k = 0; k < seen.Length; k++)
                Regressions[k].Add(seen[k], observation.Watts, seconds, memory, testMemory, Blocks >= WorkFitting.UntestedBlocks);
            Blocks++;
            if (++_sinceSolve < SolveEvery)
                return;
            _sinceSolve = 0;
            foreach (WorkRegression regression in Regressions)
                regression.Solve();
            Decide();
        }

        /// <summary>Whether its kernel explains clearly more than all that are no wider than a sensor's period.</summary>
        public bool Beats(Kernel[] kernels, long period)
        {
            if (kernels[Kernel].Window + 2 * kernels[Kernel].Lag <= 2 * period)
                return false;
            for (int k = 0; k < kernels.Length; k++)
            {
                if (kernels[k].Window + 2 * kernels[k].Lag <= period && Regressions[Kernel].WorkError > WorkFitting.WiderBelow * Regressions[k].WorkError)
                    return false;
            }
            return true;
        }

        public WorkFitView View(Kernel[] kernels)
        {
            WorkRegression best = Regressions[Kernel];
            double time = BestTimeError();
            bool known = best.Tested > 0 && best.MeanError > 0;
            return new(
                Work.ConfigurationId,
                InUse,
                Blocks,
                known ? 1 - best.WorkError / best.MeanError : null,
                known ? 1 - time / best.MeanError : null,
                best.Solved.JoulesPerFlop,
                best.Solved.JoulesPerByte,
                best.Solved.JoulesPerSecond,
                (double)kernels[Kernel].Window / TimeSpan.TicksPerSecond,
                (double)kernels[Kernel].Lag / TimeSpan.TicksPerSecond);
        }

        public WorkFitState Save(Kernel[] kernels)
        {
            var states = new WorkRegressionState[kernels.Length];
            for (int k = 0; k < kernels.Length; k++)
                states[k] = Regressions[k].Save((double)kernels[k].Window / TimeSpan.TicksPerSecond, (double)kernels[k].Lag / TimeSpan.TicksPerSecond);
            return new(Work.ConfigurationId, Work, Blocks, InUse, states);
        }

        public void Load(WorkFitState state, Kernel[] kernels)
        {
            if (state.Blocks <= 0)
                return;
            for (int k = 0; k < kernels.Length; k++)
            {
                (double window, double lag) = ((double)kernels[k].Window / TimeSpan.TicksPerSecond, (double)kernels[k].Lag / TimeSpan.TicksPerSecond);
                if (state.Regressions.FirstOrDefault(saved => saved is not null && saved.WindowSeconds == window && saved.LagSeconds == lag) is not { } found || !Regressions[k].Load(found))
                {
                    // Kernels are compared by their errors over the same blocks: all of them, or none.
                    for (int i = 0; i <= k; i++)
                        Regressions[i] = new();
                    return;
                }
            }
            Blocks = state.Blocks;
            InUse = state.InUse;
            Decide();
        }

        private void Decide()
        {
            if (Blocks < WorkFitting.LeastBlocks)
            {
                InUse = false;
                return;
            }
            for (int k = 0; k < Regressions.Length; k++)
            {
                if (Regressions[k].WorkError < Regressions[Kernel].WorkError)
                    Kernel = k;
            }
            WorkCoefficients solved = Regressions[Kernel].Solved;
            bool more = solved.JoulesPerFlop + solved.JoulesPerByte > 0;
            InUse = more && Regressions[Kernel].WorkError < (InUse ? 1 : WorkFitting.UseBelow(Regressions[Kernel].Tested)) * BestTimeError();
        }

        private double BestTimeError()
        {
            double least = double.PositiveInfinity;
            foreach (WorkRegression regression in Regressions)
                least = Math.Min(least, regression.TimeError);
            return least;
        }
    }
}
