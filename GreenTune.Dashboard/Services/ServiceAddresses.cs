using Microsoft.Extensions.Configuration.Memory;

namespace GreenTune.Dashboard.Services;

/// <summary>
/// Where the services are: <c>services:{name}:{scheme}:0</c>, which service discovery sets. Without it, the fixed local addresses of a development
/// machine, so that the dashboard also starts alone.
/// </summary>
internal sealed class ServiceAddresses(IConfiguration configuration)
{
    private static readonly string[] Schemes = ["https", "http"];

    /// <summary>Puts the local addresses below everything else that configuration says.</summary>
    public static void AddDefaults(ConfigurationManager configuration) => configuration.Sources.Insert(0, new MemoryConfigurationSource
    {
        InitialData = new Dictionary<string, string?>
        {
            [Key(ServiceNames.Inference, "http")] = "http://localhost:5101",
            [Key(ServiceNames.Accounting, "http")] = "http://localhost:5102",
        },
    });

    /// <summary>The address of a service; null for a host that is not one of ours.</summary>
    public Uri? Find(string service) => Schemes
        .Select(scheme => configuration[Key(service, scheme)])
        .Select(text => Uri.TryCreate(text, UriKind.Absolute, out var address) ? address : null)
        .FirstOrDefault(address => address is not null);

    /// <summary>Refuses addresses that are no URLs, naming the key.</summary>
    public static IEnumerable<string> Problems(IConfiguration configuration)
    {
        foreach (var service in ServiceNames.All)
        {
            foreach (var scheme in Schemes)
            {
                if (configuration[Key(service, scheme)] is { Length: > 0 } text
                    && !(Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"))
                {
                    yield return $"{Key(service, scheme)} is '{text}', which is no http address. Example: services__{service}__{scheme}__0=http://localhost:5102";
                }
            }
        }
    }

    private static string Key(string service, string scheme) => $"services:{service}:{scheme}:0";
}
