using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace GreenTune.ServiceDefaults.Telemetry;

/// <summary>Puts the exception behind an error response on the server span; the middleware around it sees the status alone. Answers nothing itself.</summary>
internal sealed class ExceptionRecorder : IExceptionHandler
{
    public ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        // What the client did wrong is not an error of the server, and a client that left is neither.
        if (exception is not BadHttpRequestException
            && exception is not OperationCanceledException
            && httpContext.Features.Get<IHttpActivityFeature>()?.Activity is { IsAllDataRequested: true } activity)
        {
            activity.AddException(exception);
            activity.SetTag("error.type", exception.GetType().FullName);
        }

        return ValueTask.FromResult(false);
    }
}
