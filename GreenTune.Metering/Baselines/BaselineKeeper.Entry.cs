using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Metering.Baselines;

/// <content>What is kept of one set of resident configurations.</content>
internal sealed partial class BaselineKeeper
{
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
        private double _savedSigma;
        private MonotonicTime? _newest;

        public Entry()
        {
        }

        /// <summary>From an earlier run, with the relative sigma that it has at least.</summary>
        public Entry(SavedBaseline saved, double leastRelativeSigma)
        {
            (_mean, _sigma, _over, _measuredAt) = (saved.MeanWatts, saved.SigmaWatts, saved.OverSeconds, saved.MeasuredAt);
            _savedSigma = leastRelativeSigma;
        }

        /// <summary>Quiet time collected, in seconds.</summary>
        public double Seconds { get; private set; }

        public void Add(double joules, double seconds, MonotonicTime end, DateTimeOffset wall, BaselineOptions options)
        {
            _joules += joules;
            _seconds += seconds;
            if (_seconds < BatchSeconds)
                return;
            if (_batches.Count == Batches)
                _batches.RemoveAt(0);
            _batches.Add((_joules, _seconds, end));
            _newest = end;
            (_joules, _seconds) = (0, 0);
            Expire(end, options);
            Seconds = 0;
            foreach ((_, double batch, _) in _batches)
                Seconds += batch;
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
            _savedSigma = 0;
        }

        public (Watts Mean, Watts Sigma)? Estimate(MonotonicTime now, BaselineOptions options)
        {
            if (_mean is not { } mean)
                return null;
            Expire(now, options);
            return (mean, new(Math.Max(_sigma.Value, Math.Max(_stale ? StaleRelativeSigma : 0, _savedSigma) * mean.Value)));
        }

        public BaselineView? View(MonotonicTime now, BaselineOptions options) =>
            Estimate(now, options) is { } known ? new(known.Mean, known.Sigma, _measuredAt, _over, Assumed: false) { Saved = _savedSigma > 0 } : null;

        public SavedBaseline? ToSaved(string[] resident) => _mean is { } mean ? new(resident, mean, _sigma, _measuredAt, _over) : null;

        /// <summary>The mean in use is wrong, or not known well any more.</summary>
        public void Restart()
        {
            Begin();
            _stale = true;
        }

        /// <summary>Collects quiet time anew; the mean in use stays until there is enough.</summary>
        public void Begin()
        {
            _batches.Clear();
            (_joules, _seconds) = (0, 0);
            Seconds = 0;
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
            if (_newest is { } newest && now - newest > options.Expiry)
                _stale = true;
        }
    }
}
