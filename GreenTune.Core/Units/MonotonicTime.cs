namespace GreenTune.Core.Units;

/// <summary>
/// A point on a process's own clock, which never jumps: 100 ns ticks since an arbitrary origin. Comparable within one process only;
/// wall-clock times (<see cref="DateTimeOffset"/>) are used at the edges.
/// </summary>
public readonly record struct MonotonicTime(long Ticks) : IComparable<MonotonicTime>
{
    public static MonotonicTime FromSeconds(double seconds) => new((long)Math.Round(seconds * TimeSpan.TicksPerSecond));

    /// <summary>Now on the clock of <paramref name="clock"/> (its timestamp, scaled to 100 ns ticks).</summary>
    public static MonotonicTime Now(TimeProvider clock)
    {
        long timestamp = clock.GetTimestamp();
        long frequency = clock.TimestampFrequency;
        // Whole seconds apart, so that the product stays inside 64 bits.
        return new(timestamp / frequency * TimeSpan.TicksPerSecond + timestamp % frequency * TimeSpan.TicksPerSecond / frequency);
    }

    public double Seconds => (double)Ticks / TimeSpan.TicksPerSecond;

    public static TimeSpan operator -(MonotonicTime a, MonotonicTime b) => new(a.Ticks - b.Ticks);

    public static MonotonicTime operator +(MonotonicTime a, TimeSpan span) => new(a.Ticks + span.Ticks);

    public static MonotonicTime operator -(MonotonicTime a, TimeSpan span) => new(a.Ticks - span.Ticks);

    public static bool operator <(MonotonicTime a, MonotonicTime b) => a.Ticks < b.Ticks;

    public static bool operator >(MonotonicTime a, MonotonicTime b) => a.Ticks > b.Ticks;

    public static bool operator <=(MonotonicTime a, MonotonicTime b) => a.Ticks <= b.Ticks;

    public static bool operator >=(MonotonicTime a, MonotonicTime b) => a.Ticks >= b.Ticks;

    public static MonotonicTime Max(MonotonicTime a, MonotonicTime b) => a.Ticks >= b.Ticks ? a : b;

    public static MonotonicTime Min(MonotonicTime a, MonotonicTime b) => a.Ticks <= b.Ticks ? a : b;

    public int CompareTo(MonotonicTime other) => Ticks.CompareTo(other.Ticks);
}
