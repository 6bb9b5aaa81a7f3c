namespace GreenTune.Core.Profiles;

/// <summary>
/// Fits a <see cref="LengthProfile"/> from records as they arrive. Keeps the newest few of each class of lengths, so that memory stays
/// bounded, rare lengths are not washed out by common ones, and old records make way. Every fifth record is kept out of the fit and
/// tests it. Not thread-safe.
/// </summary>
public sealed class LengthProfileFitter
{
    /// <summary>Records needed for the first fit.</summary>
    public const int FirstFit = 12;

    /// <summary>New records between fits.</summary>
    public const int RefitEvery = 16;

    /// <summary>Records kept per class of lengths; classes are powers of two of both lengths.</summary>
    public const int PerClass = 8;

    private const int HeldOutEvery = 5;
    private const int MostHeldOut = 128;
    private const int DistinctLengths = 4;

    // Besides its own noise a request scatters about the model by a few percent: without it, the best measured record would rule the fit.
    private const double RelativeScatter = 0.05;

    private readonly Dictionary<(int, int), Queue<LengthRecord>> _classes = [];
    private readonly Queue<LengthRecord> _heldOut = [];
    private int _arrived;
    private int _sinceFit;

    /// <summary>The latest fit; null before there are enough records of varied lengths.</summary>
    public LengthProfile? Profile { get; private set; }

    /// <summary>Records that the next fit would use.</summary>
    public IEnumerable<LengthRecord> Kept => _classes.Values.SelectMany(queue => queue);

    /// <summary>Records kept out of the fit.</summary>
    public IEnumerable<LengthRecord> HeldOut => _heldOut;

    /// <summary>Adds a record and refits when it is time. Records without tokens or with an energy that is not above 0 are ignored.</summary>
    public void Add(LengthRecord record)
    {
        if (record.InputTokens < 0 || record.OutputTokens < 0 || record.InputTokens + record.OutputTokens == 0
            || !(record.Joules.Value > 0) || !double.IsFinite(record.Joules.Value) || !double.IsFinite(record.Sigma.Value))
        {
            return;
        }
        _arrived++;
        if (_arrived % HeldOutEvery == 0)
        {
            Enqueue(_heldOut, record, MostHeldOut);
        }
        else
        {
            Keep(record);
        }
        _sinceFit++;
        if (Profile is null || _sinceFit >= RefitEvery)
            Refit();
    }

    /// <summary>Takes back what another fitter kept, and fits.</summary>
    public void Restore(IEnumerable<LengthRecord> kept, IEnumerable<LengthRecord> heldOut)
    {
        foreach (LengthRecord record in kept)
            Keep(record);
        foreach (LengthRecord record in heldOut)
            Enqueue(_heldOut, record, MostHeldOut);
        _arrived = Kept.Count() + _heldOut.Count;
        Refit();
    }

    private void Keep(LengthRecord record)
    {
        (int, int) key = (Class(record.InputTokens), Class(record.OutputTokens));
        if (!_classes.TryGetValue(key, out Queue<LengthRecord>? queue))
            _classes[key] = queue = new();
        Enqueue(queue, record, PerClass);
    }

    private static int Class(int length) => length == 0 ? 0 : 1 + (int)Math.Log2(length);

    private static void Enqueue(Queue<LengthRecord> queue, LengthRecord record, int most)
    {
        queue.Enqueue(record);
        if (queue.Count > most)
            queue.Dequeue();
    }

    private void Refit()
    {
        LengthRecord[] records = [.. Kept];
        if (records.Length + _heldOut.Count < FirstFit || records.Length <= LengthProfile.Terms
            || records.Select(record => (record.InputTokens, record.OutputTokens)).Distinct().Count() < DistinctLengths)
        {
            return;
        }
        _sinceFit = 0;
        double[][] rows = [.. records.Select(record => LengthProfile.TermsOf(record.InputTokens, record.OutputTokens))];
        double[] targets = [.. records.Select(record => record.Joules.Value)];
        double[] weights = [.. records.Select(record => 1 / (Square(record.Sigma.Value) + Square(RelativeScatter * record.Joules.Value)))];
        double[] coefficients = NonNegativeLeastSquares.Solve(rows, targets, weights);

        double weightSum = weights.Sum();
        double mean = records.Select((record, i) => weights[i] * record.Joules.Value).Sum() / weightSum;
        double residual = 0, total = 0, relative = 0;
        for (int i = 0; i < records.Length; i++)
        {
            double fitted = Dot(coefficients, rows[i]);
            residual += weights[i] * Square(targets[i] - fitted);
            total += weights[i] * Square(targets[i] - mean);
            relative += Square((targets[i] - fitted) / Math.Max(fitted, 1e-12));
        }
        int freedom = Math.Max(1, records.Length - coefficients.Count(c => c > 0));
        double[,] covariance = NonNegativeLeastSquares.Covariance(rows, weights, coefficients);
        // Weights are 1 / variance; scatter above what they say widens the band, scatter below it does not narrow it.
        double widening = Math.Max(1, residual / freedom);
        Profile = new()
        {
            Coefficients = coefficients,
            Basis = LengthProfile.FittedBasis,
            Records = records.Length,
            RSquared = total > 0 ? 1 - residual / total : null,
            MeanAbsolutePercentageError = _heldOut.Count > 0
                ? _heldOut.Average(record => Math.Abs(Dot(coefficients, LengthProfile.TermsOf(record.InputTokens, record.OutputTokens)) - record.Joules.Value) / record.Joules.Value)
                : null,
            HeldOutRecords = _heldOut.Count,
            RelativeSigma = Math.Sqrt(relative / freedom),
            Covariance = [.. covariance.Cast<double>().Select(value => value * widening)],
            LongestInput = records.Max(record => record.InputTokens),
            LongestOutput = records.Max(record => record.OutputTokens),
        };
    }

    private static double Square(double value) => value * value;

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
}
