using System.Net;
using System.Net.Http.Headers;
using GreenTune.ServiceDefaults.Access;

namespace GreenTune.Inference.External;

/// <summary>Connections to one upstream. Redirects are not followed and no proxy is used: either could lead where the upstream's name does not.</summary>
internal sealed class UpstreamConnection : IDisposable
{
    private readonly HttpMessageInvoker _http;
    private readonly Upstream _upstream;

    public UpstreamConnection(Upstream upstream, TimeSpan connectTimeout)
    {
        _upstream = upstream;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectTimeout = connectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = ConnectAsync,
        });
    }

    /// <summary>Sends a request to a path below the upstream's address, and returns when its answer begins.</summary>
    /// <exception cref="HttpRequestException">It cannot be reached, or its answer is no HTTP.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, byte[]? json, string? requestId, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, new Uri(_upstream.Url, path));
        if (_upstream.ApiKeyVariable is { } variable && Environment.GetEnvironmentVariable(variable) is { Length: > 0 } key)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        }

        if (requestId is not null)
        {
            request.Headers.TryAddWithoutValidation("X-Request-Id", requestId);
        }

        if (json is not null)
        {
            request.Content = new ByteArrayContent(json) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        return await _http.SendAsync(request, cancellation);
    }

    public void Dispose() => _http.Dispose();

    private ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation) =>
        AllowedHosts.ConnectAsync(context.DnsEndPoint, _upstream.MayBeInner, $"{ExternalOptions.Section}:Allow", cancellation);
}
