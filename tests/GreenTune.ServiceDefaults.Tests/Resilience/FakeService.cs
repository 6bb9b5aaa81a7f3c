using System.Net;

namespace GreenTune.ServiceDefaults.Tests.Resilience;

/// <summary>Stands for the network: answers call after call as it is told, the last answer for ever, and remembers what it was sent.</summary>
internal sealed class FakeService(params Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>>[] answers) : HttpMessageHandler
{
    private int _calls;

    public int Calls => _calls;

    public List<Uri?> Addresses { get; } = [];

    public static Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> Status(HttpStatusCode status, TimeSpan? retryAfter = null)
        => (_, _) =>
        {
            var response = new HttpResponseMessage(status) { Content = new StringContent("answer") };
            if (retryAfter is { } wait)
            {
                response.Headers.RetryAfter = new(wait);
            }

            return Task.FromResult(response);
        };

    public static Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> Refused()
        => (_, _) => throw new HttpRequestException(HttpRequestError.ConnectionError, "connection refused");

    /// <summary>Never answers, until it is cut off.</summary>
    public static Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> Silent()
        => async (_, cut) =>
        {
            await Task.Delay(Timeout.Infinite, cut);
            throw new InvalidOperationException("not reached");
        };

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var call = Interlocked.Increment(ref _calls);
        lock (Addresses)
        {
            Addresses.Add(request.RequestUri);
        }

        return answers[Math.Min(call, answers.Length) - 1](request, cancellationToken);
    }
}
