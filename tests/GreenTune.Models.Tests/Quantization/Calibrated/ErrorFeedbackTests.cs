using GreenTune.Models.Quantization;
using GreenTune.Models.Quantization.Calibrated;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Tests.Quantization.Calibrated;

public sealed class ErrorFeedbackTests
{
    private static readonly ParallelOptions Parallel = new() { MaxDegreeOfParallelism = 2 };

    [Theory]
    [InlineData(4, 32, true, 96)]
    [InlineData(4, 16, false, 100)]
    [InlineData(4, 128, true, 160)]
    [InlineData(8, 32, true, 64)]
    public void Outputs_of_correlated_inputs_are_nearer_than_by_round_to_nearest(int bits, int blockSize, bool symmetric, int width)
    {
        var format = new BlockFormat(bits, blockSize, symmetric, TensorElementType.Float);
        for (int seed = 0; seed < 10; seed++)
        {
            var random = new Random(seed);
            float[] inputs = Rows.Correlated(random, 4 * width, width);
            ErrorFeedback feedback = Feedback(format, inputs, width);
            double plain = 0, made = 0;
            for (int row = 0; row < 8; row++)
            {
                float[] weights = Rows.Gaussian(random, width);
                double nearest = Rows.OutputError(new RoundToNearest(format), weights, inputs);
                double corrected = Rows.OutputError(feedback, weights, inputs);
                Assert.True(corrected <= nearest, $"{corrected} is above {nearest}");
                (plain, made) = (plain + nearest, made + corrected);
            }
            Assert.True(made < 0.5 * plain, $"{made} is not below half of {plain}");
        }
    }

    [Fact]
    public void Inputs_without_correlation_are_rounded_at_least_as_near_as_by_a_search()
    {
        // One input at a time: H is diagonal, and there is nothing to make up for.
        const int Width = 64;
        var inputs = new float[Width * Width];
        for (int i = 0; i < Width; i++)
            inputs[(i * Width) + i] = 1;
        var format = new BlockFormat(4, 32, symmetric: true, TensorElementType.Float);
        ErrorFeedback feedback = Feedback(format, inputs, Width);
        for (int seed = 0; seed < 20; seed++)
        {
            float[] weights = Rows.Gaussian(new Random(seed), Width);
            // The scales that are tried around the searched one may find a better one, and no error is moved from one weight to another.
            Assert.InRange(Rows.Error(feedback, weights), 0.9 * Rows.Error(new SearchRounding(format), weights), 1.0001 * Rows.Error(new SearchRounding(format), weights));
            float[] back = Rows.Back(feedback, weights);
            Assert.All(Enumerable.Range(0, Width), i => Assert.True(MathF.Abs(back[i] - weights[i]) < 0.5f, $"{weights[i]} became {back[i]}"));
        }
    }

    [Fact]
    public void Two_equal_inputs_share_one_weight_so_that_their_errors_cancel()
    {
        // Both inputs always have the same value: only the sum of their weights counts. 16 weights of which the last sets the scale to 1.
        var inputs = new List<float>();
        var random = new Random(5);
        for (int i = 0; i < 200; i++)
        {
            float[] input = Rows.Gaussian(random, 16);
            input[1] = input[0];
            inputs.AddRange(input);
        }
        var format = new BlockFormat(8, 16, symmetric: true, TensorElementType.Float);
        float[] weights = [0.4f, 0.4f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -128];
        Assert.Equal(0, Rows.Back(new RoundToNearest(format), weights)[..2].Sum());
        Assert.Equal(1, Rows.Back(Feedback(format, [.. inputs], 16), weights)[..2].Sum(), 0.05f);
    }

    [Fact]
    public void Four_rows_at_once_are_rounded_as_each_alone()
    {
        const int Width = 80;
        var random = new Random(3);
        var format = new BlockFormat(4, 32, symmetric: false, TensorElementType.Float);
        ErrorFeedback feedback = Feedback(format, Rows.Correlated(random, 300, Width), Width);
        float[] weights = Rows.Gaussian(random, 9 * Width);
        RoundedRows all = RoundedRows.Of(new Rows.Matrix(9, Width, weights), feedback, Parallel);
        double difference = 0;
        for (int row = 0; row < 9; row++)
        {
            float[] alone = Rows.Back(feedback, weights[(row * Width)..((row + 1) * Width)]);
            difference += alone.Zip(all.Row(row), (a, b) => Math.Abs(a - b)).Sum();
        }
        // Sums in another order may turn a tie.
        Assert.True(difference < 2, $"Rows differ by {difference} in all.");
    }

    [Fact]
    public void Inputs_that_were_never_there_leave_their_weights_rounded_to_the_nearest()
    {
        var format = new BlockFormat(4, 16, symmetric: true, TensorElementType.Float);
        float[] weights = Rows.Gaussian(new Random(1), 32);
        double searched = Rows.Error(new SearchRounding(format), weights);
        Assert.InRange(Rows.Error(Feedback(format, new float[64], 32), weights), 0.9 * searched, 1.0001 * searched);
    }

    [Fact]
    public void A_rounded_matrix_reads_any_run_as_a_graph_computes_and_hands_its_codes_on()
    {
        float[] weights = Rows.Gaussian(new Random(4), 5 * 40);
        foreach (bool symmetric in new[] { true, false })
        {
            foreach (int bits in new[] { 4, 8 })
            {
                var rounder = new SearchRounding(new BlockFormat(bits, 16, symmetric, TensorElementType.Float));
                RoundedRows rounded = RoundedRows.Of(new Rows.Matrix(5, 40, weights), rounder, Parallel);
                float[] wanted = Rows.Back(rounder, weights[80..120]);
                Assert.Equal(wanted, rounded.Row(2));
                var part = new float[9];
                rounded.Read(2, 13, part);
                Assert.Equal(wanted[13..22], part);
                Assert.Equal(Rows.Back(rounder, weights[..40]), Rows.Back(rounded, weights[..40]));
            }
        }
    }

    [Fact]
    public void A_weight_that_is_no_number_is_refused()
    {
        float[] weights = Rows.Gaussian(new Random(4), 64);
        weights[40] = float.PositiveInfinity;
        var format = new BlockFormat(4, 16, symmetric: true, TensorElementType.Float);
        var e = Assert.Throws<ModelFolderException>(() => RoundedRows.Of(new Rows.Matrix(2, 32, weights), new SearchRounding(format), Parallel));
        Assert.Contains("row 1 has a weight that is no finite number", e.Message, StringComparison.Ordinal);
    }

    private static ErrorFeedback Feedback(BlockFormat format, float[] inputs, int width)
    {
        var moments = new PackedTriangle(width);
        moments.AddInputs(inputs, Parallel);
        return new ErrorFeedback(format, moments, 0.01, Parallel);
    }
}
