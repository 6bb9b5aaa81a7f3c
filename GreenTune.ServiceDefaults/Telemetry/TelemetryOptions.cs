using GreenTune.ServiceDefaults.Startup;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Telemetry;

/// <summary>Section `Telemetry`. Where telemetry goes is OpenTelemetry's own variables' to say (OTEL_EXPORTER_OTLP_ENDPOINT and others).</summary>
public sealed class TelemetryOptions
{
    public const string Section = "Telemetry";

    /// <summary>
    /// How long the last export may take when the service stops. Under the AppHost all services together have four seconds.
    /// <value>The default value is 1 second.</value>
    /// </summary>
    public TimeSpan LastExport { get; set; } = TimeSpan.FromSeconds(1);
}

internal sealed class TelemetryOptionsRules : IValidateOptions<TelemetryOptions>
{
    public ValidateOptionsResult Validate(string? name, TelemetryOptions options) => new RangeRules(TelemetryOptions.Section)
        .Range(nameof(options.LastExport), options.LastExport, TimeSpan.FromSeconds(0.1), TimeSpan.FromMinutes(1), new TelemetryOptions().LastExport)
        .Result();
}
