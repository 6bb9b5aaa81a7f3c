using System.Text;
using GreenTune.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Prometheus;

/// <summary>The page that Prometheus reads: <c>builder.AddPrometheus()</c> before the service is built, <c>app.MapPrometheus()</c> after.</summary>
public static class PrometheusExtensions
{
    /// <summary>Collects the service's metrics from its start on.</summary>
    public static TBuilder AddPrometheus<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.Services.AddMetrics();
        builder.Services.AddOptions<PrometheusOptions>().BindConfiguration(PrometheusOptions.Section).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PrometheusOptions>, PrometheusOptionsRules>());
        builder.Services.TryAddSingleton<MetricCollector>();
        builder.Services.AddHostedService(services => services.GetRequiredService<MetricCollector>());
        return builder;
    }

    /// <summary>
    /// Maps GET /metrics: text format 0.0.4, or OpenMetrics 1.0 to who accepts it. It has no figures of single requests, tenants' texts or keys, and is neither traced nor
    /// counted itself.
    /// </summary>
    public static IEndpointConventionBuilder? MapPrometheus(this WebApplication app)
    {
        if (!app.Services.GetRequiredService<IOptions<PrometheusOptions>>().Value.Enabled)
        {
            return null;
        }

        var collector = app.Services.GetRequiredService<MetricCollector>();
        string service = app.Environment.ApplicationName;
        return app.MapGet(HealthPaths.Metrics, (HttpContext context) => WriteAsync(context, collector, service))
            .WithSummary("Metrics in Prometheus' text format, or OpenMetrics where it is accepted.")
            .DisableHttpMetrics();
    }

    private static async Task WriteAsync(HttpContext context, MetricCollector collector, string service)
    {
        bool openMetrics = context.Request.Headers.Accept.ToString().Contains("application/openmetrics-text", StringComparison.OrdinalIgnoreCase);
        context.Response.ContentType = openMetrics ? PrometheusText.OpenMetricsType : PrometheusText.PlainType;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsync(PrometheusText.Write(collector.Collect(), service, openMetrics), Encoding.UTF8, context.RequestAborted);
    }
}
