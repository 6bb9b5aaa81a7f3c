namespace GreenTune.ServiceDefaults.Discovery;

/// <summary>Sends `http://inference/...` to where inference is. Below the retries, so that another try may go to another replica.</summary>
internal sealed class ServiceDiscoveryHandler(ServiceEndpoints endpoints) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var named = request.RequestUri;
        if (named is null || endpoints.Resolve(named) is not { } address)
        {
            return await base.SendAsync(request, cancellationToken);
        }

        request.RequestUri = address;
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
