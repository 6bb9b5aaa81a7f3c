using System.Numerics.Tensors;
using GreenTune.Models.Architectures;
using GreenTune.Models.Reference;

namespace GreenTune.Models.Quantization.Calibrated;

/// <summary>
/// Activation-aware scaling (AWQ, Lin et al., arXiv 2306.00978): columns whose inputs are large are multiplied before rounding, where they then lose less, and
/// what makes the inputs is divided by the same. The factors are (mean |input|)^alpha with the alpha of 0 to 1 whose rounded maps come nearest to the
/// outputs of the calibration inputs.
/// </summary>
internal sealed class ActivationScaling(BlockFormat format, DecoderShape shape, ParallelOptions parallel)
{
    /// <summary>Inputs and outputs that alpha is chosen by.</summary>
    private const int SampleInputs = 128, SampleRows = 256;

    private const int Steps = 10;

    /// <summary>The same function with other weights.</summary>
    /// <param name="layer">The layer as it was.</param>
    /// <param name="run">Sends the calibration inputs through the layer for the observer.</param>
    public DecoderLayer Apply(DecoderLayer layer, Action<DecoderLayer, LinearInputObserver> run)
    {
        DecoderLayer scaled = layer;
        run(layer, (group, inputs, width) =>
        {
            if (group != LinearGroup.Head)
                scaled = Fold(scaled, group, Factors(group, Maps(layer, group), inputs, width));
        });
        return scaled;
    }

    /// <summary>The layer with the columns of a group's maps multiplied by the factors and what makes their inputs divided by them.</summary>
    public DecoderLayer Fold(DecoderLayer layer, LinearGroup group, float[] factors)
    {
        float[] inverse = [.. factors.Select(f => 1 / f)];
        switch (group)
        {
            case LinearGroup.AttentionInput:
                return layer with
                {
                    AttentionNorm = new ScaledMatrix(layer.AttentionNorm, null, inverse),
                    Query = Columns(layer.Query, factors),
                    Key = Columns(layer.Key, factors),
                    Value = Columns(layer.Value, factors),
                };
            case LinearGroup.AttentionOutput:
                // The query heads of a group read one value head: its factors are theirs.
                float[] values = [.. Enumerable.Range(0, layer.Value.Weight.Rows).Select(i => inverse[FirstReader(i)])];
                return layer with { Value = Rows(layer.Value, values), AttentionOutput = Columns(layer.AttentionOutput, factors) };
            case LinearGroup.FeedForwardInput:
                return layer with
                {
                    FeedForwardNorm = new ScaledMatrix(layer.FeedForwardNorm, null, inverse),
                    Gate = Columns(layer.Gate, factors),
                    Up = Columns(layer.Up, factors),
                };
            case LinearGroup.Down:
                return layer with { Up = Rows(layer.Up, inverse), Down = Columns(layer.Down, factors) };
            default:
                throw new ArgumentOutOfRangeException(nameof(group));
        }
    }

    /// <summary>The maps of a group, one below the other.</summary>
    public static Linear Maps(DecoderLayer layer, LinearGroup group) => group switch
    {
        LinearGroup.AttentionInput => Linear.Stack(layer.Query, layer.Key, layer.Value),
        LinearGroup.AttentionOutput => layer.AttentionOutput,
        LinearGroup.FeedForwardInput => Linear.Stack(layer.Gate, layer.Up),
        LinearGroup.Down => layer.Down,
        _ => throw new ArgumentOutOfRangeException(nameof(group)),
    };

    private static Linear Columns(Linear linear, float[] factors) => linear with { Weight = new ScaledMatrix(linear.Weight, null, factors) };

    private static Linear Rows(Linear linear, float[] factors) =>
        new(new ScaledMatrix(linear.Weight, factors, null), linear.Bias is null ? null : new ScaledMatrix(linear.Bias, null, factors));

