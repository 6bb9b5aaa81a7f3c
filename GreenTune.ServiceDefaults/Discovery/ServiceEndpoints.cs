using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;

namespace GreenTune.ServiceDefaults.Discovery;

/// <summary>
/// Addresses of services by name, from configuration `services:{name}:{scheme}:{i}` (environment: services__inference__http__0). Several
/// addresses take turns. A change of the configuration is seen at the next request. Safe for concurrent use.
/// </summary>
internal sealed class ServiceEndpoints : IDisposable
{
    private readonly IConfiguration _configuration;
    private readonly IDisposable _reload;
    private ConcurrentDictionary<string, Turn> _known = new(StringComparer.OrdinalIgnoreCase);

    public ServiceEndpoints(IConfiguration configuration)
    {
        _configuration = configuration;
        _reload = ChangeToken.OnChange(configuration.GetReloadToken, () => _known = new ConcurrentDictionary<string, Turn>(StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>
    /// The address of a service, or null when <paramref name="uri"/> names none: a host with a dot, a port, localhost or an IP address is an
    /// address already. `https+http` takes https where there is one. A host `_name.service` asks for the endpoint of that name.
    /// </summary>
    /// <exception cref="HttpRequestException">The name is not in the configuration.</exception>
    public Uri? Resolve(Uri uri)
    {
        if (!TrySplit(uri, out var service, out var endpoint))
        {
            return null;
        }

        var schemes = uri.Scheme.Split('+');
        var keys = endpoint is null ? schemes : [endpoint];
        foreach (var key in keys)
        {
            if (_known.GetOrAdd($"{service}:{key}", name => new Turn(Read(name))).Next() is { } address)
            {
                return Combine(address, uri);
            }
        }

        // WithReference(name, uri) leaves the address under "default".
        if (endpoint is null && _known.GetOrAdd($"{service}:default", name => new Turn(Read(name))).Next() is { } fallback)
        {
            return Combine(fallback, uri);
        }

        var first = $"services:{service}:{keys[0]}:0";
        throw new HttpRequestException(
            HttpRequestError.NameResolutionError,
            $"The service '{service}' is not known: configuration has no {string.Join(" and no ", keys.Select(key => $"services:{service}:{key}:0"))}. Start it under the AppHost, or say where it is, for example --{first}=http://localhost:5101 or the environment variable {first.Replace(":", "__", StringComparison.Ordinal)}.");
    }

    public void Dispose() => _reload.Dispose();

    private static bool TrySplit(Uri uri, out string service, out string? endpoint)
    {
        service = uri.Host;
        endpoint = null;
        if (uri.Host.StartsWith('_') && uri.Host.IndexOf('.', StringComparison.Ordinal) is > 1 and var dot)
        {
            endpoint = uri.Host[1..dot];
            service = uri.Host[(dot + 1)..];
        }

        return uri.IsDefaultPort
            && service.Length > 0
            && !service.Contains('.', StringComparison.Ordinal)
            && !string.Equals(service, "localhost", StringComparison.OrdinalIgnoreCase)
            && !IPAddress.TryParse(uri.Host, out _);
    }

    private static Uri Combine(Uri address, Uri request)
        => new UriBuilder(address) { Path = address.AbsolutePath.TrimEnd('/') + request.AbsolutePath, Query = request.Query, Fragment = request.Fragment }.Uri;

    private Uri[] Read(string name)
    {
        var section = _configuration.GetSection("services:" + name);
        var values = section.Value is { Length: > 0 } single ? [single] : section.GetChildren().Select(child => child.Value).OfType<string>().Where(value => value.Length > 0).ToList();
        return [.. values.Select((value, i) => Uri.TryCreate(value, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new HttpRequestException(HttpRequestError.NameResolutionError, $"services:{name}:{i} is '{value}', which is no http or https URL. Example: http://localhost:5101"))];
    }

    private sealed class Turn(Uri[] addresses)
    {
        private uint _next = uint.MaxValue;

        public Uri? Next() => addresses.Length == 0 ? null : addresses[Interlocked.Increment(ref _next) % (uint)addresses.Length];
    }
}
