using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Prometheus;

/// <summary>
/// Listens to the service's instruments from its start on. OpenTelemetry's exporter for Prometheus is a pre-release package that not every feed has; this needs
/// nothing but the framework.
/// </summary>
internal sealed partial class MetricCollector : IHostedService, IDisposable
{
    private static readonly string[] Meters = ["GreenTune.", "Microsoft.AspNetCore.", "System.Net.", "System.Runtime", "Microsoft.EntityFrameworkCore", "Npgsql"];

    private readonly ConcurrentDictionary<Instrument, MetricFamily> _families = new();
    private readonly MeterListener _listener = new();
    private readonly Lock _scrape = new();
    private readonly PrometheusOptions _options;
    private readonly IMeterFactory _meters;
    private readonly ILogger<MetricCollector> _logger;

    public MetricCollector(IOptions<PrometheusOptions> options, IMeterFactory meters, ILogger<MetricCollector> logger)
    {
        _options = options.Value;
        _meters = meters;
        _logger = logger;
        _listener.InstrumentPublished = Published;
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, state) => ((MetricFamily)state!).Record((double)value, tags));
        if (_options.Enabled)
        {
            _listener.Start();
        }
    }

    /// <summary>Asks observable instruments, and gives every family with its series, by name.</summary>
    public IReadOnlyList<(MetricFamily Family, IReadOnlyList<MetricSeries> Series)> Collect()
    {
        lock (_scrape)
        {
            foreach (MetricFamily family in _families.Values.Where(family => family.IsObservable))
            {
                family.Clear();
            }

            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException e)
            {
                // The other instruments have answered all the same.
                LogFailed(_logger, e.InnerExceptions[0].Message, e.InnerExceptions.Count);
            }

            return [.. _families.Values.OrderBy(family => family.Name, StringComparer.Ordinal).Select(family => (family, family.Snapshot())).Where(item => item.Item2.Count > 0)];
        }
    }

    // Made with the host, so that it listens before the first request.
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _listener.Dispose();

    private void Published(Instrument instrument, MeterListener listener)
    {
        bool wanted = Meters.Any(name => instrument.Meter.Name.StartsWith(name, StringComparison.Ordinal));
        // Tests run several services in one process; a meter of another's factory is not this one's.
        if (wanted && (instrument.Meter.Scope is null || ReferenceEquals(instrument.Meter.Scope, _meters)))
        {
            listener.EnableMeasurementEvents(instrument, _families.GetOrAdd(instrument, new MetricFamily(instrument, _options.MaxSeries)));
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "An instrument failed to give its value: {Problem} ({Count} in all)")]
    private static partial void LogFailed(ILogger logger, string problem, int count);
}
