using System.Globalization;
using System.Text.Json;
using GreenTune.Inference.Engine;

namespace GreenTune.Inference.Chat;

/// <summary>Everything that goes wrong under /v1 answers in OpenAI's envelope, so that OpenAI's clients understand it.</summary>
internal sealed partial class ApiErrorMiddleware(RequestDelegate next, ILogger<ApiErrorMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            RequestIdHeader.Begin(context);
            await next(context);
            if (context.Response is { StatusCode: >= 400, HasStarted: false, ContentLength: null or 0 })
            {
                await WriteAsync(context, ForStatus(context.Response.StatusCode, context.Request));
            }
        }
        catch (ModelUnloadedException e) when (!context.Response.HasStarted)
        {
            await WriteAsync(context, new ApiException(StatusCodes.Status503ServiceUnavailable, e.Message, "model", "model_loading", "server_error") { Headers = { [ApiException.RetryAfter] = "1" } });
        }
        catch (ApiException e) when (!context.Response.HasStarted)
        {
            await WriteAsync(context, e);
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            // Kestrel's own: body over the limit (413), one that comes too slowly (408), malformed chunks and the like.
            await WriteAsync(context, new ApiException(e.StatusCode, e.StatusCode switch
            {
                StatusCodes.Status413PayloadTooLarge => TooLarge,
                StatusCodes.Status408RequestTimeout => TooSlow,
                _ => e.Message,
            }));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone: nobody reads an answer.
            if (!context.Response.HasStarted)
            {
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            }
        }
#pragma warning disable CA1031 // The last resort: the cause goes to the log, the client gets the envelope.
        catch (Exception e) when (!context.Response.HasStarted)
#pragma warning restore CA1031
        {
            LogUnhandled(e, context.Request.Path, RequestIdHeader.Of(context));
            await WriteAsync(context, new ApiException(StatusCodes.Status500InternalServerError, "The service failed on this request; its log says why.", type: "server_error"));
        }
    }

    private const string TooLarge = "The body is larger than the service accepts (Http:MaxRequestBodyBytes). Send a shorter conversation.";

    private const string TooSlow = "The body came more slowly than the service waits for (Inference:Connections:MinRequestBytesPerSecond).";

    private static ApiException ForStatus(int status, HttpRequest request) => status switch
    {
        StatusCodes.Status404NotFound => new(status, $"There is no {request.Method} {request.Path}. There are GET /v1/models, POST /v1/chat/completions and POST /v1/completions."),
        StatusCodes.Status405MethodNotAllowed => new(status, $"{request.Path} does not take {request.Method}."),
        StatusCodes.Status413PayloadTooLarge => new(status, TooLarge),
        StatusCodes.Status415UnsupportedMediaType => new(status, "Send JSON with Content-Type: application/json."),
        _ => new(status, $"The request was refused with status {status.ToString(CultureInfo.InvariantCulture)}.", type: status >= 500 ? "server_error" : "invalid_request_error"),
    };

    /// <summary>Writes an error in OpenAI's envelope.</summary>
    public static async Task WriteAsync(HttpContext context, ApiException error)
    {
        context.Response.Clear();
        context.Response.StatusCode = error.Status;
        foreach ((string name, string value) in error.Headers)
        {
            context.Response.Headers[name] = value;
        }

        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(
            JsonSerializer.Serialize(error.Envelope()),
            CancellationToken.None);
    }

    [LoggerMessage(1, LogLevel.Error, "Unhandled failure on {Path} of request {RequestId}")]
    private partial void LogUnhandled(Exception exception, PathString path, string requestId);
}
