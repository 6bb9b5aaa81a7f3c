using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace GreenTune.ServiceDefaults.Startup;

/// <summary>
/// An event stream (GET, text/event-stream) never ends by itself and would hold up every stop until its time is over: it ends when the
/// service begins to stop. Answers that are being generated (POST) are left to finish.
/// </summary>
internal sealed class EndlessStreams(RequestDelegate next, IHostApplicationLifetime lifetime)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) || !context.Request.Headers.Accept.ToString().Contains("text/event-stream", StringComparison.OrdinalIgnoreCase))
        {
            await next(context);
            return;
        }

        var client = context.RequestAborted;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(client, lifetime.ApplicationStopping);
        context.RequestAborted = either.Token;
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
