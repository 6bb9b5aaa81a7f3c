using GreenTune.Core.Contracts;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.Configurations;

/// <summary>Ready once the default configuration can serve; the others may still be on their way.</summary>
internal sealed class ReadinessCheck(ConfigurationRegistry registry, IOptions<InferenceOptions> options) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ServedConfiguration usual = registry.Find(options.Value.DefaultConfiguration)!;
        string failed = string.Join(" ", registry.All.Where(configuration => configuration.Stage == ConfigurationState.Failed).Select(configuration => $"{configuration.Id} failed: {configuration.Error}"));
        return Task.FromResult(usual.Stage switch
        {
            ConfigurationState.Ready when failed.Length == 0 => HealthCheckResult.Healthy(
                $"{registry.All.Count(configuration => configuration.Stage == ConfigurationState.Ready)} of {registry.All.Count} configurations are ready"),
            ConfigurationState.Ready => HealthCheckResult.Degraded(failed),
            // Its next request loads it.
            ConfigurationState.Unloaded => failed.Length == 0 ? HealthCheckResult.Healthy($"{usual.Id} is loaded when it is asked for") : HealthCheckResult.Degraded(failed),
            // Another configuration may do for `auto`; without any, nothing can be served.
            ConfigurationState.Failed when registry.All.Any(configuration => configuration.Stage == ConfigurationState.Ready) => HealthCheckResult.Degraded(failed),
            ConfigurationState.Failed => HealthCheckResult.Unhealthy(failed),
            ConfigurationState stage => HealthCheckResult.Unhealthy($"{usual.Id} is {stage switch { ConfigurationState.Building => "being built", ConfigurationState.Loading => "loading", _ => "waiting" }}"),
        });
    }
}
