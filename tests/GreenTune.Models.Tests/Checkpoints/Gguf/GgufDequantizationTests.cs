using System.Buffers.Binary;
using GreenTune.Models.Checkpoints.Gguf;

namespace GreenTune.Models.Tests.Checkpoints.Gguf;

/// <summary>
/// Each type against the formula of one number, written from the layouts' description without the runs and shifts that the reader has.
/// </summary>
public sealed class GgufDequantizationTests
{
    public static TheoryData<string> Types => [.. Enum.GetNames<GgufTensorType>()];

    [Theory]
    [MemberData(nameof(Types))]
    public void Every_number_of_random_blocks_is_what_the_formula_says(string name)
    {
        GgufTensorType type = Enum.Parse<GgufTensorType>(name);
        const int blocks = 40;
        var random = new Random(7);
        var bytes = new byte[blocks * type.BlockBytes()];
        random.NextBytes(bytes);
        // Scales as files have them: random bits would be infinities and denormals now and then.
        foreach (int offset in Halves(type))
        {
            for (int b = 0; b < blocks; b++)
                BinaryPrimitives.WriteHalfLittleEndian(bytes.AsSpan((b * type.BlockBytes()) + offset), (Half)((random.NextDouble() - 0.5) * 0.1));
        }
        if (type == GgufTensorType.F32)
        {
            for (int b = 0; b < blocks; b++)
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4 * b), (float)random.NextDouble());
        }
        var numbers = new float[blocks * type.BlockElements()];
        type.Dequantize(bytes, numbers);
        for (int i = 0; i < numbers.Length; i++)
        {
            byte[] block = bytes[(i / type.BlockElements() * type.BlockBytes())..];
            double expected = Number(type, block, i % type.BlockElements());
            if (double.IsNaN(expected))
                Assert.True(float.IsNaN(numbers[i]));
            else
                Assert.Equal(expected, numbers[i], Math.Max(1e-30, Math.Abs(expected) * 1e-5 + 1e-6 * MaximumOf(type)));
        }
    }

    // Values worked out by hand: d = 0.5 (0x3800), m = -1 (0xbc00).
    [Fact]
    public void Blocks_of_32_are_read_as_worked_out_by_hand()
    {
        byte[] nibbles = new byte[16];
        nibbles[0] = 0xf0; // number 0 is 0, number 16 is 15
        nibbles[15] = 0x3c; // number 15 is 12, number 31 is 3
        byte[] fifths = [0x01, 0x80, 0x00, 0x80]; // numbers 0, 15 and 31 have a fifth bit
        AssertNumbers(GgufTensorType.Q4_0, [0x00, 0x38, .. nibbles], (0, -4), (16, 3.5f), (15, 2), (31, -2.5f), (1, -4));
        AssertNumbers(GgufTensorType.Q4_1, [0x00, 0x38, 0x00, 0xbc, .. nibbles], (0, -1), (16, 6.5f), (15, 5), (31, 0.5f), (1, -1));
        AssertNumbers(GgufTensorType.Q5_0, [0x00, 0x38, .. fifths, .. nibbles], (0, 0), (16, -0.5f), (15, 6), (31, 1.5f), (1, -8));
        AssertNumbers(GgufTensorType.Q5_1, [0x00, 0x38, 0x00, 0xbc, .. fifths, .. nibbles], (0, 7), (16, 6.5f), (15, 13), (31, 8.5f), (1, -1));
        byte[] whole = new byte[32];
        whole[0] = 0x80;
        whole[31] = 0x7f;
        AssertNumbers(GgufTensorType.Q8_0, [0x00, 0x38, .. whole], (0, -64), (31, 63.5f), (1, 0));
    }

    [Fact]
    public void Super_blocks_are_read_as_worked_out_by_hand()
    {
        // Q2_K: number 200 is in the second half, third... 200 % 128 = 72: run 2, place 8, so byte 32 + 8 at bit 4; sub-block 12.
        byte[] q2 = new byte[84];
        q2[12] = 0x53; // scale 3, minimum 5
        q2[16 + 40] = 2 << 4;
        (q2[80], q2[81]) = (0x00, 0x38);
        (q2[82], q2[83]) = (0x00, 0x3c);
        AssertNumbers(GgufTensorType.Q2_K, q2, (200, (0.5f * 3 * 2) - 5), (201, -5), (0, 0));

        // Q3_K: number 40 is place 8 of run 1: byte 8 at bit 2, third bit in byte 8 at bit 1; sub-block 2, whose scale is nibble 2 and two bits of byte 10.
        byte[] q3 = new byte[110];
        q3[8] = 1 << 1;
        q3[32 + 8] = 3 << 2;
        q3[96 + 2] = 0x05;
        q3[96 + 10] = 0x03;
        (q3[108], q3[109]) = (0x00, 0x38);
        AssertNumbers(GgufTensorType.Q3_K, q3, (40, 0.5f * (5 + 48 - 32) * 3), (41, 0.5f * 21 * -4), (0, 0.5f * -32 * -4));

        // Q4_K: number 230 is place 6 of sub-block 7: high nibble of byte 96 + 6; scale 4 + 16 (nibble of byte 11, top bits of byte 3), minimum 2 + 32.
        byte[] q4 = new byte[144];
        (q4[0], q4[1], q4[2], q4[3]) = (0x00, 0x38, 0x00, 0x3c);
        q4[4 + 11] = 0x24;
        q4[4 + 3] = 1 << 6;
        q4[4 + 7] = 2 << 6;
        q4[16 + 102] = 0x90;
        AssertNumbers(GgufTensorType.Q4_K, q4, (230, (0.5f * 20 * 9) - 34), (229, -34), (198, 0));

        // Q5_K: the same number with its fifth bit, in byte 6 at bit 7.
        byte[] q5 = new byte[176];
        q4.AsSpan(0, 16).CopyTo(q5);
        q5[16 + 6] = 1 << 7;
        q5[48 + 102] = 0x90;
        AssertNumbers(GgufTensorType.Q5_K, q5, (230, (0.5f * 20 * 25) - 34), (229, -34));

        // Q6_K: number 100 of the first half: place 36 of the upper 64, so the high nibble of byte 36; upper bits in byte 4 at bit 6; sub-block 6.
        byte[] q6 = new byte[210];
        q6[36] = 0x70;
        q6[128 + 4] = 3 << 6;
        q6[192 + 6] = 0xfe; // -2
        (q6[208], q6[209]) = (0x00, 0x38);
        AssertNumbers(GgufTensorType.Q6_K, q6, (100, 0.5f * -2 * (7 + 48 - 32)), (101, 0.5f * -2 * -32), (0, 0));
    }

    // How fast a core turns each type into float32, for the time that large models take to build.
    [Theory(Explicit = true)]
    [MemberData(nameof(Types))]
    public void Throughput(string name)
    {
        GgufTensorType type = Enum.Parse<GgufTensorType>(name);
        const int elements = 1 << 16;
        var bytes = new byte[elements / type.BlockElements() * type.BlockBytes()];
        var numbers = new float[elements];
        for (int i = 0; i < 300; i++)
            type.Dequantize(bytes, numbers);
        const int rounds = 2000;
        long started = System.Diagnostics.Stopwatch.GetTimestamp();
        for (int i = 0; i < rounds; i++)
            type.Dequantize(bytes, numbers);
        double seconds = System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalSeconds;
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {elements * (double)rounds / seconds / 1e6:F0} million numbers/s");
        Assert.All(numbers, n => Assert.Equal(0, n));
    }

    private static void AssertNumbers(GgufTensorType type, byte[] block, params (int Index, float Value)[] expected)
    {
        Assert.Equal(type.BlockBytes(), block.Length);
        var numbers = new float[type.BlockElements()];
        type.Dequantize(block, numbers);
        foreach ((int index, float value) in expected)
            Assert.Equal(value, numbers[index]);
    }

    private static double MaximumOf(GgufTensorType type) => type.BlockElements() == 256 ? 0.05 * 63 * 63 : 1;

    private static int[] Halves(GgufTensorType type) => type switch
    {
        GgufTensorType.F16 or GgufTensorType.Q4_0 or GgufTensorType.Q5_0 or GgufTensorType.Q8_0 => [0],
        GgufTensorType.Q4_1 or GgufTensorType.Q5_1 or GgufTensorType.Q4_K or GgufTensorType.Q5_K => [0, 2],
        GgufTensorType.Q2_K => [80, 82],
        GgufTensorType.Q3_K => [108],
        GgufTensorType.Q6_K => [208],
        _ => [],
    };

    /// <summary>Number <paramref name="e"/> of a block.</summary>
    private static double Number(GgufTensorType type, byte[] b, int e)
    {
        int nibble32 = e < 16 ? 0 : 4;
        return type switch
        {
            GgufTensorType.F32 => BinaryPrimitives.ReadSingleLittleEndian(b),
            GgufTensorType.F16 => H(0),
            GgufTensorType.BF16 => BitConverter.Int32BitsToSingle(b[0] << 16 | b[1] << 24),
            GgufTensorType.Q4_0 => H(0) * (Bits(2 + (e % 16), nibble32, 4) - 8),
            GgufTensorType.Q4_1 => (H(0) * Bits(4 + (e % 16), nibble32, 4)) + H(2),
            GgufTensorType.Q5_0 => H(0) * (Bits(6 + (e % 16), nibble32, 4) + (16 * Bits(2 + (e / 8), e % 8, 1)) - 16),
            GgufTensorType.Q5_1 => (H(0) * (Bits(8 + (e % 16), nibble32, 4) + (16 * Bits(4 + (e / 8), e % 8, 1)))) + H(2),
            GgufTensorType.Q8_0 => H(0) * (sbyte)b[2 + e],
            GgufTensorType.Q2_K => (H(80) * Bits(e / 16, 0, 4) * Bits(16 + TwoBitByte(), TwoBitShift(), 2)) - (H(82) * Bits(e / 16, 4, 4)),
            GgufTensorType.Q3_K => H(108) * (ThirdScale() - 32) * (Bits(32 + TwoBitByte(), TwoBitShift(), 2) + (4 * Bits(e % 32, e / 32, 1)) - 4),
            GgufTensorType.Q4_K => (H(0) * Scale() * Bits(16 + (e / 64 * 32) + (e % 32), e % 64 / 32 * 4, 4)) - (H(2) * Minimum()),
            GgufTensorType.Q5_K => (H(0) * Scale() * (Bits(48 + (e / 64 * 32) + (e % 32), e % 64 / 32 * 4, 4) + (16 * Bits(16 + (e % 32), e / 32, 1)))) - (H(2) * Minimum()),
            GgufTensorType.Q6_K => H(208) * (sbyte)b[192 + (e / 16)]
                * (Bits((e / 128 * 64) + (e % 64), e % 128 / 64 * 4, 4) + (16 * Bits(128 + TwoBitByte(), TwoBitShift(), 2)) - 32),
            _ => throw new ArgumentOutOfRangeException(nameof(type)),
        };

        double H(int offset) => (double)BinaryPrimitives.ReadHalfLittleEndian(b.AsSpan(offset));
        int Bits(int index, int shift, int count) => b[index] >> shift & ((1 << count) - 1);
        int TwoBitByte() => (e / 128 * 32) + (e % 32);
        int TwoBitShift() => e / 32 % 4 * 2;
        int ThirdScale()
        {
            int k = e / 16;
            return Bits(96 + (k % 8), k / 8 * 4, 4) + (16 * Bits(96 + 8 + (k % 4), k / 4 * 2, 2));
        }
        int Scale()
        {
            int k = e / 32;
            return k < 4 ? Bits(4 + k, 0, 6) : Bits(4 + 4 + k, 0, 4) + (16 * Bits(4 + k - 4, 6, 2));
        }
        int Minimum()
        {
            int k = e / 32;
            return k < 4 ? Bits(4 + 4 + k, 0, 6) : Bits(4 + 4 + k, 4, 4) + (16 * Bits(4 + k, 6, 2));
        }
    }
}
