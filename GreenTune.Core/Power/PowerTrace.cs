using GreenTune.Core.Units;

namespace GreenTune.Core.Power;

/// <summary>Energy over a window of a trace.</summary>
/// <param name="Energy">Integral over the part of the window that the trace covers.</param>
/// <param name="Covered">How long that part is; nothing is extrapolated beyond the first and last sample.</param>
/// <param name="Marks">Marks of the intervals it touches.</param>
public readonly record struct TraceEnergy(Joules Energy, TimeSpan Covered, TraceMarks Marks);

/// <summary>
/// The last samples of one device in a ring of fixed size, in order of time. Integrates by trapezoid with linear interpolation at both
/// edges of a window (design section 4.1). Not thread-safe; adding allocates nothing.
/// </summary>
public sealed class PowerTrace
{
    private readonly PowerSample[] _samples;
    private readonly TraceMarks[] _marks;
    private readonly TimeSpan _gap;
    private int _first;

    /// <param name="capacity">How many samples are kept; at least 2.</param>
    /// <param name="period">Expected time between samples; a distance above three of them is a gap.</param>
    public PowerTrace(int capacity, TimeSpan period)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 2);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(period, TimeSpan.Zero);
        _samples = new PowerSample[capacity];
        _marks = new TraceMarks[capacity];
        _gap = period * BlockCutting.GapPeriods;
    }

    public int Count { get; private set; }

    /// <summary>Samples that were not newer than the last one, or not finite, and were left out.</summary>
    public long Dropped { get; private set; }

    public PowerSample this[int index] => _samples[Slot(index)];

    /// <summary>Adds a sample; one that is not newer than the last, or not a finite power, is left out.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="marks">What is unusual about the interval that ends with it; gaps are found here.</param>
    /// <returns>False when it was left out.</returns>
    public bool Add(in PowerSample sample, TraceMarks marks = TraceMarks.None)
    {
        if (!double.IsFinite(sample.Power.Value) || (Count > 0 && sample.At <= this[Count - 1].At))
        {
            Dropped++;
            return false;
        }
        if (Count > 0 && sample.At - this[Count - 1].At > _gap)
            marks |= TraceMarks.Gap;
        if (Count < _samples.Length)
        {
            Count++;
        }
        else
        {
            _first = (_first + 1) % _samples.Length;
        }
        int slot = Slot(Count - 1);
        _samples[slot] = sample;
        _marks[slot] = marks;
        return true;
    }

    /// <summary>Energy between two times.</summary>
    public TraceEnergy Integrate(MonotonicTime from, MonotonicTime to)
    {
        double energy = 0;
        var covered = TimeSpan.Zero;
        var marks = TraceMarks.None;
        for (int i = Math.Max(1, FirstAfter(from)); i < Count; i++)
        {
            PowerSample a = this[i - 1], b = this[i];
            if (a.At >= to)
                break;
            if (b.At <= from)
                continue;
            PowerSample left = Trapezoid.Interpolate(a, b, MonotonicTime.Max(a.At, from));
            PowerSample right = Trapezoid.Interpolate(a, b, MonotonicTime.Min(b.At, to));
            TimeSpan part = right.At - left.At;
            energy += Trapezoid.Energy(left.Power.Value, right.Power.Value, part.TotalSeconds);
            covered += part;
            marks |= _marks[Slot(i)];
        }
        return new(new(energy), covered, marks);
    }

    /// <summary>
    /// The samples between two times, with one interpolated at each edge that lies between two samples; empty when the trace does not
    /// reach into the window.
    /// </summary>
    public List<PowerSample> Between(MonotonicTime from, MonotonicTime to)
    {
        var points = new List<PowerSample>();
        int start = FirstAfter(from);
        if (from > to || start >= Count || this[0].At > to)
            return points;
        if (start > 0)
            points.Add(Trapezoid.Interpolate(this[start - 1], this[start], from));
        int i = start;
        for (; i < Count && this[i].At <= to; i++)
            points.Add(this[i]);
        if (i < Count && i > 0 && (points.Count == 0 || points[^1].At < to))
            points.Add(Trapezoid.Interpolate(this[i - 1], this[i], to));
        return points;
    }

    /// <summary>Index of the first sample after <paramref name="at"/>, or <see cref="Count"/>.</summary>
    private int FirstAfter(MonotonicTime at)
    {
        int low = 0, high = Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (this[middle].At > at)
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

    private int Slot(int index) => (_first + index) % _samples.Length;
}
