using System.Globalization;
using System.Text.Json;

namespace GreenTune.Inference.Chat;

/// <summary>Everything that goes wrong under /v1 answers in OpenAI's envelope, so that OpenAI's clients understand it.</summary>
internal sealed partial class ApiErrorMiddleware(RequestDelegate next, ILogger<ApiErrorMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (context.Response is { StatusCode: >= 400, HasStarted: false, ContentLength: null or 0 })
            {
                await Write(context, ForStatus(context.Response.StatusCode, context.Request));
            }
        }
        catch (ApiException e) when (!context.Response.HasStarted)
        {
            await Write(context, e);
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            // Kestrel's own: body over the limit (413), malformed chunks and the like.
            await Write(context, new ApiException(e.StatusCode, e.StatusCode == StatusCodes.Status413PayloadTooLarge ? TooLarge : e.Message));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone: nobody reads an answer.
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
#pragma warning disable CA1031 // The last resort: the cause goes to the log, the client gets the envelope.
        catch (Exception e) when (!context.Response.HasStarted)
#pragma warning restore CA1031
        {
            LogUnhandled(e, context.Request.Path);
            await Write(context, new ApiException(StatusCodes.Status500InternalServerError, "The service failed on this request; its log says why.", type: "server_error"));
        }
    }

    private const string TooLarge = "The body is larger than the service accepts (Http:MaxRequestBodyBytes). Send a shorter conversation.";

    private static ApiException ForStatus(int status, HttpRequest request) => status switch
    {
        StatusCodes.Status404NotFound => new(status, $"There is no {request.Method} {request.Path}. See GET /v1/models and POST /v1/chat/completions."),
        StatusCodes.Status405MethodNotAllowed => new(status, $"{request.Path} does not take {request.Method}."),
        StatusCodes.Status413PayloadTooLarge => new(status, TooLarge),
        StatusCodes.Status415UnsupportedMediaType => new(status, "Send JSON with Content-Type: application/json."),
        _ => new(status, $"The request was refused with status {status.ToString(CultureInfo.InvariantCulture)}.", type: status >= 500 ? "server_error" : "invalid_request_error"),
    };

    private static async Task Write(HttpContext context, ApiException error)
    {
        context.Response.Clear();
        context.Response.StatusCode = error.Status;
        foreach ((string name, string value) in error.Headers)
        {
            context.Response.Headers[name] = value;
        }

        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(
            JsonSerializer.Serialize(new ApiErrorEnvelope(new ApiErrorBody(error.Message, error.Type, error.Field, error.Code))),
            CancellationToken.None);
    }

    [LoggerMessage(1, LogLevel.Error, "Unhandled failure on {Path}")]
    private partial void LogUnhandled(Exception exception, PathString path);
}
