using System.Net;

namespace GreenTune.Dashboard.Tests.Services;

/// <summary>Answers requests as a test says.</summary>
internal sealed class StubHandler(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
{
    public List<HttpRequestMessage> Requests { get; } = [];

    public static HttpClient Client(Func<HttpRequestMessage, HttpResponseMessage> answer) => new(new StubHandler(answer)) { BaseAddress = new Uri("http://stub") };

    public static HttpClient Client(HttpStatusCode status, string body, string type = "application/json") =>
        Client(_ => new HttpResponseMessage(status) { Content = new StringContent(body, System.Text.Encoding.UTF8, type) });

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests.Add(request);
        return Task.FromResult(answer(request));
    }
}
