using GreenTune.ServiceDefaults.Access;
using GreenTune.ServiceDefaults.Data;
using GreenTune.ServiceDefaults.Errors;
using GreenTune.ServiceDefaults.Health;
using GreenTune.ServiceDefaults.Resilience;
using GreenTune.ServiceDefaults.Startup;
using GreenTune.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults;

/// <summary>What every service of GreenTune has: one call before it is built, one after, and one to run it.</summary>
public static class ServiceDefaultsExtensions
{
    private const string Live = "live";

    /// <summary>The AppHost kills four seconds after it asked: what is left of them is for the last telemetry and for closing files.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Telemetry, health checks, service discovery and resilience of outgoing calls, problem documents, request limits, the data
    /// directory, the rule that a service listens on loopback only, and an orderly stop.
    /// </summary>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.Configuration.AddQuietLogging();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = StopTime);

        // First of all, so that a service whose parent is gone does not begin its own start.
        builder.Services.TryAddSingleton<LifelineEnds>();
        builder.Services.AddHostedService<Lifeline>();

        builder.Services.AddOptions<SecurityOptions>().BindConfiguration(SecurityOptions.Section);
        builder.Services.AddOptions<AccessOptions>().BindConfiguration(AccessOptions.Section).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<AccessOptions>, AccessOptionsRules>());
        builder.Services.AddHostedService<LoopbackRule>();
        builder.Services.AddHostedService(services => new StartLine(services, services.GetRequiredService<IHostEnvironment>(), Console.Out));
        builder.Services.TryAddEnumerable(ServiceDescriptor.Transient<IStartupFilter, ServiceDefaultsFilter>());

        builder.AddTelemetry();
        builder.AddProblems();
        builder.AddOutgoingHttp();
        builder.AddOutgoingUrlPolicy();
        builder.AddDataDirectory();
        builder.Services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy("answers"), [Live]);
        return builder;
    }

    /// <summary>
    /// Maps /health (200 when the service is ready to serve, 503 with the reasons until then) and /alive (200 while the process answers).
    /// Both are there in every environment, since probes need them, and neither is traced or counted.
    /// Call it before the service's own middleware: what comes after it has its exceptions answered with problem documents.
    /// </summary>
    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        app.UseExceptionProblems();
        app.MapHealthChecks(HealthPaths.Health, new HealthCheckOptions { ResponseWriter = HealthReportJson.WriteAsync })
            .DisableHttpMetrics()
            .AllowAnonymous();
        app.MapHealthChecks(HealthPaths.Alive, new HealthCheckOptions { Predicate = check => check.Tags.Contains(Live), ResponseWriter = HealthReportJson.WriteAsync })
            .DisableHttpMetrics()
            .AllowAnonymous();
        return app;
    }

    /// <summary>
    /// Runs the service until it is asked to stop. A mistake in its configuration is told in a line for each on standard error, without a
    /// stack trace, and gives exit code 1: <c>return await app.RunServiceAsync();</c>
    /// </summary>
    /// <param name="app">The service.</param>
    /// <param name="prepare">What has to be done before anything is served, once the configuration is known to be sound; it may throw <see cref="ServiceStartException"/>.</param>
    public static async Task<int> RunServiceAsync(this WebApplication app, Func<CancellationToken, Task>? prepare = null)
    {
        try
        {
            // The host checks the same when it starts, but logs what it finds as a crash.
            app.Services.GetService<IStartupValidator>()?.Validate();
            foreach (var rule in app.Services.GetServices<IHostedService>().OfType<LoopbackRule>())
            {
                rule.Check(LoopbackRule.Requested(app.Services.GetRequiredService<IConfiguration>()));
            }

            if (prepare is not null)
            {
                await prepare(app.Lifetime.ApplicationStopping);
            }
        }
        catch (Exception e) when (e is OptionsValidationException or AggregateException or InvalidOperationException or ServiceStartException)
        {
            foreach (var message in Messages(e))
            {
                await Console.Error.WriteLineAsync($"{app.Environment.ApplicationName} cannot start. {message}");
            }

            await app.DisposeAsync();
            return 1;
        }

        await app.RunAsync();
        return 0;
    }

    private static IEnumerable<string> Messages(Exception exception) => exception switch
    {
        OptionsValidationException options => options.Failures,
        AggregateException several => several.InnerExceptions.SelectMany(Messages),
        _ => [exception.Message],
    };

    private static void AddDataDirectory(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<DataOptions>()
            .BindConfiguration(DataOptions.Section)
            .ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<DataOptions>, DataOptionsCheck>();
        builder.Services.TryAddSingleton(services => DataDirectory.From(services.GetRequiredService<IOptions<DataOptions>>().Value, services.GetRequiredService<IConfiguration>()));
    }
}
