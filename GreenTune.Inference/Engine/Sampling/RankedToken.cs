namespace GreenTune.Inference.Engine.Sampling;

/// <summary>
/// A token and its value in one number that sorts likeliest first and equal ones by the lower id, so that selecting and sorting candidates is done on
/// plain integers.
/// </summary>
internal static class RankedToken
{
    public static ulong Of(float value, int id)
    {
        // Bit patterns of floats rise with the value once the sign bit is flipped (positive) or all bits are (negative). Adding 0 makes -0 the same as 0.
        uint bits = BitConverter.SingleToUInt32Bits(value + 0f);
        uint rising = (bits & 0x8000_0000) == 0 ? bits | 0x8000_0000 : ~bits;
        return ((ulong)~rising << 32) | (uint)id;
    }

    public static int Id(ulong ranked) => (int)(uint)ranked;

    public static float Value(ulong ranked)
    {
        uint rising = ~(uint)(ranked >> 32);
        return BitConverter.UInt32BitsToSingle((rising & 0x8000_0000) == 0 ? ~rising : rising & 0x7FFF_FFFF);
    }
}
