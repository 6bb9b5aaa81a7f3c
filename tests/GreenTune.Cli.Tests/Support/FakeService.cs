using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace GreenTune.Cli.Tests.Support;

/// <summary>A service on a port of its own whose every answer is the test's.</summary>
internal sealed class FakeService : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeService(WebApplication app) => _app = app;

    public string Address => _app.Urls.First();

    /// <summary>Requests as they came, for example "GET /api/records?limit=20".</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public static async Task<FakeService> StartAsync(RequestDelegate answer)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        var service = new FakeService(app);
        app.Run(context =>
        {
            service.Requests.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
            return answer(context);
        });
        await app.StartAsync();
        return service;
    }

    /// <summary>Answers every request with this, in the form of the contracts.</summary>
    public static Task<FakeService> AnsweringAsync<T>(T value) => StartAsync(context => context.Response.WriteAsJsonAsync(value, ContractJson.Options));

    /// <summary>Answers every request with this problem document.</summary>
    public static Task<FakeService> RefusingAsync(int status, string detail) => StartAsync(context => Refuse(context, status, detail));

    public static Task Refuse(HttpContext context, int status, string detail)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new { title = "Refused", status, detail }, options: null, contentType: "application/problem+json");
    }

    /// <summary>An address where nothing listens.</summary>
    public static string NobodyAt()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
