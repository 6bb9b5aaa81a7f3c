using System.Text;
using GreenTune.Accounting.ThreeE;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Events;

/// <summary>/api/events: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).</summary>
internal static class EventsApi
{
    /// <summary>A comment this often keeps proxies from closing a quiet connection.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    private static readonly byte[] Comment = ": still here\n\n"u8.ToArray();

    public static void MapEventsApi(this IEndpointRouteBuilder app) =>
        app.MapGet("/api/events", ListenAsync).WithSummary("Server-sent events: record, budget, budgetDeleted, auto, plan.").DisableHttpMetrics();

    private static async Task ListenAsync(HttpContext context, EventHub events, ThreeEService threeE, TimeProvider clock, IHostApplicationLifetime lifetime)
    {
        // Ends with the service, too, which otherwise would wait for its listeners.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache, no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        try
        {
            // Listening begins before the first event is made, so that a change in between is not missed.
            using EventHub.Subscription subscription = events.Subscribe();
            ThreeEView view = await threeE.ViewAsync(ending.Token);
            await WriteAsync(context.Response, EventHub.Event(EventNames.Auto, view.Auto), ending.Token);
            while (true)
            {
                while (subscription.Events.TryRead(out ServerEvent? next))
                {
                    await WriteAsync(context.Response, next, ending.Token);
                }

                await context.Response.Body.FlushAsync(ending.Token);
                using var waiting = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
                Task<bool> more = subscription.Events.WaitToReadAsync(waiting.Token).AsTask();
                if (await Task.WhenAny(more, Task.Delay(Heartbeat, clock, waiting.Token)) != more)
                {
                    ending.Token.ThrowIfCancellationRequested();
                    await context.Response.Body.WriteAsync(Comment, ending.Token);
                }

                await waiting.CancelAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The listener went away, or the service stops.
        }
    }

    // JSON has no line breaks of its own, so the data is one line.
    private static async Task WriteAsync(HttpResponse response, ServerEvent serverEvent, CancellationToken cancellation) =>
        await response.Body.WriteAsync(Encoding.UTF8.GetBytes($"event: {serverEvent.Name}\ndata: {serverEvent.Data}\n\n"), cancellation);
}
