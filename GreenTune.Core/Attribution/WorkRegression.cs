namespace GreenTune.Core.Attribution;

/// <summary>
/// Power above the baseline against FLOPs, bytes and busy time per second: weighted least squares with coefficients of at least 0 on normal equations
/// that forget (design section 4.3). Each observation is predicted before it teaches, so that the errors are those on data held out.
/// Allocates nothing once made.
/// </summary>
internal sealed class WorkRegression
{
    private const int Columns = 3;

    // Columns that are all but combinations of the others have a pivot near this of a scaled matrix.
    private const double SmallestPivot = 1e-7;

    private readonly double[] _gram = new double[Columns * Columns];
    private readonly double[] _moments = new double[Columns];
    private double _squares;
    private double _mean;
    private double _weight;
    private double _count;
    private double _tested;
    private WorkCoefficients _solved;

    /// <summary>The fit of all observations so far.</summary>
    public WorkCoefficients Solved => _solved;

    /// <summary>Weighted sum of squared errors of the fit on observations it had not seen.</summary>
    public double WorkError { get; private set; }

    /// <summary>The same of k_t alone.</summary>
    public double TimeError { get; private set; }

    /// <summary>The same of the mean power alone: what there is to explain.</summary>
    public double MeanError { get; private set; }

    /// <summary>Observations the errors are over, with those forgotten counted as the part that is left.</summary>
    public double Tested => _tested;

    /// <summary>Predicts an observation and then learns from it.</summary>
    /// <param name="work">Work per second of the block, as the sensor saw it.</param>
    /// <param name="watts">Active power of the block.</param>
    /// <param name="weight">Its weight: its length in seconds.</param>
    /// <param name="memory">Factor on all that came before.</param>
    /// <param name="testMemory">Factor on the errors that came before.</param>
    /// <param name="test">Whether the fit is old enough to be tested.</param>
    public void Add(in WorkDone work, double watts, double weight, double memory, double testMemory, bool test)
    {
        if (test)
        {
            double byWork = watts - (_solved.JoulesPerFlop * work.Flops + _solved.JoulesPerByte * work.Bytes + _solved.JoulesPerSecond * work.Seconds);
            double byTime = watts - (_gram[8] > 0 ? Math.Max(0, _moments[2] / _gram[8]) : 0) * work.Seconds;
            double byMean = watts - (_weight > 0 ? _mean / _weight : 0);
            WorkError = testMemory * WorkError + weight * byWork * byWork;
            TimeError = testMemory * TimeError + weight * byTime * byTime;
            MeanError = testMemory * MeanError + weight * byMean * byMean;
            _tested = testMemory * _tested + 1;
        }
        Span<double> row = [work.Flops, work.Bytes, work.Seconds];
        for (int i = 0; i < Columns; i++)
        {
            for (int j = 0; j < Columns; j++)
                _gram[i * Columns + j] = memory * _gram[i * Columns + j] + weight * row[i] * row[j];
            _moments[i] = memory * _moments[i] + weight * row[i] * watts;
        }
        _squares = memory * _squares + weight * watts * watts;
        _mean = memory * _mean + weight * watts;
        _weight = memory * _weight + weight;
        _count = memory * _count + 1;
    }

    /// <summary>
    /// Solves anew. With three columns the best of the seven subsets whose plain solution is positive is the solution under non-negativity; one with more
    /// columns is taken only where it explains more than its extra freedom would (Schwarz's criterion), so that columns that move together do not
    /// trade places from one solution to the next.
    /// </summary>
    public void Solve()
    {
        Span<double> scales = stackalloc double[Columns];
        Span<double> gram = stackalloc double[Columns * Columns];
        Span<double> moments = stackalloc double[Columns];
        Span<double> solution = stackalloc double[Columns];
        Span<double> best = stackalloc double[Columns];
        for (int i = 0; i < Columns; i++)
            scales[i] = _gram[i * Columns + i] > 0 ? 1 / Math.Sqrt(_gram[i * Columns + i]) : 0;
        for (int i = 0; i < Columns; i++)
        {
            moments[i] = _moments[i] * scales[i];
            for (int j = 0; j < Columns; j++)
                gram[i * Columns + j] = _gram[i * Columns + j] * scales[i] * scales[j];
        }
        double bestScore = double.PositiveInfinity;
        for (int subset = 1; subset < 1 << Columns; subset++)
        {
            if (!SolveSubset(gram, moments, subset, solution))
                continue;
            double explained = 0;
            for (int i = 0; i < Columns; i++)
                explained += solution[i] * moments[i];
            double error = Math.Max(_squares - explained, 1e-12 * _squares);
            double score = _count * Math.Log(error) + int.PopCount(subset) * Math.Log(Math.Max(2, _count));
            if (score < bestScore)
            {
                bestScore = score;
                solution.CopyTo(best);
            }
        }
        _solved = double.IsPositiveInfinity(bestScore) ? default : new(best[0] * scales[0], best[1] * scales[1], best[2] * scales[2]);
    }

