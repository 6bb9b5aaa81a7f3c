using GreenTune.Inference.Chat;
using GreenTune.ServiceDefaults.Access;
using Microsoft.Net.Http.Headers;

namespace GreenTune.Inference.Access;

/// <summary>Who may call what. An endpoint that is not here is closed to all keys (a test names it).</summary>
internal static class InferenceAccess
{
    public static AccessMatrix Matrix { get; } = new(
        new("POST", "/v1/chat/completions", AccessLevel.Use, Generates: true),
        new("POST", "/v1/completions", AccessLevel.Use, Generates: true),
        new("GET", "/v1/models", AccessLevel.Use),
        new("GET", "/v1/models/{**id}", AccessLevel.Use),
        new("GET", "/api/configurations", AccessLevel.Use),
        new("POST", "/api/predictions", AccessLevel.Use),
        new("GET", "/api/configurations/{id}/adapters", AccessLevel.Use),
        new("POST", "/api/configurations/{id}/adapters", AccessLevel.Operate),
        new("DELETE", "/api/configurations/{id}/adapters/{name}", AccessLevel.Operate),
        new("GET", "/api/external", AccessLevel.Operate),
        new("POST", "/api/external", AccessLevel.Admin),
        new("DELETE", "/api/external/{**id}", AccessLevel.Admin),
        new("GET", "/api/profiles", AccessLevel.Operate),
        new("GET", "/metrics", AccessLevel.Operate),
        new("GET", "/api/meter", AccessLevel.Operate),
        new("GET", "/api/meter/power", AccessLevel.Operate),
        new("GET", "/api/meter/stream", AccessLevel.Operate),
        new("POST", "/api/plans", AccessLevel.Operate),
        new("GET", "/api/plans/current", AccessLevel.Operate),
        new("DELETE", "/api/plans/current", AccessLevel.Operate),
        new("GET", "/api/models", AccessLevel.Operate),
        new("POST", "/api/models/pulls", AccessLevel.Operate),
        new("POST", "/api/models/builds", AccessLevel.Operate),
        new("GET", "/api/models/jobs", AccessLevel.Operate),
        new("GET", "/api/models/jobs/{id:guid}", AccessLevel.Operate),
        new("GET", "/api/models/jobs/{id:guid}/events", AccessLevel.Operate),
        new("DELETE", "/api/models/jobs/{id:guid}", AccessLevel.Operate),
        new("DELETE", "/api/models/{name}", AccessLevel.Admin));
}

/// <summary>Refusals in OpenAI's envelope under /v1, so that OpenAI's clients understand them, and as problem documents elsewhere.</summary>
internal sealed class EnvelopeRefusalWriter : IAccessRefusalWriter
{
    public Task WriteAsync(HttpContext context, AccessRefusal refusal)
    {
        if (!context.Request.Path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase))
        {
            return TypedResults.Problem(refusal.Message, statusCode: refusal.Status, extensions: [KeyValuePair.Create("code", (object?)refusal.Code)]).ExecuteAsync(context);
        }

        try
        {
            RequestIdHeader.Begin(context);
        }
        catch (ApiException)
        {
            // That the id cannot be sent back is told to those who are let in.
        }

        var error = new ApiException(refusal.Status, refusal.Message, code: refusal.Code, type: refusal.Status switch
        {
            StatusCodes.Status401Unauthorized => "invalid_request_error",
            StatusCodes.Status403Forbidden => "permission_error",
            StatusCodes.Status429TooManyRequests => "rate_limit_error",
            _ => "server_error",
        });
        foreach (string name in (string[])[HeaderNames.RetryAfter, HeaderNames.WWWAuthenticate])
        {
            if (context.Response.Headers[name] is [{ } value])
            {
                error.Headers[name] = value;
            }
        }

        return ApiErrorMiddleware.WriteAsync(context, error);
    }
}

/// <summary>What a key's limit on tokens says, as OpenAI's clients understand it.</summary>
internal static class TokenLimit
{
    /// <summary>Takes the most that a request can use of its key's tokens.</summary>
    /// <exception cref="ApiException">429: they are not there now.</exception>
    public static void Take(TokenAllowance? allowance, long tokens)
    {
        if (allowance?.Take((int)Math.Min(int.MaxValue, tokens)) is { } refusal)
        {
            throw new ApiException(StatusCodes.Status429TooManyRequests, refusal.Message, code: refusal.Code, type: "rate_limit_error")
            {
                Headers = { [ApiException.RetryAfter] = ApiException.Seconds(refusal.RetryAfter) },
            };
        }
    }
}
