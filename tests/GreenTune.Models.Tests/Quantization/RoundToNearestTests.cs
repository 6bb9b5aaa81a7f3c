using FsCheck;
using FsCheck.Fluent;
using GreenTune.Models.Quantization;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Tests.Quantization;

public sealed class RoundToNearestTests
{
    private static readonly Gen<float> Weight = Gen.Choose(-1_000_000, 1_000_000).Select(i => i / 250_000f);

    [Theory]
    [InlineData(4, 32, true)]
    [InlineData(8, 32, true)]
    [InlineData(4, 16, false)]
    [InlineData(8, 128, false)]
    public void No_weight_is_off_by_more_than_its_blocks_step(int bits, int blockSize, bool symmetric)
    {
        var format = new BlockFormat(bits, blockSize, symmetric, TensorElementType.Float);
        Gen<float[]> rows = Gen.Choose(1, 3 * blockSize).SelectMany(n => Weight.ArrayOf(n));
        Prop.ForAll(rows.ToArbitrary(), row =>
        {
            (float[] back, float[] scales) = RoundTrip(format, row);
            for (int i = 0; i < row.Length; i++)
            {
                float step = MathF.Abs(scales[i / blockSize]);
                // A symmetric range ends one step before the extreme of the other sign.
                float bound = symmetric ? 1.001f * step : 0.501f * step;
                Assert.True(MathF.Abs(row[i] - back[i]) <= bound + 1e-9f, $"{row[i]} became {back[i]} with the step {step}");
            }
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public void The_largest_weight_of_a_symmetric_block_is_exact_and_sets_the_step(int bits)
    {
        var format = new BlockFormat(bits, 16, symmetric: true, TensorElementType.Float);
        Prop.ForAll(Weight.ArrayOf(16).ToArbitrary(), row =>
        {
            (float[] back, float[] scales) = RoundTrip(format, row);
            int largest = Array.FindIndex(row, w => MathF.Abs(w) == row.Max(MathF.Abs));
            Assert.Equal(row[largest], back[largest], MathF.Abs(row[largest]) * 1e-6f);
            Assert.Equal(row.Max(MathF.Abs) / (1 << (bits - 1)), MathF.Abs(scales[0]), 1e-6f);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Zero_stays_zero()
    {
        foreach (int bits in new[] { 4, 8 })
        {
            foreach (bool symmetric in new[] { true, false })
            {
                var format = new BlockFormat(bits, 16, symmetric, TensorElementType.Float);
                (float[] back, float[] scales) = RoundTrip(format, new float[20]);
                Assert.All(back, v => Assert.Equal(0, v));
                Assert.All(scales, s => Assert.Equal(0, s));
                Prop.ForAll(Weight.ArrayOf(16).ToArbitrary(), row =>
                {
                    row[3] = 0;
                    Assert.Equal(0, RoundTrip(format, row).Back[3]);
                }).QuickCheckThrowOnFailure();
            }
        }
    }

    [Fact]
    public void Four_bit_codes_lie_two_in_a_byte_with_the_even_one_below()
    {
        // Largest -8 gives the step 1: weight w has the code w + 8.
        float[] row = [-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7];
        var format = new BlockFormat(4, 16, symmetric: true, TensorElementType.Float);
        (byte[] codes, float[] scales, _) = Quantize(format, row);
        Assert.Equal([1f], scales);
        Assert.Equal([0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe], codes);
    }

    [Fact]
    public void Eight_bit_codes_are_the_weight_plus_128_steps()
    {
        float[] row = [-128, 127, 0, 1, -1, 64, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
        (byte[] codes, float[] scales, _) = Quantize(new BlockFormat(8, 16, symmetric: true, TensorElementType.Float), row);
        Assert.Equal([1f], scales);
        Assert.Equal([0, 255, 128, 129, 127, 192, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139], codes);
    }

    [Fact]
    public void Zero_points_are_packed_like_codes_and_padded_to_a_byte()
    {
        // Three blocks of one sign each: all above 0, all below, around 0.
        float[] row = [.. Enumerable.Repeat(15f, 16), .. Enumerable.Repeat(-15f, 16), .. Enumerable.Range(0, 16).Select(i => i - 5f)];
        (byte[] codes, float[] scales, byte[] zeroPoints) = Quantize(new BlockFormat(4, 16, symmetric: false, TensorElementType.Float), row);
        Assert.Equal([1f, 1f, 1f], scales);
        Assert.Equal([0xf0, 0x05], zeroPoints);
        Assert.Equal(0xff, codes[0]);
        Assert.Equal(0x00, codes[8]);
        Assert.Equal(0x10, codes[16]);
    }

    [Fact]
    public void A_partly_filled_block_is_padded_with_zeros()
    {
        var format = new BlockFormat(4, 32, symmetric: true, TensorElementType.Float);
        (byte[] codes, _, _) = Quantize(format, [1, -1]);
        Assert.Equal(16, codes.Length);
        Assert.All(codes[1..], c => Assert.Equal(0x88, c));
    }

    [Theory]
    [InlineData(float.MaxValue)]
    [InlineData(-float.MaxValue)]
    [InlineData(float.Epsilon)]
    [InlineData(1e-38f)]
    public void Extreme_weights_stay_finite_and_within_a_step(float extreme)
    {
        foreach (bool symmetric in new[] { true, false })
        {
            foreach (int bits in new[] { 4, 8 })
            {
                var format = new BlockFormat(bits, 16, symmetric, TensorElementType.Float);
                (float[] back, _) = RoundTrip(format, [extreme, extreme / 2, 0, -extreme / 4]);
                Assert.All(back, v => Assert.True(float.IsFinite(v)));
                // Scales below the smallest normal number are 0: what they would scale is next to nothing.
                Assert.Equal(extreme, back[0], (MathF.Abs(extreme) / (1 << (bits - 1))) + 2e-38f);
            }
        }
    }

    [Fact]
    public void A_range_over_nearly_the_whole_of_float32_does_not_overflow()
    {
        (float[] back, float[] scales) = RoundTrip(new BlockFormat(8, 16, symmetric: false, TensorElementType.Float), [0.9f * float.MaxValue, -0.9f * float.MaxValue]);
        Assert.True(float.IsFinite(scales[0]));
        Assert.Equal(0.9f * float.MaxValue, back[0], float.MaxValue / 100);
        Assert.Equal(-0.9f * float.MaxValue, back[1], float.MaxValue / 100);
    }

    [Fact]
    public void Scales_for_float16_are_rounded_before_they_are_used()
    {
        var format = new BlockFormat(4, 16, symmetric: true, TensorElementType.Float16);
        Prop.ForAll(Weight.ArrayOf(16).ToArbitrary(), row =>
        {
            (float[] back, float[] scales) = RoundTrip(format, row);
            Assert.Equal((float)(Half)scales[0], scales[0]);
            for (int i = 0; i < row.Length; i++)
                Assert.True(MathF.Abs(row[i] - back[i]) <= 1.01f * MathF.Abs(scales[0]) + 1e-6f);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_weight_that_is_no_number_is_refused(float weight)
    {
        foreach (bool symmetric in new[] { true, false })
            Assert.Throws<NotFiniteNumberException>(() => RoundTrip(new BlockFormat(4, 16, symmetric, TensorElementType.Float), [1, weight]));
    }

    [Theory]
    [InlineData(3, 32)]
    [InlineData(4, 31)]
    [InlineData(4, 256)]
    public void Bits_and_blocks_that_no_kernel_has_are_refused(int bits, int blockSize) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BlockFormat(bits, blockSize, symmetric: true, TensorElementType.Float));

    private static (byte[] Codes, float[] Scales, byte[] ZeroPoints) Quantize(BlockFormat format, float[] row)
    {
        var codes = new byte[format.Blocks(row.Length) * format.BytesPerBlock];
        var scales = new float[format.Blocks(row.Length)];
        byte[] zeroPoints = format.Symmetric ? [] : new byte[format.ZeroPointBytes(row.Length)];
        new RoundToNearest(format).Round(0, row, codes, scales, zeroPoints);
        return (codes, scales, zeroPoints);
    }

    private static (float[] Back, float[] Scales) RoundTrip(BlockFormat format, float[] row)
    {
        (byte[] codes, float[] scales, byte[] zeroPoints) = Quantize(format, row);
        var back = new float[row.Length];
        format.Dequantize(codes, scales, zeroPoints, back);
        return (back, scales);
    }
}
