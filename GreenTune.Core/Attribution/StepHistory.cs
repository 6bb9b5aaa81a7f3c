namespace GreenTune.Core.Attribution;

/// <summary>What a device worked in a window of time: the regressors of design section 4.3.</summary>
/// <param name="Flops">Floating-point operations.</param>
/// <param name="Bytes">Bytes moved.</param>
/// <param name="Seconds">Time that steps covered.</param>
internal readonly record struct WorkDone(double Flops, double Bytes, double Seconds)
{
    public static WorkDone operator +(WorkDone a, WorkDone b) => new(a.Flops + b.Flops, a.Bytes + b.Bytes, a.Seconds + b.Seconds);

    public static WorkDone operator *(WorkDone work, double factor) => new(work.Flops * factor, work.Bytes * factor, work.Seconds * factor);
}

/// <summary>
/// The last steps of a device as running sums, so that the work of any recent window costs two binary searches. A ring of fixed size: adding allocates
/// nothing.
/// </summary>
internal sealed class StepHistory
{
    private readonly Entry[] _ring;
    private long _added;
    private long _oldest;

    /// <param name="capacity">Steps that are kept, a power of two.</param>
    public StepHistory(int capacity) => _ring = new Entry[capacity];

    /// <summary>End of the last step.</summary>
    public long End { get; private set; } = long.MinValue;

    /// <summary>Adds a step that is not older than the last; time before that one's end is not counted twice.</summary>
    /// <param name="start">Its start in ticks.</param>
    /// <param name="end">Its end in ticks.</param>
    /// <param name="configuration">Which configuration ran.</param>
    /// <param name="flops">Its floating-point operations.</param>
    /// <param name="bytes">Its bytes moved.</param>
    public void Add(long start, long end, int configuration, double flops, double bytes)
    {
        start = Math.Max(start, End);
        if (end <= start)
            return;
        WorkDone before = default;
        long changes = 0;
        if (_added > 0)
        {
            ref Entry last = ref At(_added - 1);
            before = last.Before + last.Own;
            changes = last.Changes + (last.Configuration != configuration ? 1 : 0);
        }
        _ring[_added % _ring.Length] = new(start, end, configuration, changes, before, new(flops, bytes, (double)(end - start) / TimeSpan.TicksPerSecond));
        _added++;
        _oldest = Math.Max(_oldest, _added - _ring.Length);
        End = end;
    }

    /// <summary>The work between two times.</summary>
    /// <param name="from">In ticks.</param>
    /// <param name="to">In ticks, after <paramref name="from"/>.</param>
    /// <param name="configuration">The one configuration that ran; -1 when none did.</param>
    /// <returns>Null when several configurations ran, or when the window reaches back beyond what is kept.</returns>
    public WorkDone? Between(long from, long to, out int configuration)
    {
        configuration = -1;
        long first = FirstEndingAfter(from);
        if (first == _added || At(first).Start >= to)
            return _oldest > 0 && first == _oldest ? null : default(WorkDone);
        if (_oldest > 0 && first == _oldest && At(first).Start > from)
            return null;
        long last = LastStartingBefore(to);
        ref Entry a = ref At(first);
        ref Entry b = ref At(last);
        if (a.Changes != b.Changes)
            return null;
        configuration = a.Configuration;
        if (first == last)
            return a.Own * a.Part(from, to);
        ref Entry next = ref At(first + 1);
        var whole = new WorkDone(b.Before.Flops - next.Before.Flops, b.Before.Bytes - next.Before.Bytes, b.Before.Seconds - next.Before.Seconds);
        return whole + a.Own * a.Part(from, to) + b.Own * b.Part(from, to);
    }

    private ref Entry At(long index) => ref _ring[index % _ring.Length];

    private long FirstEndingAfter(long at)
    {
        long low = _oldest, high = _added;
        while (low < high)
        {
            long middle = (low + high) / 2;
            if (At(middle).End > at)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }
        return low;
    }

    private long LastStartingBefore(long at)
    {
        long low = _oldest, high = _added;
        while (low < high)
        {
            long middle = (low + high) / 2;
            if (At(middle).Start >= at)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }
        return low - 1;
    }

    private readonly record struct Entry(long Start, long End, int Configuration, long Changes, WorkDone Before, WorkDone Own)
    {
        /// <summary>The part of the step that lies between two times.</summary>
        public double Part(long from, long to) => (double)(Math.Min(to, End) - Math.Max(from, Start)) / (End - Start);
    }
}
