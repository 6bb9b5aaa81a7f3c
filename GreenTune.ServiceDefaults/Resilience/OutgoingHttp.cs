using Microsoft.Extensions.DependencyInjection;

namespace GreenTune.ServiceDefaults.Resilience;

/// <summary>What a client or a single request says about being tried again.</summary>
public static class OutgoingHttp
{
    private static readonly HttpRequestOptionsKey<bool> Once = new("GreenTune.Once");
    private static readonly HttpRequestOptionsKey<bool> Idempotent = new("GreenTune.Idempotent");

    /// <summary>
    /// For clients whose calls take as long as they take, such as generation: no time-outs, no retries, no circuit breaker. Names are
    /// still resolved. <paramref name="timeout"/> bounds a call until its headers, and its body where that is buffered; null is no limit.
    /// </summary>
    public static IHttpClientBuilder WithoutResilience(this IHttpClientBuilder client, TimeSpan? timeout = null)
        => client
            .ConfigureHttpClient(http => http.Timeout = timeout ?? Timeout.InfiniteTimeSpan)
            .ConfigureAdditionalHttpMessageHandlers((handlers, _) =>
            {
                foreach (var handler in handlers.OfType<ResilienceHandler>().ToList())
                {
                    handlers.Remove(handler);
                }
            });

    /// <summary>This request is sent once and without time-out or circuit breaker, for example the start of a stream. The client's own time-out stays.</summary>
    public static HttpRequestMessage WithoutResilience(this HttpRequestMessage request)
    {
        request.Options.Set(Once, true);
        return request;
    }

    /// <summary>Allows retries of a POST or PATCH that the receiver takes as one however often it comes, for example records with an id.</summary>
    public static HttpRequestMessage AsIdempotent(this HttpRequestMessage request)
    {
        request.Options.Set(Idempotent, true);
        return request;
    }

    internal static bool IsOnce(HttpRequestMessage request) => request.Options.TryGetValue(Once, out var once) && once;

    internal static bool MayBeRepeated(HttpRequestMessage request)
    {
        var idempotent = request.Method == HttpMethod.Get
            || request.Method == HttpMethod.Head
            || request.Method == HttpMethod.Options
            || request.Method == HttpMethod.Trace
            || request.Method == HttpMethod.Put
            || request.Method == HttpMethod.Delete
            || (request.Options.TryGetValue(Idempotent, out var said) && said);
        // The content of a stream is gone once it was sent.
        return idempotent && request.Content is not StreamContent and not MultipartContent;
    }
}
