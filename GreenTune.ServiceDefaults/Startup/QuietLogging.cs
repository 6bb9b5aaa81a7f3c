using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;

namespace GreenTune.ServiceDefaults.Startup;

/// <summary>Log levels that keep the console to what GreenTune has to say. Any configuration of `Logging` wins over them.</summary>
internal static class QuietLogging
{
    public static void AddQuietLogging(this IConfigurationBuilder configuration)
        => configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData = new Dictionary<string, string?>
            {
                ["Logging:LogLevel:Default"] = "Information",
                ["Logging:LogLevel:Microsoft"] = "Warning",
                ["Logging:LogLevel:System"] = "Warning",
                // It logs an error for every probe of a service that is still loading; who is unhealthy logs the reason itself, and /health answers with it.
                ["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] = "None",
                // It warns that the dashboard's session keys are not encrypted: they lie in the data folder, which its owner alone reads.
                ["Logging:LogLevel:Microsoft.AspNetCore.DataProtection.KeyManagement.XmlKeyManager"] = "Error",
            },
        });
}
