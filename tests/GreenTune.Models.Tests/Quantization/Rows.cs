using GreenTune.Models.Architectures;
using GreenTune.Models.Quantization;

namespace GreenTune.Models.Tests.Quantization;

/// <summary>Rows of weights and what rounders make of them.</summary>
internal static class Rows
{
    public static float[] Gaussian(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];

    /// <summary>The row as a graph would compute with it.</summary>
    public static float[] Back(IRowRounder rounder, float[] row)
    {
        BlockFormat format = rounder.Format;
        var codes = new byte[format.Blocks(row.Length) * format.BytesPerBlock];
        var scales = new float[format.Blocks(row.Length)];
        var zeroPoints = new byte[format.ZeroPointBytes(row.Length)];
        rounder.Round(0, row, codes, scales, zeroPoints);
        Assert.All(scales, s => Assert.Equal(format.RoundScale(s), s));
        var back = new float[row.Length];
        format.Dequantize(codes, scales, zeroPoints, back);
        return back;
    }

    /// <summary>Squared error, weighted where there are weights.</summary>
    public static double Error(IRowRounder rounder, float[] row, float[]? importance = null) =>
        row.Zip(Back(rounder, row), (a, b) => Math.Pow((double)a - b, 2)).Select((e, i) => e * (importance?[i] ?? 1)).Sum();

    /// <summary>Squared error of the outputs that inputs [count, columns] give.</summary>
    public static double OutputError(IRowRounder rounder, float[] row, float[] inputs)
    {
        double[] difference = [.. row.Zip(Back(rounder, row), (a, b) => (double)a - b)];
        double sum = 0;
        for (int start = 0; start < inputs.Length; start += row.Length)
            sum += Math.Pow(difference.Select((d, i) => d * inputs[start + i]).Sum(), 2);
        return sum;
    }

    /// <summary>Inputs that share a few directions, as activations do.</summary>
    public static float[] Correlated(Random random, int count, int width)
    {
        const int Directions = 6;
        float[][] directions = [.. Enumerable.Range(0, Directions).Select(_ => Gaussian(random, width))];
        var inputs = new List<float>();
        for (int i = 0; i < count; i++)
        {
            float[] shares = Gaussian(random, Directions);
            inputs.AddRange(Gaussian(random, width).Select((v, c) => (0.3f * v) + shares.Zip(directions, (s, d) => s * d[c]).Sum()));
        }
        return [.. inputs];
    }

    /// <summary>A matrix in memory.</summary>
    public sealed class Matrix(int rows, int columns, float[] values) : WeightMatrix(rows, columns)
    {
        public override void Read(int row, int column, Span<float> destination) => values.AsSpan((row * Columns) + column, destination.Length).CopyTo(destination);

        public override void Release()
        {
            // Nothing is mapped.
        }

        public override ModelFolderException Error(int row, string what) => new("memory", $"row {row} {what}");
    }
}
