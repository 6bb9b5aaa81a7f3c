namespace GreenTune.Inference.External;

/// <summary>Sends requests under /v1 that name an external configuration to its upstream, and lets all others through to the service's own models.</summary>
internal sealed class ExternalRouting(RequestDelegate next, ExternalRegistry registry, ExternalProxy proxy)
{
    public const string Chat = "chat/completions";

    private const string Text = "completions";

    public async Task InvokeAsync(HttpContext context)
    {
        if (registry.IsEmpty)
        {
            await next(context);
            return;
        }

        string path = context.Request.Path.Value ?? "";
        string? target = !HttpMethods.IsPost(context.Request.Method) ? null
            : path.Equals("/v1/" + Chat, StringComparison.OrdinalIgnoreCase) ? Chat
            : path.Equals("/v1/" + Text, StringComparison.OrdinalIgnoreCase) ? Text
            : null;
        if (target is null)
        {
            await next(context);
            return;
        }

        byte[] body = await ReadAsync(context);
        if (UpstreamRequest.ModelOf(body) is { } model && registry.Find(model) is { } configuration)
        {
            await proxy.AnswerAsync(context, configuration, target, body);
            return;
        }

        // The endpoint reads it again.
        context.Request.Body = new MemoryStream(body, writable: false);
        await next(context);
    }

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        return buffer.ToArray();
    }
}
