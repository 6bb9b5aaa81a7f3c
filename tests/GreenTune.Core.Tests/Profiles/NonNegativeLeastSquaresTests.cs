using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Profiles;

namespace GreenTune.Core.Tests.Profiles;

public sealed class NonNegativeLeastSquaresTests
{
    [Fact]
    public void An_exact_system_with_positive_solution_is_solved()
    {
        double[][] rows = [[1, 2], [3, 1], [1, 1]];
        double[] x = NonNegativeLeastSquares.Solve(rows, [8, 9, 5], [1, 1, 1]);

        Assert.Equal(2, x[0], 9);
        Assert.Equal(3, x[1], 9);
    }

    [Fact]
    public void A_coefficient_that_would_be_negative_is_zero_and_the_rest_fits_best()
    {
        // Unconstrained: 1 - 0.5 t. With the slope at 0 the best constant is the mean.
        double[][] rows = [[1, 0], [1, 1], [1, 2]];
        double[] x = NonNegativeLeastSquares.Solve(rows, [1, 0.5, 0], [1, 1, 1]);

        Assert.Equal(0.5, x[0], 9);
        Assert.Equal(0, x[1]);
    }

    [Fact]
    public void Columns_that_cannot_be_told_apart_still_fit()
    {
        double[][] rows = [[1, 1], [2, 2], [3, 3]];
        double[] x = NonNegativeLeastSquares.Solve(rows, [2, 4, 6], [1, 1, 1]);

        Assert.Equal(2, x[0] + x[1], 9);
        Assert.All(x, value => Assert.True(value >= 0));
    }

    [Fact]
    public void The_solution_meets_the_conditions_of_an_optimum() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300),
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            int columns = random.Next(1, 6);
            double[][] rows = [.. Enumerable.Range(0, 30).Select(_ => Enumerable.Range(0, columns).Select(_ => random.NextDouble()).ToArray())];
            double[] targets = [.. rows.Select(row => row.Select((v, i) => v * (i - 1.5)).Sum() + random.NextDouble())];
            double[] weights = [.. rows.Select(_ => 0.1 + random.NextDouble())];
            double[] x = NonNegativeLeastSquares.Solve(rows, targets, weights);
            for (int c = 0; c < columns; c++)
            {
                double gradient = Enumerable.Range(0, rows.Length).Sum(r => weights[r] * rows[r][c] * (targets[r] - rows[r].Zip(x, (a, b) => a * b).Sum()));
                Assert.True(x[c] >= 0);
                Assert.True(gradient < 1e-6, "no descent is left");
                Assert.True(x[c] == 0 || Math.Abs(gradient) < 1e-6, "a positive coefficient is at its optimum");
            }
        }));
}
