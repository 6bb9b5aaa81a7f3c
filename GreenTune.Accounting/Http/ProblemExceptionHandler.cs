using GreenTune.Accounting.Store;
using Microsoft.AspNetCore.Diagnostics;

namespace GreenTune.Accounting.Http;

/// <summary>Turns what may go wrong on the way into problem documents; whatever else fails is a plain 500.</summary>
internal sealed partial class ProblemExceptionHandler(ILogger<ProblemExceptionHandler> logger) : IExceptionHandler
{
    private const int RetryAfterSeconds = 5;

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (Problem(httpContext, exception) is not { } problem)
        {
            return false;
        }

        await problem.ExecuteAsync(httpContext);
        return true;
    }

    private IResult? Problem(HttpContext context, Exception exception)
    {
        switch (exception)
        {
            case RequestRefusedException { Status: StatusCodes.Status400BadRequest } refused:
                return Problems.Fields(new Dictionary<string, string[]> { [refused.Field] = [refused.Message] });
            case RequestRefusedException refused:
                return TypedResults.Problem(refused.Message, statusCode: refused.Status);
            case BadHttpRequestException bad:
                return TypedResults.Problem(bad.Message, statusCode: bad.StatusCode);
            case OperationCanceledException when context.RequestAborted.IsCancellationRequested:
                return TypedResults.StatusCode(StatusCodes.Status499ClientClosedRequest);
        }

        string? unavailable = exception is StoreUnavailableException ? exception.Message : StoreErrors.Unavailable(exception);
        if (unavailable is null)
        {
            return null;
        }

        LogUnavailable(logger, unavailable);
        context.Response.Headers.RetryAfter = RetryAfterSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return TypedResults.Problem($"{unavailable} Nothing of the request was stored; send it again.", statusCode: StatusCodes.Status503ServiceUnavailable, title: "The books cannot be written now");
    }

    [LoggerMessage(1, LogLevel.Error, "{Problem} Requests are answered with 503 until this is mended")]
    private static partial void LogUnavailable(ILogger logger, string problem);
}
