using FsCheck;
using FsCheck.Fluent;
using GreenTune.Models.Quantization;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Tests.Quantization;

public sealed class SearchRoundingTests
{
    private static readonly Gen<float> Weight = Gen.Choose(-1_000_000, 1_000_000).Select(i => i / 250_000f);

    [Theory]
    [InlineData(4, 32, true, TensorElementType.Float)]
    [InlineData(4, 16, false, TensorElementType.Float)]
    [InlineData(4, 128, true, TensorElementType.Float16)]
    [InlineData(8, 32, true, TensorElementType.Float)]
    [InlineData(8, 64, false, TensorElementType.BFloat16)]
    public void Its_squared_error_is_never_above_that_of_round_to_nearest(int bits, int blockSize, bool symmetric, TensorElementType scaleType)
    {
        var format = new BlockFormat(bits, blockSize, symmetric, scaleType);
        Prop.ForAll(Gen.Choose(1, 2 * blockSize).SelectMany(n => Weight.ArrayOf(n)).ToArbitrary(), row =>
        {
            double plain = Rows.Error(new RoundToNearest(format), row);
            double searched = Rows.Error(new SearchRounding(format), row);
            Assert.True(searched <= (plain * (1 + 1e-4)) + 1e-12, $"{searched} is above {plain}");
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Weighted_errors_are_never_above_those_of_round_to_nearest(bool symmetric)
    {
        var format = new BlockFormat(4, 32, symmetric, TensorElementType.Float);
        var random = new Random(1);
        for (int i = 0; i < 200; i++)
        {
            float[] row = Rows.Gaussian(random, 50);
            float[] importance = [.. Rows.Gaussian(random, 50).Select(v => v * v)];
            double plain = Rows.Error(new RoundToNearest(format), row, importance);
            double searched = Rows.Error(new SearchRounding(format, importance), row, importance);
            Assert.True(searched <= plain * (1 + 1e-4), $"{searched} is above {plain}");
        }
    }

    [Fact]
    public void Four_bits_of_gaussian_weights_lose_a_tenth_less_than_by_rounding_to_nearest()
    {
        var format = new BlockFormat(4, 32, symmetric: true, TensorElementType.Float);
        float[] row = Rows.Gaussian(new Random(2), 32 * 400);
        Assert.True(Rows.Error(new SearchRounding(format), row) < 0.9 * Rows.Error(new RoundToNearest(format), row));
    }

    [Fact]
    public void Weights_that_are_codes_times_a_scale_come_back_exactly()
    {
        // 7 codes of the step 0.5 in which no weight has the lowest code, so that round to nearest takes another step.
        float[] row = [3.5f, -3, 2.5f, 1, 0.5f, -0.5f, -1.5f, 2, 3, -2.5f, 0, 1.5f, -1, -2, 3.5f, 0.5f];
        var format = new BlockFormat(4, 16, symmetric: true, TensorElementType.Float);
        Assert.True(Rows.Error(new RoundToNearest(format), row) > 0.1);
        Assert.Equal(0, Rows.Error(new SearchRounding(format), row), 1e-9);
    }

    [Fact]
    public void What_matters_most_is_what_comes_out_nearest()
    {
        float[] row = [.. Rows.Gaussian(new Random(3), 31), 9];
        float[] importance = [.. Enumerable.Repeat(1f, 31), 1e-4f];
        var format = new BlockFormat(4, 32, symmetric: true, TensorElementType.Float);
        float[] plain = Rows.Back(new SearchRounding(format), row);
        float[] weighted = Rows.Back(new SearchRounding(format, importance), row);
        Assert.True(MathF.Abs(weighted[31] - 9) > MathF.Abs(plain[31] - 9), "The weight that counts nothing sets the scale.");
        Assert.True(Enumerable.Range(0, 31).Sum(i => Math.Pow(weighted[i] - row[i], 2)) < 0.5 * Enumerable.Range(0, 31).Sum(i => Math.Pow(plain[i] - row[i], 2)));
    }

    [Theory]
    [InlineData(float.MaxValue)]
    [InlineData(1e-38f)]
    [InlineData(0)]
    public void Extreme_weights_stay_finite(float extreme)
    {
        foreach (bool symmetric in new[] { true, false })
            Assert.All(Rows.Back(new SearchRounding(new BlockFormat(4, 16, symmetric, TensorElementType.Float)), [extreme, extreme / 2, 0, -extreme / 4]), v => Assert.True(float.IsFinite(v)));
    }

    [Fact]
    public void A_weight_that_is_no_number_is_refused() =>
        Assert.Throws<NotFiniteNumberException>(() => Rows.Back(new SearchRounding(new BlockFormat(4, 16, true, TensorElementType.Float)), [1, float.NaN]));
}
