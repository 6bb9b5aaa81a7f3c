using GreenTune.ServiceDefaults.Startup;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Prometheus;

/// <summary>Section `Telemetry:Prometheus`: the page that Prometheus reads.</summary>
public sealed class PrometheusOptions
{
    public const string Section = "Telemetry:Prometheus";

    /// <summary>Whether /metrics is there. <value>The default value is true.</value></summary>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// Sets of labels that one instrument may have. What comes beyond is counted in one series labelled otel_metric_overflow="true", so that sums stay right and memory
    /// stays bounded. <value>The default value is 1000.</value>
    /// </summary>
    public int MaxSeries { get; set; } = 1000;
}

internal sealed class PrometheusOptionsRules : IValidateOptions<PrometheusOptions>
{
    public ValidateOptionsResult Validate(string? name, PrometheusOptions options) => new RangeRules(PrometheusOptions.Section)
        .Range(nameof(options.MaxSeries), options.MaxSeries, 10, 100_000, new PrometheusOptions().MaxSeries)
        .Result();
}
