using System.Buffers.Binary;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Records;

/// <summary>
/// Packs a power trace into about 7 bytes a point: a version byte, the count, then per point the step in time as a zigzag varint of microseconds and the
/// power as a 32-bit float. So a trace comes back with its offsets to a microsecond and its watts to seven digits, both finer than any meter.
/// </summary>
internal static class TraceCodec
{
    private const byte Version = 1;
    private const double Microseconds = 1e6;

    public static byte[] Pack(IReadOnlyList<TracePoint> points)
    {
        using var packed = new MemoryStream(8 + points.Count * 8);
        packed.WriteByte(Version);
        WriteVarint(packed, (ulong)points.Count);
        long last = 0;
        Span<byte> watts = stackalloc byte[4];
        foreach (TracePoint point in points)
        {
            long at = (long)Math.Round(point.OffsetSeconds * Microseconds);
            long step = at - last;
            WriteVarint(packed, (ulong)((step << 1) ^ (step >> 63)));
            BinaryPrimitives.WriteSingleLittleEndian(watts, (float)point.Watts);
            packed.Write(watts);
            last = at;
        }

        return packed.ToArray();
    }

    /// <exception cref="InvalidDataException">The bytes are of another version or cut short.</exception>
    public static IReadOnlyList<TracePoint> Unpack(ReadOnlySpan<byte> packed)
    {
        if (packed.Length < 2 || packed[0] != Version)
        {
            throw new InvalidDataException("The power trace is not of a known version.");
        }

        ReadOnlySpan<byte> rest = packed[1..];
        int count = checked((int)ReadVarint(ref rest));
        var points = new List<TracePoint>(Math.Min(count, packed.Length));
        long at = 0;
        for (int i = 0; i < count; i++)
        {
            ulong step = ReadVarint(ref rest);
            at += (long)(step >> 1) ^ -(long)(step & 1);
            if (rest.Length < 4)
            {
                throw new InvalidDataException("The power trace is cut short.");
            }

            points.Add(new TracePoint(at / Microseconds, BinaryPrimitives.ReadSingleLittleEndian(rest)));
            rest = rest[4..];
        }

        return points;
    }

    private static void WriteVarint(MemoryStream stream, ulong value)
    {
        while (value >= 0x80)
        {
            stream.WriteByte((byte)(value | 0x80));
            value >>= 7;
        }

        stream.WriteByte((byte)value);
    }

    private static ulong ReadVarint(ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (int i = 0, shift = 0; i < bytes.Length && shift < 64; i++, shift += 7)
        {
            value |= (ulong)(bytes[i] & 0x7F) << shift;
            if (bytes[i] < 0x80)
            {
                bytes = bytes[(i + 1)..];
                return value;
            }
        }

        throw new InvalidDataException("The power trace is cut short.");
    }
}
