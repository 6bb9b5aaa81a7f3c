namespace GreenTune.Dashboard.Services;

/// <summary>
/// Turns http://accounting into the address that <see cref="ServiceAddresses"/> knows. Discovery of ServiceDefaults runs before it and then leaves it nothing to do.
/// </summary>
internal sealed class ServiceAddressHandler(ServiceAddresses addresses) : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.RequestUri is { IsDefaultPort: true } uri && addresses.Find(uri.Host) is { } address)
        {
            request.RequestUri = new Uri(address, uri.PathAndQuery);
        }

        return base.SendAsync(request, cancellationToken);
    }
}
