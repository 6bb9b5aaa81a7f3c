using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;

namespace GreenTune.ServiceDefaults.Prometheus;

/// <summary>
/// An instrument's series by its labels. A measurement of known tags costs one look-up without an allocation. The number of series is bounded: what comes beyond
/// goes to one overflow series. Thread-safe.
/// </summary>
internal sealed class MetricFamily
{
    /// <summary>OpenTelemetry's default bounds for a histogram that states none.</summary>
    private static readonly double[] DefaultBounds = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000];

    private readonly Lock _lock = new();
    private readonly Dictionary<Tags, MetricSeries> _byTags = new(new TagsComparer());
    private readonly Dictionary<Tags, MetricSeries>.AlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>> _lookup;
    private readonly Dictionary<string, MetricSeries> _byLabels = new(StringComparer.Ordinal);
    private readonly string _scope;
    private readonly int _maxSeries;
    private readonly bool _adds;

    public MetricFamily(Instrument instrument, int maxSeries)
    {
        (Kind, _adds, IsObservable) = Describe(instrument);
        Name = PrometheusNames.Family(instrument.Name, instrument.Unit, Kind == MetricKind.Gauge);
        Help = instrument.Description ?? "";
        _scope = instrument.Meter.Name;
        _maxSeries = maxSeries;
        _lookup = _byTags.GetAlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>>();
        Bounds = Kind != MetricKind.Histogram ? null : BoundsOf(instrument) is { Length: > 0 } stated ? stated : DefaultBounds;
    }

    /// <summary>Without _total.</summary>
    public string Name { get; }

    public string Help { get; }

    public MetricKind Kind { get; }

    /// <summary>Its values come when they are asked for, so what it does not say any more is gone.</summary>
    public bool IsObservable { get; }

    public double[]? Bounds { get; }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_lock)
        {
            if (!_lookup.TryGetValue(tags, out MetricSeries? series))
            {
                series = Find(tags);
            }

            if (Kind == MetricKind.Histogram)
            {
                if (!double.IsNaN(value))
                {
                    series.Observe(value);
                }
            }
            else
            {
                series.Value = _adds ? series.Value + value : value;
            }
        }
    }

    /// <summary>Forgets what an observable instrument said last.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _byTags.Clear();
            _byLabels.Clear();
        }
    }

    /// <summary>Copies, in order of their labels.</summary>
    public IReadOnlyList<MetricSeries> Snapshot()
    {
        lock (_lock)
        {
            return [.. _byLabels.Values.Select(series => series.Copy()).OrderBy(series => series.Labels, StringComparer.Ordinal)];
        }
    }

    private MetricSeries Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        // The same tags in another order are the same series.
        string labels = Labels(tags);
        if (!_byLabels.TryGetValue(labels, out MetricSeries? series))
        {
            if (_byLabels.Count >= _maxSeries)
            {
                labels = $"otel_metric_overflow=\"true\",otel_scope_name=\"{PrometheusNames.Escape(_scope)}\"";
            }

            if (!_byLabels.TryGetValue(labels, out series))
            {
                series = new MetricSeries(labels, Bounds);
                _byLabels.Add(labels, series);
            }
        }

        if (_byTags.Count < 4 * _maxSeries)
        {
            _byTags.TryAdd(new Tags(tags.ToArray()), series);
        }

        return series;
    }

    private string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["otel_scope_name"] = _scope };
        foreach ((string key, object? value) in tags)
        {
            string name = PrometheusNames.Label(key);
            string text = PrometheusNames.Value(value);
            if (name.Length > 0 && name != "le")
            {
                // Two tags whose names become one keep both values, as the specification has it.
                labels[name] = labels.TryGetValue(name, out string? there) && name != "otel_scope_name" ? $"{there};{text}" : text;
            }
        }

        return string.Join(',', labels.Select(label => $"{label.Key}=\"{PrometheusNames.Escape(label.Value)}\""));
    }

    private static (MetricKind Kind, bool Adds, bool Observable) Describe(Instrument instrument)
    {
        Type type = instrument.GetType();
        Type definition = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        return definition == typeof(Histogram<>) ? (MetricKind.Histogram, true, false)
            : definition == typeof(Counter<>) ? (MetricKind.Counter, true, false)
            : definition == typeof(UpDownCounter<>) ? (MetricKind.Gauge, true, false)
            : definition == typeof(ObservableCounter<>) ? (MetricKind.Counter, false, true)
            : (MetricKind.Gauge, false, instrument.IsObservable);
    }

    private static double[]? BoundsOf(Instrument instrument) => instrument switch
    {
        Instrument<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
        Instrument<float> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
        Instrument<long> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
        Instrument<int> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
        _ => null,
    };

    private readonly record struct Tags(KeyValuePair<string, object?>[] Items);

    private sealed class TagsComparer : IEqualityComparer<Tags>, IAlternateEqualityComparer<ReadOnlySpan<KeyValuePair<string, object?>>, Tags>
    {
        public bool Equals(Tags x, Tags y) => Equals(x.Items, y);

        public bool Equals(ReadOnlySpan<KeyValuePair<string, object?>> alternate, Tags other)
        {
            if (alternate.Length != other.Items.Length)
            {
                return false;
            }

            for (int i = 0; i < alternate.Length; i++)
            {
                if (!string.Equals(alternate[i].Key, other.Items[i].Key, StringComparison.Ordinal) || !object.Equals(alternate[i].Value, other.Items[i].Value))
                {
                    return false;
                }
            }

            return true;
        }

        public int GetHashCode([DisallowNull] Tags tags) => GetHashCode(tags.Items);

        public int GetHashCode(ReadOnlySpan<KeyValuePair<string, object?>> alternate)
        {
            var hash = new HashCode();
            foreach ((string key, object? value) in alternate)
            {
                hash.Add(key, StringComparer.Ordinal);
                hash.Add(value);
            }

            return hash.ToHashCode();
        }

        public Tags Create(ReadOnlySpan<KeyValuePair<string, object?>> alternate) => new(alternate.ToArray());
    }
}
