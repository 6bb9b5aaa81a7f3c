using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace GreenTune.Inference.Tests.External;

/// <summary>An OpenAI-compatible engine on a loopback port, which does what the last message tells it to.</summary>
internal sealed class FakeUpstream : IAsyncDisposable
{
    public const string Model = "fake/model-8b";

    private static readonly string[] Words = ["One", " two", " three", " föur", "."];

    private WebApplication? _app;

    public Uri Url { get; private set; } = null!;

    /// <summary>Bodies that came, by what they told.</summary>
    public ConcurrentDictionary<string, JsonDocument> Bodies { get; } = [];

    /// <summary>Authorization headers that came, by what they told.</summary>
    public ConcurrentDictionary<string, string> Authorizations { get; } = [];

    /// <summary>What it was told when a client went away.</summary>
    public ConcurrentDictionary<string, bool> Aborted { get; } = [];

    /// <summary>Lets an answer that is to be cut go on to its cut.</summary>
    public TaskCompletionSource Cut { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Status of the list of models.</summary>
    public int ListStatus { get; set; } = 200;

    public async Task StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        app.MapGet("/v1/models", () => ListStatus == 200 ? Results.Json(new { data = new[] { new { id = Model } } }) : Results.StatusCode(ListStatus));
        app.MapPost("/v1/chat/completions", AnswerAsync);
        app.MapPost("/v1/completions", (HttpContext context) => context.Response.WriteAsJsonAsync(new { id = "cmpl-up", choices = new[] { new { text = "continued", finish_reason = "length" } }, usage = new { prompt_tokens = 3, completion_tokens = 1 } }));
        await app.StartAsync();
        _app = app;
        Url = new Uri(app.Urls.Single() + "/v1");
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        JsonDocument body = await JsonDocument.ParseAsync(context.Request.Body);
        string told = body.RootElement.GetProperty("messages").EnumerateArray().Last().GetProperty("content").GetString()!;
        Bodies[told] = body;
        Authorizations[told] = context.Request.Headers.Authorization.ToString();
        bool stream = body.RootElement.TryGetProperty("stream", out JsonElement wanted) && wanted.GetBoolean();
        string kind = told.Split(' ')[0];
        try
        {
            await (kind switch
            {
                "status" => StatusAsync(context, int.Parse(told.Split(' ')[1], CultureInfo.InvariantCulture)),
                "never" => Task.Delay(Timeout.Infinite, context.RequestAborted),
                "redirect" => Redirect(context),
                _ => stream ? StreamAsync(context, kind, Cut.Task) : WholeAsync(context, kind),
            });
        }
        catch (OperationCanceledException)
        {
            Aborted[told] = true;
        }
    }

    private static Task Redirect(HttpContext context)
    {
        context.Response.Redirect("http://127.0.0.1:1/");
        return Task.CompletedTask;
    }

    private static async Task StatusAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.RetryAfter = "7";
        await context.Response.WriteAsJsonAsync(new { error = new { message = $"the engine says {status}", param = "messages" } });
    }

    private static async Task WholeAsync(HttpContext context, string kind)
    {
        switch (kind)
        {
            case "garbage":
                await context.Response.WriteAsync("<html>no JSON</html>");
                return;
            case "cut":
                context.Response.ContentLength = 1000;
                await context.Response.WriteAsync("""{"choices": [""");
                await context.Response.Body.FlushAsync();
                context.Abort();
                return;
        }

        await context.Response.WriteAsJsonAsync(new
        {
            id = "chatcmpl-upstream",
            @object = "chat.completion",
            created = 1,
            model = Model,
            choices = new[] { new { index = 0, message = new { role = "assistant", content = string.Concat(Words) }, finish_reason = "stop" } },
            usage = kind == "no-usage" ? null : new { prompt_tokens = 11, completion_tokens = 5, total_tokens = 16 },
        });
    }

    private static async Task StreamAsync(HttpContext context, string kind, Task cut)
    {
        context.Response.ContentType = kind == "untyped" ? "text/plain" : "text/event-stream";
        if (kind == "garbage-first")
        {
            await SendAsync(context, "data: {{{ no JSON\n\n");
            return;
        }

        await SendAsync(context, ": keep-alive\n\n");
        foreach ((int index, string word) in Words.Index())
        {
            await SendAsync(context, $"data: {Chunk(word, null)}\n\n");
            switch (kind, index)
            {
                case ("cut", 2):
                    // Aborting drops what has not been read: the test says when it has.
                    await cut;
                    context.Abort();
                    return;
                case ("ends", 2):
                    return;
                case ("garbage", 2):
                    await SendAsync(context, "data: {\"choices\": [\n\n");
                    return;
                case ("error", 2):
                    await SendAsync(context, "data: {\"error\": {\"message\": \"out of memory\"}}\n\n");
                    await SendAsync(context, "data: [DONE]\n\n");
                    return;
                case ("pause", 2):
                    await Task.Delay(Timeout.Infinite, context.RequestAborted);
                    return;
                case ("long", 2):
                    await SendAsync(context, "data: " + new string('x', 3 << 20));
                    return;
            }
        }

        await SendAsync(context, $"data: {Chunk(null, "stop")}\n\n");
        if (kind != "no-usage")
        {
            await SendAsync(context, """data: {"id":"chatcmpl-upstream","object":"chat.completion.chunk","created":1,"model":"fake/model-8b","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":5,"total_tokens":16}}""" + "\n\n");
        }

        if (kind != "no-done")
        {
            await SendAsync(context, "data: [DONE]\n\n");
        }
    }

    private static string Chunk(string? word, string? finish) => JsonSerializer.Serialize(new
    {
        id = "chatcmpl-upstream",
        @object = "chat.completion.chunk",
        created = 1,
        model = Model,
        choices = new[] { new { index = 0, delta = new { content = word }, finish_reason = finish } },
    });

    private static async Task SendAsync(HttpContext context, string text)
    {
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }
}