    public WorkRegressionState Save(double windowSeconds, double lagSeconds) =>
        new(windowSeconds, lagSeconds, [.. _gram], [.. _moments], _squares, _mean, _weight, _count, WorkError, TimeError, MeanError, _tested);

    /// <summary>Takes a saved state back; false when it cannot be one.</summary>
    public bool Load(WorkRegressionState state)
    {
        if (state.Gram is null || state.Moments is null)
            return false;
        double[] numbers = [.. state.Gram, .. state.Moments, state.Squares, state.Mean, state.Weight, state.Count, state.WorkError, state.TimeError, state.MeanError, state.Tested];
        if (state.Gram.Count != _gram.Length || state.Moments.Count != Columns || !Array.TrueForAll(numbers, double.IsFinite)
            || state.Weight <= 0 || state.Count <= 0 || state.Squares < 0 || state.WorkError < 0 || state.TimeError < 0 || state.MeanError < 0 || state.Tested < 0)
        {
            return false;
        }
        for (int i = 0; i < Columns; i++)
        {
            for (int j = 0; j < Columns; j++)
            {
                if (state.Gram[i * Columns + i] < 0 || Math.Abs(state.Gram[i * Columns + j] - state.Gram[j * Columns + i]) > 1e-9 * Math.Abs(state.Gram[i * Columns + j]))
                    return false;
                _gram[i * Columns + j] = state.Gram[i * Columns + j];
            }
            _moments[i] = state.Moments[i];
        }
        (_squares, _mean, _weight, _count, _tested) = (state.Squares, state.Mean, state.Weight, state.Count, state.Tested);
        (WorkError, TimeError, MeanError) = (state.WorkError, state.TimeError, state.MeanError);
        Solve();
        return true;
    }

    /// <summary>Solves the normal equations of a subset of columns by Cholesky; false when a coefficient is not above 0 or the columns cannot be told apart.</summary>
    private static bool SolveSubset(ReadOnlySpan<double> gram, ReadOnlySpan<double> moments, int subset, Span<double> solution)
    {
        Span<int> columns = stackalloc int[Columns];
        Span<double> lower = stackalloc double[Columns * Columns];
        Span<double> half = stackalloc double[Columns];
        int n = 0;
        for (int c = 0; c < Columns; c++)
        {
            if ((subset >> c & 1) != 0)
                columns[n++] = c;
        }
        for (int i = 0; i < n; i++)
        {
            double value = moments[columns[i]];
            for (int j = 0; j <= i; j++)
            {
                double sum = gram[columns[i] * Columns + columns[j]];
                for (int k = 0; k < j; k++)
                    sum -= lower[i * Columns + k] * lower[j * Columns + k];
                if (i != j)
                {
                    lower[i * Columns + j] = sum / lower[j * Columns + j];
                    value -= lower[i * Columns + j] * half[j];
                }
                else if (sum <= SmallestPivot)
                {
                    return false;
                }
                else
                {
                    lower[i * Columns + i] = Math.Sqrt(sum);
                }
            }
            half[i] = value / lower[i * Columns + i];
        }
        solution.Clear();
        for (int i = n - 1; i >= 0; i--)
        {
            double sum = half[i];
            for (int k = i + 1; k < n; k++)
                sum -= lower[k * Columns + i] * solution[columns[k]];
            solution[columns[i]] = sum / lower[i * Columns + i];
            if (!(solution[columns[i]] > 0))
                return false;
        }
        return true;
    }
}
