using System.Collections;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>Environment of a child process: what Aspire gives a project in run mode.</summary>
internal static class ChildEnvironment
{
    /// <summary>Tells a child that its standard input is a lifeline: when it ends, AppHost is gone, however it went, and the child stops.</summary>
    public const string Lifeline = "GREENTUNE_LIFELINE";

    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>AppHost's own, not the children's: addresses above all, and the profile and environment that each gets from its own launch profile.</summary>
    private static readonly string[] NotInherited =
    [
        "ASPNETCORE_URLS", "DOTNET_URLS", "ASPNETCORE_HTTP_PORTS", "ASPNETCORE_HTTPS_PORTS", "DOTNET_HTTP_PORTS", "DOTNET_HTTPS_PORTS", "URLS",
        "DOTNET_LAUNCH_PROFILE", "ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT", "OTEL_SERVICE_NAME", Lifeline,
    ];

    /// <summary>The whole environment of replica <paramref name="replica"/> (from 0), whose process is named <paramref name="instance"/>.</summary>
    public static async Task<Dictionary<string, string>> BuildAsync(AppModel model, ProjectResource project, int replica, string instance, bool colour, CancellationToken cancellationToken)
    {
        var variables = Inherited();
        foreach (var (name, value) in Own(model, project, replica, instance, colour))
        {
            variables[name] = value;
        }

        var context = new EnvironmentCallbackContext(model.Context, project, cancellationToken: cancellationToken);
        foreach (var annotation in project.Annotations.OfType<EnvironmentCallbackAnnotation>())
        {
            await annotation.Callback(context).ConfigureAwait(false);
        }

        foreach (var (name, value) in context.EnvironmentVariables)
        {
            variables[name] = await TextAsync(project, name, value, cancellationToken).ConfigureAwait(false);
        }

        return variables;
    }

    internal static Dictionary<string, string> Inherited()
    {
        var names = OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
        return Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(variable => !NotInherited.Contains((string)variable.Key, StringComparer.OrdinalIgnoreCase))
            .ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value ?? string.Empty, names);
    }

    private static IEnumerable<(string Name, string Value)> Own(AppModel model, ProjectResource project, int replica, string instance, bool colour)
    {
        yield return (Lifeline, "stdin");
        yield return ("LOGGING__CONSOLE__FORMATTERNAME", "simple");
        if (colour)
        {
            yield return ("DOTNET_SYSTEM_CONSOLE_ALLOW_ANSI_COLOR_REDIRECTION", "true");
        }

        if (project.Annotations.OfType<LaunchProfileAnnotation>().LastOrDefault() is { } chosen)
        {
            yield return ("DOTNET_LAUNCH_PROFILE", chosen.LaunchProfileName);
            foreach (var (name, value) in chosen.Profile.EnvironmentVariables)
            {
                yield return (name, value);
            }
        }

        var endpoints = project.Endpoints.Select(endpoint => endpoint.Replicas[replica]).ToList();
        var urls = endpoints.Where(endpoint => endpoint.Endpoint.IsHttp).Select(endpoint => endpoint.UriString).ToList();
        if (urls.Count > 0)
        {
            yield return ("ASPNETCORE_URLS", string.Join(';', urls));
        }

        if (endpoints.Find(endpoint => endpoint.UriScheme == "https") is { } https)
        {
            yield return ("ASPNETCORE_HTTPS_PORT", https.Port.ToString(CultureInfo.InvariantCulture));
        }

        foreach (var endpoint in endpoints)
        {
            if (endpoint.Endpoint.PortEnvironmentVariable is { } variable)
            {
                yield return (variable, endpoint.Port.ToString(CultureInfo.InvariantCulture));
            }
        }

        foreach (var telemetry in Telemetry(model, project, instance))
        {
            yield return telemetry;
        }
    }

    /// <summary>
    /// Aspire sends telemetry to its own dashboard (ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL). There is none here, so telemetry goes where
    /// AppHost's OTEL_EXPORTER_OTLP_ENDPOINT says, and nowhere without it.
    /// </summary>
    private static IEnumerable<(string Name, string Value)> Telemetry(AppModel model, ProjectResource project, string instance)
    {
        yield return ("OTEL_SERVICE_NAME", project.Name);
        var attributes = model.Configuration["OTEL_RESOURCE_ATTRIBUTES"];
        yield return ("OTEL_RESOURCE_ATTRIBUTES", (string.IsNullOrEmpty(attributes) ? string.Empty : attributes + ",") + $"service.instance.id={instance}");
        var endpoint = model.Configuration[OtlpEndpoint];
        if (string.IsNullOrEmpty(endpoint))
        {
            yield break;
        }

        yield return (OtlpEndpoint, endpoint);
        yield return ("OTEL_EXPORTER_OTLP_PROTOCOL", model.Configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] is { Length: > 0 } protocol ? protocol : "grpc");
        yield return ("OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY", "in_memory");
        if (model.Environment.EnvironmentName == "Development")
        {
            // Telemetry of a development run is looked at while it runs.
            yield return ("OTEL_BLRP_SCHEDULE_DELAY", "1000");
            yield return ("OTEL_BSP_SCHEDULE_DELAY", "1000");
            yield return ("OTEL_METRIC_EXPORT_INTERVAL", "1000");
            yield return ("OTEL_TRACES_SAMPLER", "always_on");
            yield return ("OTEL_METRICS_EXEMPLAR_FILTER", "trace_based");
            yield return ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true");
        }
    }

    private static async ValueTask<string> TextAsync(ProjectResource project, string name, object value, CancellationToken cancellationToken)
    {
        try
        {
            return value switch
            {
                string text => text,
                IValueProvider provider => await provider.GetValueAsync(cancellationToken).ConfigureAwait(false) ?? string.Empty,
                IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
                _ => value.ToString() ?? string.Empty,
            };
        }
        catch (Exception e) when (e is InvalidOperationException or MissingParameterValueException)
        {
            throw new DistributedApplicationException($"'{project.Name}' cannot start: its variable {name} has no value. {e.Message}", e);
        }
    }
}
