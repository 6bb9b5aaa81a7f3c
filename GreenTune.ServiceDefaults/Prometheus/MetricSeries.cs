namespace GreenTune.ServiceDefaults.Prometheus;

/// <summary>How an instrument's measurements are summed up.</summary>
internal enum MetricKind
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>One set of labels of one instrument.</summary>
internal sealed class MetricSeries(string labels, double[]? bounds)
{
    /// <summary>Written labels without braces, in order of their names.</summary>
    public string Labels { get; } = labels;

    /// <summary>Last value or sum.</summary>
    public double Value { get; set; }

    public long Count { get; private set; }

    /// <summary>Measurements by bucket, not cumulated; the last has no upper bound.</summary>
    public long[] Buckets { get; } = bounds is null ? [] : new long[bounds.Length + 1];

    public void Observe(double value)
    {
        Value += value;
        Count++;
        int bucket = Array.BinarySearch(bounds!, value);
        Buckets[bucket >= 0 ? bucket : ~bucket]++;
    }

    public MetricSeries Copy()
    {
        var copy = new MetricSeries(Labels, bounds) { Value = Value, Count = Count };
        Buckets.CopyTo(copy.Buckets, 0);
        return copy;
    }
}
