namespace GreenTune.Dashboard.Services;

/// <summary>
/// Where the services are: <c>services:{name}:{scheme}:0</c>, which service discovery sets. Without it, the fixed local addresses of a development
/// machine, so that the dashboard also starts alone.
/// </summary>
internal sealed class ServiceAddresses(IConfiguration configuration)
{
    private static readonly string[] Schemes = ["https", "http"];

    private static readonly Dictionary<string, string> Local = new()
    {
        [ServiceNames.Inference] = "http://localhost:5101",
        [ServiceNames.Accounting] = "http://localhost:5102",
    };

    /// <summary>Adds the local address of each service that configuration does not name.</summary>
    public static void AddDefaults(IConfigurationManager configuration) => configuration.AddInMemoryCollection(
        Local.Where(service => Schemes.All(scheme => string.IsNullOrEmpty(configuration[Key(service.Key, scheme)])))
            .Select(service => KeyValuePair.Create(Key(service.Key, "http"), (string?)service.Value)));

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
