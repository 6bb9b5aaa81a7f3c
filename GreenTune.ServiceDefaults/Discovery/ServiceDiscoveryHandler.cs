using System.Net.Http.Headers;
using GreenTune.ServiceDefaults.Access;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Discovery;

/// <summary>
/// Sends `http://inference/...` to where inference is, with the key that services show one another. Below the retries, so that another try may go to another
/// replica.
/// </summary>
internal sealed class ServiceDiscoveryHandler(ServiceEndpoints endpoints, IOptions<AccessOptions> access) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var named = request.RequestUri;
        if (named is null || endpoints.Resolve(named) is not { } address)
        {
            return await base.SendAsync(request, cancellationToken);
        }

        request.RequestUri = address;
        // Only where a name of the configuration led: the key is nobody else's business.
        if (access.Value.ServiceKey is { } key && request.Headers.Authorization is null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        finally
        {
            request.RequestUri = named;
        }
    }
}
