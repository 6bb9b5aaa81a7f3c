using GreenTune.Models.Quantization.Calibrated;

namespace GreenTune.Models.Tests.Quantization.Calibrated;

public sealed class PackedTriangleTests
{
    private static readonly ParallelOptions Parallel = new() { MaxDegreeOfParallelism = 2 };

    [Theory]
    [InlineData(1, 3)]
    [InlineData(15, 7)]
    [InlineData(64, 70)]
    [InlineData(97, 200)]
    [InlineData(1100, 5)]
    public void Inputs_sum_up_to_their_moments(int size, int count)
    {
        float[] inputs = Rows.Gaussian(new Random(size), count * size);
        var triangle = new PackedTriangle(size);
        triangle.AddInputs(inputs, Parallel);
        foreach (int i in new[] { 0, size / 3, size / 2, size - 1 })
        {
            Assert.Equal(i + 1, triangle.Row(i).Length);
            for (int j = 0; j <= i; j += Math.Max(1, size / 50))
                Assert.Equal(Enumerable.Range(0, count).Sum(k => (double)inputs[(k * size) + i] * inputs[(k * size) + j]), triangle.Row(i)[j], 1e-3);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(64)]
    [InlineData(150)]
    public void The_factor_times_its_transpose_is_the_matrix_and_its_inverse_is_the_inverses_factor(int size)
    {
        var random = new Random(7);
        float[] inputs = Rows.Correlated(random, 4 * size, size);
        var triangle = new PackedTriangle(size);
        triangle.AddInputs(inputs, Parallel);
        for (int i = 0; i < size; i++)
            triangle.Row(i)[i] += 5;
        double[,] matrix = Full(triangle, (t, i, j) => i >= j ? t.Row(i)[j] : t.Row(j)[i]);
        triangle.Factorize(Parallel);
        double[,] factor = Full(triangle, (t, i, j) => i >= j ? t.Row(i)[j] : 0);

        double largest = matrix.Cast<double>().Max(Math.Abs);
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < size; j++)
                Assert.Equal(matrix[i, j], Enumerable.Range(0, size).Sum(k => factor[k, i] * factor[k, j]), largest * 1e-4);
        }

        // GPTQ's factor is U with H^-1 = U^T U, upper triangular: the transpose of N's inverse.
        double[,] inverse = Inverse(matrix);
        double[,] u = Inverse(factor);
        double scale = inverse.Cast<double>().Max(Math.Abs);
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < size; j++)
                Assert.Equal(inverse[i, j], Enumerable.Range(0, size).Sum(k => u[i, k] * u[j, k]), scale * 1e-2);
        }
    }

    [Fact]
    public void A_matrix_that_is_not_positive_definite_is_refused()
    {
        var triangle = new PackedTriangle(20);
        triangle.Row(3)[3] = -1;
        Assert.Throws<ArithmeticException>(() => triangle.Factorize(Parallel));
    }

    private static double[,] Full(PackedTriangle triangle, Func<PackedTriangle, int, int, double> at)
    {
        var result = new double[triangle.Size, triangle.Size];
        for (int i = 0; i < triangle.Size; i++)
        {
            for (int j = 0; j < triangle.Size; j++)
                result[i, j] = at(triangle, i, j);
        }
        return result;
    }

    /// <summary>Gauss and Jordan, with pivots.</summary>
    private static double[,] Inverse(double[,] matrix)
    {
        int size = matrix.GetLength(0);
        var a = (double[,])matrix.Clone();
        var inverse = new double[size, size];
        for (int i = 0; i < size; i++)
            inverse[i, i] = 1;
        for (int column = 0; column < size; column++)
        {
            int pivot = Enumerable.Range(column, size - column).MaxBy(r => Math.Abs(a[r, column]));
            for (int k = 0; k < size; k++)
            {
                (a[column, k], a[pivot, k]) = (a[pivot, k], a[column, k]);
                (inverse[column, k], inverse[pivot, k]) = (inverse[pivot, k], inverse[column, k]);
            }
            double divisor = a[column, column];
            for (int k = 0; k < size; k++)
            {
                a[column, k] /= divisor;
                inverse[column, k] /= divisor;
            }
            for (int row = 0; row < size; row++)
            {
                double factor = a[row, column];
                if (row == column || factor == 0)
                    continue;
                for (int k = 0; k < size; k++)
                {
                    a[row, k] -= factor * a[column, k];
                    inverse[row, k] -= factor * inverse[column, k];
                }
            }
        }
        return inverse;
    }
}
