using System.Text;

namespace GreenTune.Metering.Recording;

/// <summary>The first byte of an entry.</summary>
internal enum EntryKind : byte
{
    /// <summary>The recording was ended; nothing follows.</summary>
    End = 0,
    Readings = 1,
    Admitted = 2,
    Stepped = 3,
    Finished = 4,
    ResidentChanged = 5,
    BusyBegan = 6,
    BusyEnded = 7,
    Settled = 8,
    GivenUp = 9,

    /// <summary>Defines the next work model, for the steps after it.</summary>
    WorkModel = 10,
    CalibrationAsked = 11,
}

/// <summary>
/// Writes numbers as a recording has them. Whole numbers are LEB128 (7 bits a byte, low ones first, the high bit set on all but the last), signed ones
/// zigzagged before. A measured quantity is the difference, in thousandths, to the last of its kind where thousandths hold it exactly, as they do
/// for what NVML and RAPL give, and its 64 bits otherwise: nothing is rounded.
/// </summary>
internal sealed class RecordingBuffer
{
    private byte[] _bytes = new byte[4096];

    public int Count { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Count);

    public void Clear() => Count = 0;

    public void Byte(byte value)
    {
        if (Count == _bytes.Length)
            Array.Resize(ref _bytes, 2 * _bytes.Length);
        _bytes[Count++] = value;
    }

    public void Unsigned(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            Byte((byte)(value | 0x80));
        Byte((byte)value);
    }

    public void Signed(long value) => Unsigned((ulong)(value << 1) ^ (ulong)(value >> 63));

    public void Bits(double value)
    {
        ulong bits = BitConverter.DoubleToUInt64Bits(value);
        for (int shift = 0; shift < 64; shift += 8)
            Byte((byte)(bits >> shift));
    }

    public void Quantity(double value, ref long lastThousandths)
    {
        if (Math.Abs(value) < 4e12 && (long)Math.Round(value * 1000) is var thousandths
            && BitConverter.DoubleToInt64Bits(thousandths / 1000.0) == BitConverter.DoubleToInt64Bits(value))
        {
            long difference = thousandths - lastThousandths;
            lastThousandths = thousandths;
            Unsigned(((ulong)(difference << 1) ^ (ulong)(difference >> 63)) << 1);
        }
        else
        {
            Unsigned(1);
            Bits(value);
        }
    }

    public void Text(string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        Unsigned((ulong)bytes.Length);
        foreach (byte b in bytes)
            Byte(b);
    }
}

/// <summary>Reads what <see cref="RecordingBuffer"/> writes.</summary>
internal sealed class RecordingInput(Stream stream)
{
    private const int LongestText = 1 << 20;

    private readonly byte[] _buffer = new byte[1 << 16];
    private int _at;
    private int _count;

    /// <summary>How much has been read, in bytes, after decompression.</summary>
    public long Position { get; private set; }

    /// <exception cref="EndOfStreamException">The recording breaks off here.</exception>
    public byte Byte()
    {
        if (_at == _count)
        {
            (_at, _count) = (0, stream.Read(_buffer));
            if (_count == 0)
                throw new EndOfStreamException();
        }
        Position++;
        return _buffer[_at++];
    }

    public ulong Unsigned()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = Byte();
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return value;
        }
        throw Wrong("a number of more than 64 bits");
    }

    public long Signed()
    {
        ulong value = Unsigned();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    public int Number(int most)
    {
        ulong value = Unsigned();
        return value <= (ulong)most ? (int)value : throw Wrong($"a count of {value}");
    }

    public double Bits()
    {
        ulong bits = 0;
        for (int shift = 0; shift < 64; shift += 8)
            bits |= (ulong)Byte() << shift;
        return BitConverter.UInt64BitsToDouble(bits);
    }

    public double Quantity(ref long lastThousandths)
    {
        ulong value = Unsigned();
        if ((value & 1) == 1)
            return Bits();
        value >>= 1;
        lastThousandths += (long)(value >> 1) ^ -(long)(value & 1);
        return lastThousandths / 1000.0;
    }

    public string Text()
    {
        var bytes = new byte[Number(LongestText)];
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = Byte();
        return Encoding.UTF8.GetString(bytes);
    }

    public FormatException Wrong(string what) => new($"The recording is damaged: {what} at byte {Position} (after decompression).");
}

/// <summary>What both ends of an encoding remember from entry to entry.</summary>
internal sealed class RecordingState
{
    public long LastAt;
    public long LastSample;
    public long LastCounter;
    public long LastStepEnd;
    public long LastWatts;
    public long LastOtherWatts;
    public long LastJoules;
    public long LastOtherJoules;
    public long LastDramJoules;
    public string? LastFault;

    public RecentRows Rows { get; } = new();
}
