using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace GreenTune.Models.Download;

/// <summary>
/// Requests to a hub and to where it redirects: at most five redirects, each checked, and the token for the hub's own host alone.
/// Whatever another attempt may mend becomes a <see cref="PassingFaultException"/>.
/// </summary>
internal sealed class HubHttp : IDisposable
{
    private const int MostRedirects = 5;
    private readonly HubOptions _options;
    private readonly HubAddresses _addresses;
    private readonly TimeProvider _clock;
    private readonly HttpClient _http;

    /// <param name="options">The hub.</param>
    /// <param name="clock">Dates of Retry-After are told by it.</param>
    /// <param name="resolve">Addresses of a host; null asks the system.</param>
    /// <param name="connect">Where a connection goes in place of these addresses, for tests; null connects to them.</param>
    public HubHttp(HubOptions options, TimeProvider clock, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null, Func<DnsEndPoint, IPEndPoint>? connect = null)
    {
        options.Validate();
        _options = options;
        _clock = clock;
        _addresses = new HubAddresses(options, resolve ?? HubAddresses.ResolveByDns);
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(30),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            UseProxy = !options.Endpoint.IsLoopback,
            ConnectCallback = async (context, cancellation) =>
            {
                DnsEndPoint wanted = context.DnsEndPoint;
                // Another host than the request's is the proxy, which the user's environment names.
                bool direct = string.Equals(wanted.Host, context.InitialRequestMessage.RequestUri!.IdnHost, StringComparison.OrdinalIgnoreCase);
                IPAddress[] addresses = direct ? await _addresses.AddressesAsync(wanted.Host, cancellation) : await HubAddresses.ResolveByDns(wanted.Host, cancellation);
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    if (connect is null)
                        await socket.ConnectAsync(addresses, wanted.Port, cancellation);
                    else
                        await socket.ConnectAsync(connect(wanted), cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("greentune");
        // What is hashed is the file, not a compressed form of it.
        _http.DefaultRequestHeaders.AcceptEncoding.ParseAdd("identity");
    }

    public Uri Endpoint => _options.Endpoint;

    public bool HasToken => _options.Token is not null;

    public void Dispose() => _http.Dispose();

    public bool IsHub(Uri address) => _addresses.IsHub(address);

    /// <summary>The answer to a GET, redirects followed; the body is still to be read. Other answers than 200, 206 and 416 are exceptions.</summary>
    /// <param name="address">Where.</param>
    /// <param name="what">What is asked for, for messages.</param>
    /// <param name="from">First byte that is wanted; 0 for all.</param>
    /// <param name="ifRange">The strong tag that the first bytes had; null where there is none.</param>
    /// <param name="cancellationToken">Stops the request.</param>
    /// <exception cref="HubException">Permanent: asking again brings the same.</exception>
    /// <exception cref="PassingFaultException">Asking again may help.</exception>
    public async Task<HttpResponseMessage> GetAsync(Uri address, HubSubject what, long from, EntityTagHeaderValue? ifRange, CancellationToken cancellationToken)
    {
        Uri current = address;
        for (int hops = 0; ; hops++)
        {
            HttpResponseMessage response = await SendAsync(current, what, from, ifRange, cancellationToken);
            if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable)
                return response;
            using (response)
            {
                if (response.StatusCode is not (HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect))
                    throw HubAnswers.Fault(response, current, _addresses.IsHub(current), what, _options, _clock);
                if (hops == MostRedirects)
                    throw new HubException(HubFailure.Refused, $"{what}: the hub redirects more than {MostRedirects} times");
                if (response.Headers.Location is not { } location || !Uri.TryCreate(current, location, out Uri? next))
                    throw new PassingFaultException($"{what}: {current.Host} redirects without saying where");
                _addresses.CheckRedirect(next);
                current = next;
            }
        }
    }

    private async Task<HttpResponseMessage> SendAsync(Uri address, HubSubject what, long from, EntityTagHeaderValue? ifRange, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (_options.Token is { } token && _addresses.IsHub(address))
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Value);
        if (from > 0)
        {
            request.Headers.Range = new RangeHeaderValue(from, null);
            if (ifRange is not null)
                request.Headers.IfRange = new RangeConditionHeaderValue(ifRange);
        }
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException e) when (Inner<HubException>(e) is { } refused)
        {
            throw new HubException(refused.Failure, refused.Message, e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new PassingFaultException($"{what}: {Reason(address, e)}", innerException: e);
        }
    }

    /// <summary>What went wrong between here and a host, without the address's query, which may hold a signature.</summary>
    public static string Reason(Uri address, Exception e) => Inner<SocketException>(e)?.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => $"nothing listens at {address.Authority}",
        SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData => $"the host {address.Host} is not known",
        SocketError.ConnectionReset => $"{address.Host} reset the connection",
        _ => $"the connection to {address.Host} failed: {e.Message}",
    };

    private static T? Inner<T>(Exception e)
        where T : Exception
    {
        for (Exception? inner = e; inner is not null; inner = inner.InnerException)
        {
            if (inner is T found)
                return found;
        }
        return null;
    }
}
