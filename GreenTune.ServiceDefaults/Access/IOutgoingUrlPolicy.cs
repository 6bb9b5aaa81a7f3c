namespace GreenTune.ServiceDefaults.Access;

/// <summary>
/// Decides which addresses the service may call for somebody, so that nobody makes it call inner ones (server-side request forgery): http and https alone,
/// hosts of an allow-list alone, and no loopback, link-local, private or otherwise special address unless its name is listed whole. Names are looked at twice: when
/// an address is taken (<see cref="Refusal"/>), and by the address that is connected to (<see cref="CreateHandler"/>). Thread-safe.
/// </summary>
public interface IOutgoingUrlPolicy
{
    /// <summary>Why an address may not be called, in one sentence that names the setting; null when it may.</summary>
    string? Refusal(Uri address);

    /// <summary>This policy, and further hosts that the operator has written down elsewhere, such as the address of a carbon source.</summary>
    /// <param name="setting">Configuration key that names the hosts, for messages.</param>
    /// <param name="hosts">Patterns (<see cref="AllowedHosts.PatternForm"/>).</param>
    IOutgoingUrlPolicy Including(string setting, params IEnumerable<string> hosts);

    /// <summary>
    /// Sends only where the policy lets it, checked again at each connection. Redirects are not followed, and no proxy and no cookies are used.
    /// A refused address throws <see cref="OutgoingUrlRefusedException"/>. The caller disposes it.
    /// </summary>
    /// <param name="connectTimeout">Longest wait for a connection; null is 10 seconds.</param>
    HttpMessageHandler CreateHandler(TimeSpan? connectTimeout = null);
}

/// <summary>The policy does not let this address be called; the message names the setting that would.</summary>
public sealed class OutgoingUrlRefusedException(string message) : HttpRequestException(HttpRequestError.ConnectionError, message);
