using GreenTune.Core.Telemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace GreenTune.ServiceDefaults.Telemetry;

/// <summary>
/// Traces, metrics and logs from what .NET itself emits, without instrumentation packages. Exported by OTLP when
/// OTEL_EXPORTER_OTLP_ENDPOINT, or the endpoint of one signal (OTEL_EXPORTER_OTLP_TRACES_ENDPOINT and so on), is set.
/// </summary>
internal static class TelemetryExtensions
{
    /// <summary>Switched off, ASP.NET Core puts server.address, http.request.method, url.path and url.scheme on its spans by itself.</summary>
    private const string SuppressSpanAttributes = "Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData";

    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private static readonly string[] Sources =
    [
        "GreenTune.*",
        "Microsoft.AspNetCore",
        "Microsoft.AspNetCore.Components",
        "Microsoft.AspNetCore.Components.Server.Circuits",
        "System.Net.Http",
        "Npgsql",
        "Experimental.Microsoft.Extensions.AI",
    ];

    private static readonly string[] Meters =
    [
        "GreenTune.*",
        "Microsoft.AspNetCore.*",
        "System.Net.Http",
        "System.Net.NameResolution",
        "System.Runtime",
        "Microsoft.EntityFrameworkCore",
        "Npgsql",
        "Experimental.Microsoft.Extensions.AI",
    ];

    public static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        AppContext.SetSwitch(SuppressSpanAttributes, false);
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => Describe(resource, builder))
            .WithTracing(tracing => tracing.AddSource(Sources))
            .WithMetrics(metrics => metrics.AddMeter(Meters))
            .WithLogging(
                null,
                options =>
                {
                    options.IncludeFormattedMessage = true;
                    options.IncludeScopes = true;
                });
        AddExporters(telemetry, builder.Configuration);
        builder.Services.AddOptions<TelemetryOptions>().BindConfiguration(TelemetryOptions.Section).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TelemetryOptions>, TelemetryOptionsRules>());
        builder.Services.AddHostedService<LastExport>();
        builder.Services.AddExceptionHandler<ExceptionRecorder>();
    }

    private static void Describe(ResourceBuilder resource, IHostApplicationBuilder builder)
    {
        // The environment's name is read by the SDK itself, and what is added here would win over it.
        var named = !string.IsNullOrEmpty(builder.Configuration["OTEL_SERVICE_NAME"])
            || (builder.Configuration["OTEL_RESOURCE_ATTRIBUTES"]?.Contains("service.name=", StringComparison.Ordinal) ?? false);
        if (!named)
        {
            resource.AddService(builder.Environment.ApplicationName, serviceVersion: typeof(TelemetryNames).Assembly.GetName().Version?.ToString(3));
        }
    }

    private static void AddExporters(OpenTelemetryBuilder telemetry, IConfiguration configuration)
    {
        if (IsSet(configuration, Endpoint))
        {
            telemetry.UseOtlpExporter();
            return;
        }

        // One exporter for all signals would send those without an endpoint of their own to the default address.
        var protocol = configuration["OTEL_EXPORTER_OTLP_PROTOCOL"];
        if (SignalEndpoint(configuration, "TRACES") is { } traces)
        {
            telemetry.WithTracing(tracing => tracing.AddOtlpExporter(options => Direct(options, traces, configuration["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] ?? protocol)));
        }

        if (SignalEndpoint(configuration, "METRICS") is { } metrics)
        {
            telemetry.WithMetrics(builder => builder.AddOtlpExporter(options => Direct(options, metrics, configuration["OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"] ?? protocol)));
        }

        if (SignalEndpoint(configuration, "LOGS") is { } logs)
        {
            telemetry.WithLogging(logging => logging.AddOtlpExporter(options => Direct(options, logs, configuration["OTEL_EXPORTER_OTLP_LOGS_PROTOCOL"] ?? protocol)));
        }
    }

    private static void Direct(OtlpExporterOptions options, Uri endpoint, string? protocol)
    {
        options.Endpoint = endpoint;
        if (protocol is "http/protobuf")
        {
            options.Protocol = OtlpExportProtocol.HttpProtobuf;
        }
    }

    private static Uri? SignalEndpoint(IConfiguration configuration, string signal)
    {
        var key = $"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT";
        return !IsSet(configuration, key) ? null
            : Uri.TryCreate(configuration[key], UriKind.Absolute, out var endpoint) ? endpoint
            : throw new InvalidOperationException($"{key} is '{configuration[key]}', which is no URL. Example: http://localhost:4318/v1/{signal.ToUpperInvariant()}");
    }

    private static bool IsSet(IConfiguration configuration, string key) => !string.IsNullOrWhiteSpace(configuration[key]);
}
