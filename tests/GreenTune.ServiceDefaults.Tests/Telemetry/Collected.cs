using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;

namespace GreenTune.ServiceDefaults.Tests.Telemetry;

/// <summary>Keeps what would be exported.</summary>
internal sealed class Spans : BaseExporter<Activity>
{
    private readonly List<Activity> _spans = [];

    public IReadOnlyList<Activity> All
    {
        get
        {
            lock (_spans)
            {
                return [.. _spans];
            }
        }
    }

    public override ExportResult Export(in Batch<Activity> batch)
    {
        lock (_spans)
        {
            foreach (var span in batch)
            {
                _spans.Add(span);
            }
        }

        return ExportResult.Success;
    }

    /// <summary>The server span of a path. It ends after its response has arrived, so it may have to be waited for.</summary>
    public async Task<Activity> ServerSpanAsync(string path)
    {
        for (var i = 0; i < 500; i++)
        {
            if (All.FirstOrDefault(span => span.Kind == ActivityKind.Server && (string?)span.GetTagItem("url.path") == path) is { } found)
            {
                return found;
            }

            await Task.Delay(10);
        }

        throw new InvalidOperationException($"no server span of {path} among {string.Join(", ", All.Select(span => span.DisplayName))}");
    }
}

/// <summary>Keeps the points of histograms by instrument and route.</summary>
internal sealed class Measurements : BaseExporter<Metric>
{
    public List<(string Name, string? Route)> Points { get; } = [];

    public override ExportResult Export(in Batch<Metric> batch)
    {
        foreach (var metric in batch)
        {
            foreach (ref readonly var point in metric.GetMetricPoints())
            {
                string? route = null;
                foreach (var tag in point.Tags)
                {
                    route = tag.Key == "http.route" ? tag.Value as string : route;
                }

                Points.Add((metric.Name, route));
            }
        }

        return ExportResult.Success;
    }
}

/// <summary>Keeps the messages of log records.</summary>
internal sealed class Logs : BaseExporter<LogRecord>
{
    public List<(string? Message, ActivityTraceId Trace)> Records { get; } = [];

    public override ExportResult Export(in Batch<LogRecord> batch)
    {
        foreach (var record in batch)
        {
            Records.Add((record.FormattedMessage, record.TraceId));
        }

        return ExportResult.Success;
    }
}
