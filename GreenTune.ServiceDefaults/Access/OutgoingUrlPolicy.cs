using System.Net;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Access;

/// <inheritdoc />
internal sealed class OutgoingUrlPolicy : IOutgoingUrlPolicy
{
    private static readonly TimeSpan DefaultConnectTimeout = TimeSpan.FromSeconds(10);

    private readonly string[] _patterns;
    private readonly AllowedHosts _hosts;
    private readonly string _settings;

    public OutgoingUrlPolicy(IOptions<OutgoingUrlOptions> options)
        : this([.. options.Value.Allow], $"{OutgoingUrlOptions.Section}:Allow")
    {
    }

    private OutgoingUrlPolicy(string[] patterns, string settings)
    {
        _patterns = patterns;
        _hosts = new AllowedHosts(patterns);
        _settings = settings;
    }

    public string? Refusal(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (!address.IsAbsoluteUri || address.Scheme is not ("http" or "https") || address.IdnHost.Length == 0)
        {
            return "Only http and https addresses are called, for example https://hooks.example.com/greentune.";
        }

        if (address.UserInfo.Length > 0)
        {
            return "The address must not hold a user name or password: it would stand in logs.";
        }

        (bool allowed, bool mayBeInner) = _hosts.Check(address);
        if (!mayBeInner && IsInnerByName(address))
        {
            return $"{address.IdnHost} is an inner address (loopback, private, link-local or the like). If that is meant, the operator lists it by its whole name in {_settings}, for example {Environment(address)}.";
        }

        return allowed ? null : $"{address.IdnHost} is not among the hosts that this service may call. The operator lists it in {_settings}, for example {Environment(address)}.";
    }

    public IOutgoingUrlPolicy Including(string setting, params IEnumerable<string> hosts) =>
        new OutgoingUrlPolicy([.. _patterns, .. hosts], _settings.Contains(setting, StringComparison.Ordinal) ? _settings : $"{_settings} or {setting}");

    public HttpMessageHandler CreateHandler(TimeSpan? connectTimeout = null) => new Checked(this, new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ConnectTimeout = connectTimeout ?? DefaultConnectTimeout,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        ConnectCallback = ConnectAsync,
    });

    private ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        // The scheme does not matter here: name and port are what connections are pooled by.
        var target = new UriBuilder(Uri.UriSchemeHttp, context.DnsEndPoint.Host, context.DnsEndPoint.Port).Uri;
        return AllowedHosts.ConnectAsync(context.DnsEndPoint, _hosts.Check(target).MayBeInner, _settings, cancellation);
    }

    private static bool IsInnerByName(Uri address)
    {
        string host = address.IdnHost.Trim('[', ']').TrimEnd('.');
        return IPAddress.TryParse(host, out IPAddress? ip)
            ? AllowedHosts.IsInner(ip)
            : host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
    }

    private static string Environment(Uri address) =>
        $"{OutgoingUrlOptions.Section}__Allow__0={(address.IsDefaultPort ? address.Host : address.Authority)}";

    private sealed class Checked(OutgoingUrlPolicy policy, SocketsHttpHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Check(request);
            return base.SendAsync(request, cancellationToken);
        }

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Check(request);
            return base.Send(request, cancellationToken);
        }

        private void Check(HttpRequestMessage request)
        {
            string? refusal = request.RequestUri is { } address ? policy.Refusal(address) : "There is no address to call.";
            if (refusal is not null)
            {
                throw new OutgoingUrlRefusedException(refusal);
            }
        }
    }
}
