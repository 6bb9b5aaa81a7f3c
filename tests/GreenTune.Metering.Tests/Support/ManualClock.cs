using GreenTune.Core.Units;

namespace GreenTune.Metering.Tests.Support;

/// <summary>A clock that moves only when told. Its timers fire when it passes them.</summary>
internal sealed class ManualClock : TimeProvider
{
    /// <summary>Where it begins, in seconds.</summary>
    public const double StartSeconds = 3600;

    private long _ticks = TimeSpan.TicksPerHour;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>What the wall clock has been set forward by.</summary>
    public TimeSpan WallOffset { get; set; }

    public MonotonicTime Now => new(_ticks);

    public override long GetTimestamp() => _ticks;

    public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 5, 4, 12, 0, 0, TimeSpan.Zero) + TimeSpan.FromTicks(_ticks) + WallOffset;

    public void Advance(TimeSpan time) => _ticks += time.Ticks;

    public void AdvanceTo(MonotonicTime time) => _ticks = Math.Max(_ticks, time.Ticks);
}
