using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace GreenTune.Models.Checkpoints.Gguf;

/// <summary>
/// The "K" types: super-blocks of 256 numbers, whose sub-blocks of 16 or 32 have small scales of their own. Layouts are those of the ggml project
/// (ggml-common.h: <c>block_q2_K</c> and so on); numbers are computed in float32 in the order that ggml's own dequantisation has.
/// </summary>
internal static class GgufSuperBlocks
{
    public const int Elements = 256;

    /// <summary>Numbers that lie in one run of 32 bytes, at another bit position each 32.</summary>
    private const int Run = 32;

    private const int Sub = 16;

    /// <summary>
    /// Q2_K, 84 bytes: 16 bytes of scale (low nibble) and minimum (high nibble) per 16 numbers, 64 bytes of 2-bit numbers (number e in byte
    /// 32 (e / 128) + e % 32, at bit 2 (e % 128 / 32)), float16 d, float16 dmin. Number = d scale q - dmin minimum.
    /// </summary>
    public static void Q2_K(ReadOnlySpan<byte> block, Span<float> destination)
    {
        ReadOnlySpan<byte> scales = block[..16];
        ReadOnlySpan<byte> quants = block.Slice(16, 64);
        float d = GgufBlocks.HalfAt(block, 80);
        float dmin = GgufBlocks.HalfAt(block, 82);
        for (int sub = 0; sub < Elements / Sub; sub++)
        {
            int first = sub * Sub;
            float scale = d * (scales[sub] & 15);
            float minimum = dmin * (scales[sub] >> 4);
            Vector128<byte> bytes = GgufBlocks.Bytes(quants, (first / 128 * Run) + (first % Run));
            GgufBlocks.Write(GgufBlocks.Bits(bytes, first % 128 / Run * 2, 3), 0, scale, minimum, destination[first..]);
        }
    }

    /// <summary>
    /// Q3_K, 110 bytes: 32 bytes of third bits (number e in byte e % 32, bit e / 32), 64 bytes of the lower two bits as in Q2_K, 12 bytes of 16 scales,
    /// float16 d. Scale k has 6 bits: the lower four are nibbles (low ones of bytes 0 to 7, then high ones), the upper two are in byte 8 + k % 4 at bit
    /// 2 (k / 4). Number = d (scale - 32) (q - 4).
    /// </summary>
    public static void Q3_K(ReadOnlySpan<byte> block, Span<float> destination)
    {
        ReadOnlySpan<byte> third = block[..32];
        ReadOnlySpan<byte> quants = block.Slice(32, 64);
        ReadOnlySpan<byte> scales = block.Slice(96, 12);
        float d = GgufBlocks.HalfAt(block, 108);
        for (int sub = 0; sub < Elements / Sub; sub++)
        {
            int low = sub < 8 ? scales[sub] & 15 : scales[sub - 8] >> 4;
            int high = scales[8 + (sub % 4)] >> (2 * (sub / 4)) & 3;
            float scale = d * ((low | high << 4) - 32);
            int first = sub * Sub;
            Vector128<byte> lower = GgufBlocks.Bits(GgufBlocks.Bytes(quants, (first / 128 * Run) + (first % Run)), first % 128 / Run * 2, 3);
            Vector128<byte> upper = GgufBlocks.Bits(GgufBlocks.Bytes(third, first % Run), first / Run, 1);
            GgufBlocks.Write(lower | (upper << 2), 4, scale, 0, destination[first..]);
        }
    }

    /// <summary>
    /// Q4_K, 144 bytes: float16 d, float16 dmin, 12 bytes of 8 scales and minima of 6 bits (see <see cref="ScaleAndMinimum"/>) per 32 numbers, 128 bytes
    /// of nibbles: of each 64 numbers the first 32 are the low nibbles of 32 bytes, the others the high ones. Number = d scale q - dmin minimum.
    /// </summary>
    public static void Q4_K(ReadOnlySpan<byte> block, Span<float> destination)
    {
        float d = GgufBlocks.HalfAt(block, 0);
        float dmin = GgufBlocks.HalfAt(block, 2);
        ReadOnlySpan<byte> quants = block.Slice(16, 128);
        for (int sub = 0; sub < Elements / Run; sub++)
        {
            (int scale, int minimum) = ScaleAndMinimum(block.Slice(4, 12), sub);
            float multiplier = d * scale;
            float offset = dmin * minimum;
            for (int i = 0; i < Run; i += Sub)
            {
                Vector128<byte> bytes = GgufBlocks.Bytes(quants, (sub / 2 * Run) + i);
                GgufBlocks.Write(GgufBlocks.Bits(bytes, sub % 2 * 4, 15), 0, multiplier, offset, destination[((sub * Run) + i)..]);
            }
        }
    }

