using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace GreenTune.ServiceDefaults.Startup;

/// <summary>
/// An event stream that is read by GET never ends by itself and would hold up every stop until its time is over: it ends when the service
/// begins to stop. All other requests are left to finish, answers that are being generated (POST) among them.
/// </summary>
internal sealed class EndlessStreams(RequestDelegate next, IHostApplicationLifetime lifetime)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) || context.Request.Headers.Upgrade.Count > 0)
        {
            await next(context);
            return;
        }

        var client = context.RequestAborted;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(client);
        var isStream = false;
        context.RequestAborted = end.Token;
        context.Response.OnStarting(() =>
        {
            Volatile.Write(ref isStream, context.Response.ContentType?.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase) ?? false);
            return Task.CompletedTask;
        });
        using var stopping = lifetime.ApplicationStopping.Register(() =>
        {
            if (Volatile.Read(ref isStream))
            {
                end.Cancel();
            }
        });
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested && !client.IsCancellationRequested)
        {
            // The stream ends here; the client sees it end and comes back to whoever answers next.
        }
        finally
        {
            context.RequestAborted = client;
        }
    }
}
