using System.Net;
using System.Net.Sockets;

namespace GreenTune.Models.Download;

/// <summary>Where the hub may lead a download: https alone unless the hub itself is http, allowed hosts, and no inner addresses from a public hub.</summary>
internal sealed class HubAddresses(HubOptions options, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
{
    public static Task<IPAddress[]> ResolveByDns(string host, CancellationToken cancellationToken) => Dns.GetHostAddressesAsync(host, cancellationToken);

    /// <summary>Whether an address is the hub's own: the only one that gets the token.</summary>
    public bool IsHub(Uri address) => Uri.Compare(address, options.Endpoint, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0;

    /// <exception cref="HubException">The redirect may not be followed.</exception>
    public void CheckRedirect(Uri target)
    {
        if (target.Scheme != Uri.UriSchemeHttps && !(target.Scheme == Uri.UriSchemeHttp && options.Endpoint.Scheme == Uri.UriSchemeHttp))
            throw Refused($"redirects to {target.Scheme}://{target.Host}; https alone is followed");
        if (target.UserInfo.Length > 0)
            throw Refused($"redirects to {target.Host} with a name and password in the address");
        if (!IsHub(target) && options.AllowedHosts.Count > 0 && !IsAllowed(target.Host))
            throw Refused($"redirects to {target.Host}, which is not among the allowed hosts {string.Join(", ", options.AllowedHosts)}");
        // Names are checked when they are resolved; behind a proxy an address in digits is all that can be seen.
        if (IPAddress.TryParse(target.IdnHost, out IPAddress? address) && !IsPublic(address) && !IsAllowed(target.Host) && HasPublicName(options.Endpoint))
            throw Inner(target.Host);
    }

    /// <summary>The addresses to connect to for a host.</summary>
    /// <exception cref="HubException">A public hub led to an inner address.</exception>
    public async Task<IPAddress[]> AddressesAsync(string host, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = await AsAddressesAsync(host, cancellationToken);
        bool own = string.Equals(host, options.Endpoint.IdnHost, StringComparison.OrdinalIgnoreCase) || IsAllowed(host);
        if (own || addresses.All(IsPublic))
            return addresses;
        IPAddress[] hub = await AsAddressesAsync(options.Endpoint.IdnHost, cancellationToken);
        return hub.All(a => !IsPublic(a)) ? addresses : throw Inner(host);
    }

    /// <summary>Whether an address is reachable from the whole internet, by the special-purpose address registries of IANA.</summary>
    public static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        byte[] b = address.GetAddressBytes();
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return !(b[0] is 0 or 10 or 127 or >= 224
                || (b[0] == 100 && b[1] is >= 64 and < 128)
                || (b[0] == 169 && b[1] == 254)
                || (b[0] == 172 && b[1] is >= 16 and < 32)
                || (b[0] == 192 && b[1] == 168)
                || (b[0] == 192 && b[1] == 0 && b[2] is 0 or 2)
                || (b[0] == 198 && b[1] is 18 or 19)
                || (b[0] == 198 && b[1] == 51 && b[2] == 100)
                || (b[0] == 203 && b[1] == 0 && b[2] == 113));
        }
        // Global unicast is 2000::/3; 6to4 and the translation prefix carry an IPv4 address.
        if (b[0] == 0x20 && b[1] == 0x02)
            return IsPublic(new IPAddress(b.AsSpan(2, 4)));
        if (b.AsSpan(0, 12).SequenceEqual((ReadOnlySpan<byte>)[0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]))
            return IsPublic(new IPAddress(b.AsSpan(12, 4)));
        return (b[0] & 0xe0) == 0x20 && !(b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0d && b[3] == 0xb8);
    }

    private bool IsAllowed(string host) => options.AllowedHosts.Any(allowed => allowed.StartsWith("*.", StringComparison.Ordinal)
        ? host.EndsWith(allowed[1..], StringComparison.OrdinalIgnoreCase)
        : string.Equals(host, allowed, StringComparison.OrdinalIgnoreCase));

    private static bool HasPublicName(Uri endpoint) => !endpoint.IsLoopback && (!IPAddress.TryParse(endpoint.IdnHost, out IPAddress? address) || IsPublic(address));

    private async Task<IPAddress[]> AsAddressesAsync(string host, CancellationToken cancellationToken) =>
        IPAddress.TryParse(host, out IPAddress? address) ? [address] : await resolve(host, cancellationToken);

    private HubException Inner(string host) => Refused($"redirects to {host}, an address inside a network; a public hub may not lead there");

    private HubException Refused(string what) => new(HubFailure.Refused, $"the hub at {options.Endpoint.Host} {what}");
}
