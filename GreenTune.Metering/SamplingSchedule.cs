namespace GreenTune.Metering;

/// <summary>
/// When a sampler's readings are due: at multiples of a period from its start, so that it does not drift however long a reading takes. A deadline that a
/// reading ran over is left out, not made up for. Times are in any unit of a monotonic clock.
/// </summary>
internal readonly record struct SamplingSchedule
{
    private readonly long _start;
    private readonly long _period;

    /// <param name="start">When the first reading is due.</param>
    /// <param name="period">Between readings; at least 1.</param>
    public SamplingSchedule(long start, long period)
    {
        _start = start;
        _period = Math.Max(1, period);
    }

    /// <summary>The first deadline after a time.</summary>
    public long After(long now) => now < _start ? _start : _start + ((now - _start) / _period + 1) * _period;
}
