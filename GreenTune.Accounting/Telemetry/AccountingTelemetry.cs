using System.Diagnostics;
using System.Diagnostics.Metrics;
using GreenTune.Accounting.Carbon;
using GreenTune.Core.Contracts;
using GreenTune.Core.Telemetry;

namespace GreenTune.Accounting.Telemetry;

/// <summary>Spans and metrics of the books.</summary>
internal sealed class AccountingTelemetry
{
    private static readonly ActivitySource Source = new(TelemetryNames.Accounting);

    private readonly Counter<double> _emissions;
    private readonly Counter<long> _decisions;

    public AccountingTelemetry(IMeterFactory meters, CarbonPricing pricing)
    {
        Meter meter = meters.Create(TelemetryNames.Accounting);
        _emissions = meter.CreateCounter<double>(TelemetryNames.CarbonEmissions, "g{CO2e}", "Operational CO2e of stored requests, by design section 4.5.");
        _decisions = meter.CreateCounter<long>("greentune.budget.decisions", "{decision}", "Requests that a budget notified, degraded or blocked.");
        meter.CreateObservableGauge(TelemetryNames.CarbonIntensity, () => Intensity(pricing.Current), "g{CO2e}/kWh", "Carbon intensity in force, without PUE.");
    }

    /// <summary>
    /// Counts a record and leaves its `record` span in the request's own trace, so that one trace shows a request from HTTP to its place in the books.
    /// Linked to the request's span and to the ingest that brought it.
    /// </summary>
    public void Stored(RequestRecord record, double? grams)
    {
        string quality = record.Energy.Quality.ToString().ToLowerInvariant();
        if (grams is { } emitted)
        {
            _emissions.Add(emitted, new TagList { { TelemetryNames.Configuration, record.ConfigurationId }, { TelemetryNames.EnergyQuality, quality } });
        }

        if (!Source.HasListeners() || record.TraceId is null || record.SpanId is null)
        {
            return;
        }

        var request = new ActivityContext(ActivityTraceId.CreateFromString(record.TraceId), ActivitySpanId.CreateFromString(record.SpanId), ActivityTraceFlags.Recorded, isRemote: true);
        ActivityLink[] links = Activity.Current is { } ingest ? [new(request), new(ingest.Context)] : [new(request)];
        using Activity? span = Source.StartActivity("record", ActivityKind.Internal, request, links: links);
        span?.SetTag(TelemetryNames.RequestId, record.Id);
        span?.SetTag(TelemetryNames.Tenant, record.Tenant);
        span?.SetTag(TelemetryNames.Configuration, record.ConfigurationId);
        span?.SetTag(TelemetryNames.EnergyQuality, quality);
        span?.SetTag(TelemetryNames.Joules, record.Energy.Joules?.Value);
        span?.SetTag(TelemetryNames.CO2eGrams, grams);
    }

    public void Decided(BudgetAction action, Guid budget) =>
        _decisions.Add(1, new TagList { { "greentune.budget.action", action.ToString().ToLowerInvariant() }, { "greentune.budget.id", budget } });

    private static Measurement<double> Intensity(CarbonFactor factor) => new(
        factor.Intensity.Value, new KeyValuePair<string, object?>("greentune.carbon.zone", factor.Zone), new KeyValuePair<string, object?>("greentune.carbon.estimated", factor.Estimated));
}
