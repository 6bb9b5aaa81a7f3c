namespace GreenTune.Dashboard.Services;

/// <summary>Marks calls that take as long as they take, or whose failure is the answer: streams, chat and probes.</summary>
internal static class SentOnce
{
    /// <summary>What the resilience of ServiceDefaults looks for: no retries, no time-out, no circuit breaker.</summary>
    private static readonly HttpRequestOptionsKey<bool> Once = new("GreenTune.Once");

    public static HttpRequestMessage AsOnce(this HttpRequestMessage request)
    {
        request.Options.Set(Once, true);
        return request;
    }
}
