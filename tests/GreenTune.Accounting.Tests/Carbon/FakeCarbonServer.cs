using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace GreenTune.Accounting.Tests.Carbon;

/// <summary>A server on this machine that answers like the sources: what a test says, call by call, with every call remembered.</summary>
internal sealed class FakeCarbonServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<(string Path, string? Token, string? Authorization)> _calls = new();

    private FakeCarbonServer(WebApplication app) => _app = app;

    /// <summary>What a path answers; the longest prefix wins.</summary>
    public ConcurrentDictionary<string, Func<HttpContext, Task>> Answers { get; } = new(StringComparer.Ordinal);

    public string Address { get; private set; } = "";

    public IReadOnlyList<(string Path, string? Token, string? Authorization)> Calls => [.. _calls];

    public static async Task<FakeCarbonServer> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(["--urls", "http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        var server = new FakeCarbonServer(builder.Build());
        server._app.Run(server.AnswerAsync);
        await server._app.StartAsync();
        server.Address = server._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/";
        return server;
    }

    public void Json(string path, string body) => Answers[path] = context =>
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body);
    };

    public void Status(string path, int status, string? retryAfter = null) => Answers[path] = context =>
    {
        context.Response.StatusCode = status;
        if (retryAfter is not null)
        {
            context.Response.Headers.RetryAfter = retryAfter;
        }

        return Task.CompletedTask;
    };

    /// <summary>Never answers while the client waits.</summary>
    public void Silent(string path) => Answers[path] = context => Task.Delay(TimeSpan.FromSeconds(30), context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);

    public int Count(string path) => _calls.Count(call => call.Path.StartsWith(path, StringComparison.Ordinal));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path + context.Request.QueryString;
        _calls.Enqueue((path, context.Request.Headers["auth-token"], context.Request.Headers.Authorization));
        string? match = Answers.Keys.Where(prefix => path.StartsWith(prefix, StringComparison.Ordinal)).MaxBy(prefix => prefix.Length);
        if (match is not null)
        {
            return Answers[match](context);
        }

        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}
