using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace GreenTune.ServiceDefaults.Access;

/// <summary>Which hosts requests may make this service call, so that no user makes it call inner addresses.</summary>
public sealed class AllowedHosts(IReadOnlyList<string> patterns)
{
    /// <summary>What a pattern looks like, for messages.</summary>
    public const string PatternForm = "a host, host:port or *.domain, for example gpu-7:8000 or *.example.com";

    /// <summary>Whether <paramref name="pattern"/> has that form.</summary>
    public static bool IsPattern(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        (string host, int? port, bool wild) = Split(pattern);
        return host.Length > 0 && (port is null or (>= 1 and <= 65535)) && Uri.CheckHostName(host) != UriHostNameType.Unknown && (!wild || host.Contains('.'));
    }

    /// <summary>Whether an address may be called, and whether its name may lead to an inner address.</summary>
    public (bool Allowed, bool MayBeInner) Check(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        bool byName = false, byDomain = false;
        foreach (string pattern in patterns)
        {
            (string host, int? port, bool wild) = Split(pattern);
            if (port is { } asked && asked != address.Port)
            {
                continue;
            }

            byName |= !wild && string.Equals(host, address.IdnHost, StringComparison.OrdinalIgnoreCase);
            byDomain |= wild && address.IdnHost.EndsWith("." + host, StringComparison.OrdinalIgnoreCase);
        }

        return (byName || byDomain, byName);
    }

    /// <summary>Loopback, private, link-local, shared and other addresses that are not of the public Internet (IANA's special-purpose registries).</summary>
    public static bool IsInner(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            byte[] six = address.GetAddressBytes();
            // Global unicast is 2000::/3; of it, 2001:db8::/32 is for documents, and 2002::/16 and 2001:0::/32 wrap IPv4 addresses.
            return (six[0] & 0xE0) != 0x20
                || (six[0] == 0x20 && six[1] == 0x02)
                || (six[0] == 0x20 && six[1] == 0x01 && ((six[2] == 0 && six[3] == 0) || (six[2] == 0x0D && six[3] == 0xB8)));
        }

        byte[] four = address.GetAddressBytes();
        return four[0] switch
        {
            0 or 10 or 127 or >= 224 => true,
            100 => four[1] is >= 64 and < 128,
            169 => four[1] == 254,
            172 => four[1] is >= 16 and < 32,
            192 => (four[1] == 168) || (four[1] == 0 && four[2] is 0 or 2),
            198 => four[1] is 18 or 19 || (four[1] == 51 && four[2] == 100),
            203 => four[1] == 0 && four[2] == 113,
            _ => false,
        };
    }

    /// <summary>
    /// Connects to a name, looking at the addresses that it leads to now: a name may lead elsewhere by the time it is called than when it was written down.
    /// For <see cref="SocketsHttpHandler.ConnectCallback"/>.
    /// </summary>
    /// <param name="target">Name or address, and port.</param>
    /// <param name="mayBeInner">The operator listed the name whole.</param>
    /// <param name="setting">Configuration key of the list, for the message.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <exception cref="HttpRequestException">It leads to inner addresses alone.</exception>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The stream owns the socket, and the caller the stream.")]
    public static async ValueTask<Stream> ConnectAsync(DnsEndPoint target, bool mayBeInner, string setting, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(target);
        IPAddress[] addresses = await Dns.GetHostAddressesAsync(target.Host, cancellation);
        IPAddress[] allowed = mayBeInner ? addresses : [.. addresses.Where(address => !IsInner(address))];
        if (allowed.Length == 0)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, $"{target.Host} leads to an inner address; list the host by its whole name in {setting} if that is meant");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, target.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static (string Host, int? Port, bool Wild) Split(string pattern)
    {
        bool wild = pattern.StartsWith("*.", StringComparison.Ordinal);
        string rest = wild ? pattern[2..] : pattern;
        int colon = rest.LastIndexOf(':');
        // The colons of an IPv6 address stand inside brackets, or there are several.
        bool hasPort = colon > 0 && (rest[..colon].IndexOf(':') < 0 || rest[colon - 1] == ']');
        int? port = hasPort ? int.TryParse(rest[(colon + 1)..], out int number) ? number : -1 : null;
        string host = hasPort ? rest[..colon] : rest;
        return (host.Trim('[', ']'), port, wild);
    }
}
