namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>A clock that began at a chosen time when it was made and runs as the real one does; timers are real.</summary>
internal sealed class ShiftedClock(DateTimeOffset start) : TimeProvider
{
    private readonly long _began = System.GetTimestamp();

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow() => start + System.GetElapsedTime(_began);
}
