namespace GreenTune.Core.Profiles;

/// <summary>
/// Least squares with coefficients of at least 0 by the active-set method of Lawson and Hanson (Solving Least Squares Problems, 1974,
/// chapter 23), on the normal equations: meant for a handful of columns.
/// </summary>
public static class NonNegativeLeastSquares
{
    /// <summary>Minimises sum of weight (target - row x)^2 over x >= 0.</summary>
    /// <param name="rows">Rows of equal length, at least one.</param>
    /// <param name="targets">One per row.</param>
    /// <param name="weights">One per row, positive.</param>
    public static double[] Solve(IReadOnlyList<double[]> rows, IReadOnlyList<double> targets, IReadOnlyList<double> weights)
    {
        if (rows.Count == 0 || rows.Count != targets.Count || rows.Count != weights.Count)
            throw new ArgumentException("Rows, targets and weights must be of one length, at least 1.", nameof(rows));
        int columns = rows[0].Length;
        double[,] gram = Gram(rows, weights, out double[] scales);
        var moments = new double[columns];
        for (int r = 0; r < rows.Count; r++)
        {
            for (int c = 0; c < columns; c++)
                moments[c] += weights[r] * targets[r] * rows[r][c] * scales[c];
        }
        double[] solution = Solve(gram, moments);
        for (int c = 0; c < columns; c++)
            solution[c] *= scales[c];
        return solution;
    }

    /// <summary>
    /// Inverse of X'WX over the columns whose coefficient is above 0, zero elsewhere: the covariance of the coefficients for unit
    /// residual variance.
    /// </summary>
    public static double[,] Covariance(IReadOnlyList<double[]> rows, IReadOnlyList<double> weights, double[] solution)
    {
        int columns = solution.Length;
        double[,] gram = Gram(rows, weights, out double[] scales);
        int[] passive = [.. Enumerable.Range(0, columns).Where(c => solution[c] > 0)];
        var covariance = new double[columns, columns];
        for (int j = 0; j < passive.Length; j++)
        {
            var unit = new double[columns];
            unit[passive[j]] = 1;
            double[]? column = SolveSubset(gram, unit, passive);
            if (column is null)
                continue;
            foreach (int i in passive)
                covariance[i, passive[j]] = column[i] * scales[i] * scales[passive[j]];
        }
        return covariance;
    }

    /// <summary>X'WX with each column scaled to length 1, so that a column of squares does not drown the others.</summary>
    private static double[,] Gram(IReadOnlyList<double[]> rows, IReadOnlyList<double> weights, out double[] scales)
    {
        int columns = rows[0].Length;
        var gram = new double[columns, columns];
        for (int r = 0; r < rows.Count; r++)
        {
            for (int i = 0; i < columns; i++)
            {
                for (int j = 0; j < columns; j++)
                    gram[i, j] += weights[r] * rows[r][i] * rows[r][j];
            }
        }
        scales = new double[columns];
        for (int c = 0; c < columns; c++)
            scales[c] = gram[c, c] > 0 ? 1 / Math.Sqrt(gram[c, c]) : 0;
        for (int i = 0; i < columns; i++)
        {
            for (int j = 0; j < columns; j++)
                gram[i, j] *= scales[i] * scales[j];
        }
        return gram;
    }

    private static double[] Solve(double[,] gram, double[] moments)
    {
        int columns = moments.Length;
        var solution = new double[columns];
        var passive = new List<int>();
        double tolerance = 1e-12 * (1 + moments.Max(Math.Abs));
        // Each round adds one column; rounds beyond a small multiple of the columns only come from rounding.
        for (int round = 0; round < 3 * columns; round++)
        {
            int best = -1;
            double steepest = tolerance;
            for (int c = 0; c < columns; c++)
            {
                double gradient = moments[c];
                for (int i = 0; i < columns; i++)
                    gradient -= gram[c, i] * solution[i];
                if (!passive.Contains(c) && gradient > steepest)
                    (best, steepest) = (c, gradient);
            }
            if (best < 0)
                break;
            passive.Add(best);
            if (!Descend(gram, moments, passive, solution))
                passive.Remove(best);
        }
        return solution;
    }

    /// <summary>Moves to the unconstrained solution of the passive columns, stopping at each that would fall below 0 and dropping it.</summary>
    /// <returns>False when the columns cannot be told apart.</returns>
    private static bool Descend(double[,] gram, double[] moments, List<int> passive, double[] solution)
    {
        while (passive.Count > 0)
        {
            double[]? candidate = SolveSubset(gram, moments, [.. passive]);
            if (candidate is null)
                return false;
            double step = 1;
            foreach (int c in passive)
            {
                if (candidate[c] <= 0)
                    step = Math.Min(step, solution[c] / (solution[c] - candidate[c]));
            }
            bool inside = passive.TrueForAll(c => candidate[c] > 0);
            for (int c = 0; c < solution.Length; c++)
                solution[c] = inside ? candidate[c] : solution[c] + step * (candidate[c] - solution[c]);
            if (inside)
                return true;
            int before = passive.Count;
            passive.RemoveAll(c => solution[c] <= 1e-15);
            if (passive.Count == before)
                return false;
            for (int c = 0; c < solution.Length; c++)
            {
                if (!passive.Contains(c))
                    solution[c] = 0;
            }
        }
        return true;
    }

    /// <summary>Solves the normal equations of some columns by Cholesky; null when they are not independent.</summary>
    private static double[]? SolveSubset(double[,] gram, double[] moments, int[] columns)
    {
        int n = columns.Length;
        var lower = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = gram[columns[i], columns[j]];
                for (int k = 0; k < j; k++)
                    sum -= lower[i, k] * lower[j, k];
                if (i != j)
                {
                    lower[i, j] = sum / lower[j, j];
                }
                else if (sum <= 1e-12)
                {
                    return null;
                }
                else
                {
                    lower[i, i] = Math.Sqrt(sum);
                }
            }
        }
        var half = new double[n];
        for (int i = 0; i < n; i++)
        {
            half[i] = moments[columns[i]];
            for (int k = 0; k < i; k++)
                half[i] -= lower[i, k] * half[k];
            half[i] /= lower[i, i];
        }
        var solution = new double[moments.Length];
        for (int i = n - 1; i >= 0; i--)
        {
            double sum = half[i];
            for (int k = i + 1; k < n; k++)
                sum -= lower[k, i] * solution[columns[k]];
            solution[columns[i]] = sum / lower[i, i];
        }
        return solution;
    }
}
