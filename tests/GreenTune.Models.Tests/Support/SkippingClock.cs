using System.Collections.Concurrent;

namespace GreenTune.Models.Tests.Support;

/// <summary>
/// A clock on which waits are over at once, and are written down. Timers of at least <paramref name="longWait"/>, which watch for what should not happen,
/// end only when a test says so.
/// </summary>
internal sealed class SkippingClock(TimeSpan longWait) : TimeProvider
{
    private readonly ConcurrentDictionary<Timer, byte> _long = [];
    private long _ticks = new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero).UtcTicks;

    /// <summary>The waits that were skipped.</summary>
    public ConcurrentQueue<TimeSpan> Waits { get; } = [];

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref _ticks), TimeSpan.Zero);

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    public void EndLongWaits()
    {
        foreach (Timer timer in _long.Keys)
            timer.Fire();
    }

    private sealed class Timer(SkippingClock clock, TimerCallback callback, object? state) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            clock._long.TryRemove(this, out _);
            if (dueTime == Timeout.InfiniteTimeSpan)
                return true;
            if (dueTime >= clock.LongWait)
            {
                clock._long[this] = 0;
                return true;
            }
            clock.Waits.Enqueue(dueTime);
            Interlocked.Add(ref clock._ticks, dueTime.Ticks);
            ThreadPool.QueueUserWorkItem(_ => callback(state));
            return true;
        }

        public void Fire()
        {
            if (clock._long.TryRemove(this, out _))
                callback(state);
        }

        public void Dispose() => clock._long.TryRemove(this, out _);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

    }

    private TimeSpan LongWait { get; } = longWait;
}