    /// <summary>
    /// Q5_K, 176 bytes: as Q4_K, with 32 bytes of fifth bits (number e in byte e % 32, bit e / 32) before the nibbles. Number = d scale q - dmin minimum.
    /// </summary>
    public static void Q5_K(ReadOnlySpan<byte> block, Span<float> destination)
    {
        float d = GgufBlocks.HalfAt(block, 0);
        float dmin = GgufBlocks.HalfAt(block, 2);
        ReadOnlySpan<byte> fifth = block.Slice(16, 32);
        ReadOnlySpan<byte> quants = block.Slice(48, 128);
        for (int sub = 0; sub < Elements / Run; sub++)
        {
            (int scale, int minimum) = ScaleAndMinimum(block.Slice(4, 12), sub);
            float multiplier = d * scale;
            float offset = dmin * minimum;
            for (int i = 0; i < Run; i += Sub)
            {
                Vector128<byte> lower = GgufBlocks.Bits(GgufBlocks.Bytes(quants, (sub / 2 * Run) + i), sub % 2 * 4, 15);
                Vector128<byte> upper = GgufBlocks.Bits(GgufBlocks.Bytes(fifth, i), sub, 1);
                GgufBlocks.Write(lower | (upper << 4), 0, multiplier, offset, destination[((sub * Run) + i)..]);
            }
        }
    }

    /// <summary>
    /// Q6_K, 210 bytes: 128 bytes of the lower four bits (of each 128 numbers, the first 64 are the low nibbles of 64 bytes, the others the high ones),
    /// 64 bytes of the upper two bits (packed as in Q2_K), 16 signed scales per 16 numbers, float16 d. Number = d scale (q - 32).
    /// </summary>
    public static void Q6_K(ReadOnlySpan<byte> block, Span<float> destination)
    {
        ReadOnlySpan<byte> lower = block[..128];
        ReadOnlySpan<byte> upper = block.Slice(128, 64);
        ReadOnlySpan<sbyte> scales = MemoryMarshal.Cast<byte, sbyte>(block.Slice(192, 16));
        float d = GgufBlocks.HalfAt(block, 208);
        for (int sub = 0; sub < Elements / Sub; sub++)
        {
            float scale = d * scales[sub];
            int first = sub * Sub;
            int half = first / 128;
            int within = first % 128;
            Vector128<byte> low = GgufBlocks.Bits(GgufBlocks.Bytes(lower, (half * 64) + (within % 64)), within / 64 * 4, 15);
            Vector128<byte> high = GgufBlocks.Bits(GgufBlocks.Bytes(upper, (half * Run) + (within % Run)), within / Run * 2, 3);
            GgufBlocks.Write(low | (high << 4), 32, scale, 0, destination[first..]);
        }
    }

    /// <summary>
    /// Of 8 sub-blocks in 12 bytes: the first four have their scales in the lower six bits of bytes 0 to 3 and their minima in those of bytes 4 to 7;
    /// the last four have the lower four bits in the nibbles of bytes 8 to 11 and the upper two at the top of bytes 0 to 3 and 4 to 7.
    /// </summary>
    private static (int Scale, int Minimum) ScaleAndMinimum(ReadOnlySpan<byte> packed, int sub) => sub < 4
        ? (packed[sub] & 63, packed[sub + 4] & 63)
        : (packed[sub + 4] & 15 | packed[sub - 4] >> 6 << 4, packed[sub + 4] >> 4 | packed[sub] >> 6 << 4);
}
