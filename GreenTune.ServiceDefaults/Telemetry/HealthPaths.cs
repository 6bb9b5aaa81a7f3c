using Microsoft.AspNetCore.Http;

namespace GreenTune.ServiceDefaults.Telemetry;

/// <summary>The addresses that are asked all the time and tell nobody anything in a trace.</summary>
internal static class HealthPaths
{
    public const string Health = "/health";
    public const string Alive = "/alive";
    public const string Metrics = "/metrics";

    public static bool Contains(PathString path) => path.Equals(Health, StringComparison.OrdinalIgnoreCase) || path.Equals(Alive, StringComparison.OrdinalIgnoreCase)
        || path.Equals(Metrics, StringComparison.OrdinalIgnoreCase);
}