    /// <summary>Input of the attention's output that reads dimension <paramref name="value"/> of the values, in the first query head of its group.</summary>
    private int FirstReader(int value)
    {
        int group = shape.Heads / shape.KeyValueHeads;
        return (value / shape.HeadSize * group * shape.HeadSize) + (value % shape.HeadSize);
    }

    /// <summary>The factors of the best alpha, [width].</summary>
    private float[] Factors(LinearGroup group, Linear maps, ReadOnlySpan<float> inputs, int width)
    {
        float[] means = Means(inputs, width);
        if (group == LinearGroup.AttentionOutput)
            Share(means);
        int tokens = inputs.Length / width;
        int sampled = Math.Min(SampleInputs, tokens);
        var sample = new float[sampled * width];
        for (int i = 0; i < sampled; i++)
            inputs.Slice((int)((long)i * tokens / sampled) * width, width).CopyTo(sample.AsSpan(i * width));
        int count = Math.Min(SampleRows, maps.Weight.Rows);
        float[][] rows = [.. Enumerable.Range(0, count).Select(i => maps.Weight.Row((int)((long)i * maps.Weight.Rows / count)))];

        float[][] candidates = [.. Enumerable.Range(0, Steps).Select(step => Powers(means, step / (double)Steps))];
        var errors = new double[Steps];
        Parallel.For(0, Steps, parallel, step => errors[step] = Error(rows, candidates[step], sample, width));
        return candidates[Array.IndexOf(errors, errors.Min())];
    }

    private static float[] Means(ReadOnlySpan<float> inputs, int width)
    {
        var sums = new double[width];
        for (int start = 0; start < inputs.Length; start += width)
        {
            for (int i = 0; i < width; i++)
                sums[i] += MathF.Abs(inputs[start + i]);
        }
        int tokens = inputs.Length / width;
        return [.. sums.Select(s => (float)(s / tokens))];
    }

    /// <summary>Gives the query heads that read one value head their common mean.</summary>
    private void Share(float[] means)
    {
        int group = shape.Heads / shape.KeyValueHeads;
        for (int i = 0; i < shape.KeyValueHeads * shape.HeadSize; i++)
        {
            int first = FirstReader(i);
            float mean = Enumerable.Range(0, group).Average(head => means[first + (head * shape.HeadSize)]);
            for (int head = 0; head < group; head++)
                means[first + (head * shape.HeadSize)] = mean;
        }
    }

    /// <summary>means^alpha, with the geometric middle of the extremes at 1.</summary>
    private static float[] Powers(float[] means, double alpha)
    {
        // Inputs that were never there say nothing about their scale.
        double floor = Math.Max(means.Max() * 1e-4, 1e-12);
        double[] powers = [.. means.Select(m => Math.Pow(Math.Max(m, floor), alpha))];
        double middle = Math.Sqrt(powers.Max() * powers.Min());
        return [.. powers.Select(p => (float)(p / middle))];
    }

    /// <summary>Squared error of the outputs.</summary>
    private double Error(float[][] rows, float[] factors, float[] sample, int width)
    {
        var rounder = new RoundToNearest(format);
        var codes = new byte[format.Blocks(width) * format.BytesPerBlock];
        var scales = new float[format.Blocks(width)];
        var zeroPoints = new byte[format.ZeroPointBytes(width)];
        var scaled = new float[width];
        var back = new float[width];
        double sum = 0;
        foreach (float[] row in rows)
        {
            TensorPrimitives.Multiply(row, factors, scaled);
            rounder.Round(0, scaled, codes, scales, zeroPoints);
            format.Dequantize(codes, scales, zeroPoints, back);
            TensorPrimitives.Divide(back, factors, back);
            TensorPrimitives.Subtract(back, row, back);
            for (int start = 0; start < sample.Length; start += width)
            {
                float error = TensorPrimitives.Dot(back, sample.AsSpan(start, width));
                sum += (double)error * error;
            }
        }
        return sum;
    }
}
