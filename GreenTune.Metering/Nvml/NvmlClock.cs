using GreenTune.Core.Units;

namespace GreenTune.Metering.Nvml;

/// <summary>
/// Maps NVML's time stamps (microseconds since 1970 by the machine's wall clock) to the meter's clock. The wall clock may be set while we
/// run, or turn out to be another one than ours: both are seen and corrected.
/// </summary>
internal sealed class NvmlClock
{
    // A wall clock that is slewed moves by at most 0.5 ms a second; what differs by more between two readings was set.
    private static readonly TimeSpan Jump = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Ahead = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Behind = TimeSpan.FromSeconds(5);

    // A stamp that does not fit may be one reading's; this many in a row are another clock.
    private const int Misfits = 20;

    private long _offset;
    private long _offsetBefore;
    private long _correction;
    private bool _started;
    private bool _checked;
    private int _misfits;

    /// <summary>The wall clock was set since the last reading.</summary>
    public bool Jumped { get; private set; }

    /// <summary>What had to be added to the stamps because they follow another clock than ours; zero normally.</summary>
    public TimeSpan Correction => new(_correction);

    /// <summary>How often the stamps were found to follow another clock.</summary>
    public int Corrections { get; private set; }

    /// <summary>Notes both clocks; called before the stamps of a reading are mapped.</summary>
    public void Observe(MonotonicTime now, DateTimeOffset wall)
    {
        long offset = now.Ticks - (wall.UtcTicks - DateTimeOffset.UnixEpoch.Ticks);
        Jumped = _started && Math.Abs(offset - _offset) > Jump.Ticks;
        _offsetBefore = _started ? _offset : offset;
        _offset = offset;
        _started = true;
    }

    /// <summary>
    /// Checks the mapping with the newest stamp of a reading that brought new ones, which must be fresh: one that lies ahead of now or seconds behind it
    /// shows another clock, and the difference is taken out. At once at the first reading, later when it stays so: clocks drift apart.
    /// </summary>
    public void Check(ulong newestMicroseconds, MonotonicTime now)
    {
        TimeSpan age = now - Map(newestMicroseconds, _offset);
        bool fits = age >= -Ahead && age <= Behind;
        _misfits = fits ? 0 : _misfits + 1;
        if (fits || (_checked && _misfits < Misfits))
        {
            _checked = true;
            return;
        }
        _checked = true;
        _misfits = 0;
        _correction += age.Ticks;
        Corrections++;
    }

    /// <summary>When a stamp was taken; null when it can be mapped to no time after the last one and up to now.</summary>
    public MonotonicTime? Map(ulong microseconds, MonotonicTime? last, MonotonicTime now)
    {
        MonotonicTime mapped = Map(microseconds, _offset);
        if (Fits(mapped, last, now))
            return MonotonicTime.Min(mapped, now);
        // Taken before the clock was set.
        mapped = Map(microseconds, _offsetBefore);
        return Fits(mapped, last, now) ? MonotonicTime.Min(mapped, now) : null;
    }

    /// <summary>Whether a stamp lies ahead of now: after the clock was set back, those from before do.</summary>
    public bool IsAhead(ulong microseconds, MonotonicTime now) => Map(microseconds, _offset) > now + Ahead;

    private static bool Fits(MonotonicTime at, MonotonicTime? last, MonotonicTime now) => at <= now + Ahead && (last is null || at > last);

    private MonotonicTime Map(ulong microseconds, long offset) => new((long)microseconds * (TimeSpan.TicksPerMillisecond / 1000) + offset + _correction);
}
