using System.Globalization;
using System.Text;

namespace GreenTune.ServiceDefaults.Prometheus;

/// <summary>
/// Writes metrics as Prometheus' text format 0.0.4 or as OpenMetrics 1.0:
/// <code>
/// # HELP greentune_request_energy_joules Energy of a request.
/// # TYPE greentune_request_energy_joules histogram
/// greentune_request_energy_joules_bucket{le="0.5"} 3
/// greentune_request_energy_joules_sum 1.5
/// greentune_request_energy_joules_count 4
/// </code>
/// </summary>
internal static class PrometheusText
{
    public const string PlainType = "text/plain; version=0.0.4; charset=utf-8";
    public const string OpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    public static string Write(IEnumerable<(MetricFamily Family, IReadOnlyList<MetricSeries> Series)> metrics, string service, bool openMetrics)
    {
        var text = new StringBuilder(16 * 1024);
        text.Append(CultureInfo.InvariantCulture, $"# TYPE target{(openMetrics ? "" : "_info")} {(openMetrics ? "info" : "gauge")}\n");
        text.Append(CultureInfo.InvariantCulture, $"target_info{{service_name=\"{PrometheusNames.Escape(service)}\"}} 1\n");
        foreach (var group in metrics.GroupBy(metric => metric.Family.Name, StringComparer.Ordinal))
        {
            // Two meters may have an instrument of one name; of another kind it cannot stand under the same head.
            MetricFamily head = group.First().Family;
            WriteHead(text, head, openMetrics);
            var written = new HashSet<string>(StringComparer.Ordinal);
            foreach ((MetricFamily family, IReadOnlyList<MetricSeries> all) in group.Where(item => item.Family.Kind == head.Kind))
            {
                foreach (MetricSeries series in all.Where(series => written.Add(series.Labels)))
                {
                    WriteSeries(text, family, series, openMetrics);
                }
            }
        }

        if (openMetrics)
        {
            text.Append("# EOF\n");
        }

        return text.ToString();
    }

    private static void WriteHead(StringBuilder text, MetricFamily family, bool openMetrics)
    {
        string name = family.Kind == MetricKind.Counter && !openMetrics ? family.Name + "_total" : family.Name;
        if (family.Help.Length > 0)
        {
            text.Append("# HELP ").Append(name).Append(' ').Append(PrometheusNames.EscapeHelp(family.Help, openMetrics)).Append('\n');
        }

        string kind = family.Kind switch
        {
            MetricKind.Counter => "counter",
            MetricKind.Histogram => "histogram",
            _ => "gauge",
        };
        text.Append("# TYPE ").Append(name).Append(' ').Append(kind).Append('\n');
    }

    private static void WriteSeries(StringBuilder text, MetricFamily family, MetricSeries series, bool openMetrics)
    {
        if (family.Kind != MetricKind.Histogram)
        {
            Line(text, family.Kind == MetricKind.Counter ? family.Name + "_total" : family.Name, series.Labels, null, PrometheusNames.Number(series.Value));
            return;
        }

        long cumulated = 0;
        for (int i = 0; i < series.Buckets.Length; i++)
        {
            cumulated += series.Buckets[i];
            double bound = i < family.Bounds!.Length ? family.Bounds[i] : double.PositiveInfinity;
            Line(text, family.Name + "_bucket", series.Labels, PrometheusNames.Bound(bound, openMetrics), cumulated.ToString(CultureInfo.InvariantCulture));
        }

        Line(text, family.Name + "_sum", series.Labels, null, PrometheusNames.Number(series.Value));
        Line(text, family.Name + "_count", series.Labels, null, series.Count.ToString(CultureInfo.InvariantCulture));
    }

    private static void Line(StringBuilder text, string name, string labels, string? bound, string value)
    {
        text.Append(name);
        if (labels.Length > 0 || bound is not null)
        {
            text.Append('{').Append(labels);
            if (bound is not null)
            {
                text.Append(labels.Length > 0 ? "," : "").Append("le=\"").Append(bound).Append('"');
            }

            text.Append('}');
        }

        text.Append(' ').Append(value).Append('\n');
    }
}
