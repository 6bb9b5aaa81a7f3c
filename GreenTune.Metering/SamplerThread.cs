using System.Diagnostics;

namespace GreenTune.Metering;

/// <summary>
/// Calls a function periodically on a thread of its own: without drift (each deadline is a multiple of the period, late ones are skipped), and
/// earlier when woken, but not more often than the spacing allows.
/// </summary>
internal sealed class SamplerThread
{
    private readonly long _period;
    private readonly long _spacing;
    private readonly Action _tick;
    private readonly object _gate = new();
    private readonly Thread _thread;
    private int _woken;
    private bool _signalled;
    private volatile bool _stopping;

    public SamplerThread(string name, TimeSpan period, TimeSpan spacing, Action tick)
    {
        _period = Math.Max(1, (long)(period.TotalSeconds * Stopwatch.Frequency));
        _spacing = (long)(spacing.TotalSeconds * Stopwatch.Frequency);
        _tick = tick;
        _thread = new(Run) { IsBackground = true, Name = name, Priority = ThreadPriority.AboveNormal };
        _thread.Start();
    }

    /// <summary>Asks for a reading soon. Cheap when one has been asked for already.</summary>
    public void Wake()
    {
        if (Volatile.Read(ref _woken) == 0 && Interlocked.Exchange(ref _woken, 1) == 0)
            Signal();
    }

    /// <summary>Stops after a last tick.</summary>
    /// <returns>False when the thread did not end in time.</returns>
    public bool Stop(TimeSpan patience)
    {
        _stopping = true;
        Signal();
        return _thread.Join(patience);
    }

    private void Signal()
    {
        lock (_gate)
        {
            _signalled = true;
            Monitor.Pulse(_gate);
        }
    }

    private void Run()
    {
        var schedule = new SamplingSchedule(Stopwatch.GetTimestamp(), _period);
        long next = 0;
        while (true)
        {
            long began = Stopwatch.GetTimestamp();
            // Cleared before the reading: who asks from here on wants a later one.
            Volatile.Write(ref _woken, 0);
            bool last = _stopping;
            _tick();
            if (last)
                return;
            long now = Stopwatch.GetTimestamp();
            if (now >= next)
                next = schedule.After(now);
            if (WaitUntil(next) && !_stopping)
                SleepUntil(Math.Min(began + _spacing, next));
        }
    }

    /// <summary>Waits for a time or a signal; true when signalled.</summary>
    private bool WaitUntil(long deadline)
    {
        int milliseconds = Milliseconds(deadline);
        lock (_gate)
        {
            if (!_signalled && milliseconds > 0)
                Monitor.Wait(_gate, milliseconds);
            bool signalled = _signalled;
            _signalled = false;
            return signalled;
        }
    }

    private static void SleepUntil(long deadline)
    {
        int milliseconds = Milliseconds(deadline);
        if (milliseconds > 0)
            Thread.Sleep(milliseconds);
    }

    private static int Milliseconds(long deadline)
    {
        long left = deadline - Stopwatch.GetTimestamp();
        return left <= 0 ? 0 : (int)((left * 1000 + Stopwatch.Frequency - 1) / Stopwatch.Frequency);
    }
}
