using System.Buffers;

namespace GreenTune.Core.Totals;

/// <summary>
/// Counts of positive values in buckets whose bounds grow by a constant factor, so that any quantile is known to a relative error of
/// <see cref="RelativeError"/> and histograms add up without losing any of it. The sketch of Masson, Rim and Lee, "DDSketch: A Fast and Fully-Mergeable
/// Quantile Sketch with Relative-Error Guarantees", PVLDB 12(12), 2019. Values are clamped to <see cref="Least"/> and <see cref="Most"/>. Not thread-safe.
/// </summary>
public sealed class LogHistogram
{
    /// <summary>A quantile differs from the true one by at most this part of it.</summary>
    public const double RelativeError = 0.01;

    /// <summary>Smallest value told apart: a microsecond where values are seconds.</summary>
    public const double Least = 1e-6;

    /// <summary>Largest value told apart: 11.5 days where values are seconds.</summary>
    public const double Most = 1e6;

    private const byte Version = 1;
    private const double Gamma = (1 + RelativeError) / (1 - RelativeError);

    private static readonly double LogGamma = Math.Log(Gamma);
    private static readonly int First = IndexOf(Least);
    private static readonly int Size = IndexOf(Most) - First + 1;

    private readonly long[] _counts = new long[Size];

    /// <summary>Values counted.</summary>
    public long Count { get; private set; }

    /// <exception cref="ArgumentOutOfRangeException">The value is not a number, or below 0.</exception>
    public void Add(double value)
    {
        if (!(value >= 0))
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, "A value is at least 0.");
        }

        _counts[IndexOf(Math.Clamp(value, Least, Most)) - First]++;
        Count++;
    }

    public void Add(LogHistogram other)
    {
        for (int i = 0; i < Size; i++)
        {
            _counts[i] += other._counts[i];
        }

        Count += other.Count;
    }

    /// <summary>The nearest-rank <paramref name="q"/> quantile (0 to 1) within <see cref="RelativeError"/>; null when nothing was counted.</summary>
    public double? Quantile(double q)
    {
        if (Count == 0)
        {
            return null;
        }

        long rank = Math.Max(1, (long)Math.Ceiling(q * Count));
        long seen = 0;
        for (int i = 0; i < Size; i++)
        {
            seen += _counts[i];
            if (seen >= rank)
            {
                // The bucket holds (gamma^(index-1), gamma^index]; this point is equally far from both ends in relative terms.
                return 2 * Math.Pow(Gamma, First + i) / (Gamma + 1);
            }
        }

        return null;
    }

    /// <summary>A few bytes for each bucket in use.</summary>
    public byte[] Pack()
    {
        var bytes = new ArrayBufferWriter<byte>(64);
        Write(bytes, Version);
        int last = 0;
        for (int i = 0; i < Size; i++)
        {
            if (_counts[i] > 0)
            {
                Write(bytes, (ulong)(i - last));
                Write(bytes, (ulong)_counts[i]);
                last = i;
            }
        }

        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>Adds what was packed.</summary>
    /// <exception cref="InvalidDataException">The bytes are of another version or cut short.</exception>
    public void AddPacked(ReadOnlySpan<byte> packed)
    {
        if (packed.Length == 0 || packed[0] != Version)
        {
            throw new InvalidDataException("The histogram is not of a known version.");
        }

        packed = packed[1..];
        long i = 0;
        while (packed.Length > 0)
        {
            i += (long)Math.Min(Read(ref packed), (ulong)Size);
            long count = (long)Read(ref packed);
            if (i >= Size || count < 0)
            {
                throw new InvalidDataException("The histogram has a bucket that is out of range.");
            }

            _counts[i] += count;
            Count += count;
        }
    }

    private static int IndexOf(double value) => (int)Math.Ceiling(Math.Log(value) / LogGamma);

    private static void Write(ArrayBufferWriter<byte> bytes, ulong value)
    {
        Span<byte> buffer = bytes.GetSpan(10);
        int length = 0;
        while (value >= 0x80)
        {
            buffer[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        buffer[length++] = (byte)value;
        bytes.Advance(length);
    }

    private static ulong Read(ref ReadOnlySpan<byte> bytes)
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

        throw new InvalidDataException("The histogram is cut short.");
    }
}
