using System.Globalization;
using System.Net;
using System.Text.Json;
using GreenTune.Inference.Chat;

namespace GreenTune.Inference.External;

/// <summary>What an upstream's failures are for the client of this service, in OpenAI's envelope.</summary>
internal static class UpstreamErrors
{
    private const int MaxErrorBytes = 64 << 10;
    private const int MaxMessage = 1000;

    /// <summary>A request that got no answer: the upstream is not there, or hung up.</summary>
    public static ApiException NoAnswer(Upstream upstream, HttpRequestException e) =>
        e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError
            ? Failure(StatusCodes.Status502BadGateway, $"{upstream.Id} cannot be reached: {Reason(e)}.", "upstream_unreachable")
            : BrokenOff(upstream, Reason(e));

    /// <summary>The innermost message, which names the cause, without its full stop.</summary>
    public static string Reason(Exception e) => e.GetBaseException().Message.TrimEnd('.');

    public static ApiException TooSlow(Upstream upstream, TimeSpan waited) =>
        Failure(StatusCodes.Status504GatewayTimeout, string.Create(CultureInfo.InvariantCulture, $"{upstream.Id} did not go on within {waited.TotalSeconds:0.#} s."), "upstream_timeout");

    public static ApiException BrokenOff(Upstream upstream, string how) =>
        Failure(StatusCodes.Status502BadGateway, $"The answer of {upstream.Id} broke off: {how}.", "upstream_broken_off");

    public static ApiException Garbled(Upstream upstream, string what) =>
        Failure(StatusCodes.Status502BadGateway, $"The answer of {upstream.Id} is not what OpenAI's API answers: {what}.", "upstream_invalid");

    /// <summary>Why an upstream that asks for a key is of no use, for its operator.</summary>
    public static string Refused(Upstream upstream) => upstream.ApiKeyVariable is { } variable
        ? $"it refuses the key in {variable}{(string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable)) ? ", which is not set" : "")}."
        : "it asks for a key; name the environment variable that holds it as ApiKeyVariable.";

    /// <summary>An answer that is no success.</summary>
    public static async Task<ApiException> OfAsync(Upstream upstream, HttpResponseMessage response, CancellationToken cancellation)
    {
        (string? message, string? field) = await ReadAsync(response, cancellation);
        string said = message is null ? $"status {(int)response.StatusCode}" : message;
        switch (response.StatusCode)
        {
            case HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnprocessableContent or HttpStatusCode.Conflict:
                return new ApiException((int)response.StatusCode, $"{upstream.Id}: {said}", field, "upstream_refused");
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden:
                return Failure(StatusCodes.Status502BadGateway, $"{upstream.Id} is not set up: {Refused(upstream)}", "upstream_unauthorized");
            case HttpStatusCode.TooManyRequests:
                return Again(new ApiException(StatusCodes.Status429TooManyRequests, $"{upstream.Id} takes no more requests now: {said}", code: "upstream_busy", type: "rate_limit_error"), response);
            case HttpStatusCode.ServiceUnavailable:
                return Again(Failure(StatusCodes.Status503ServiceUnavailable, $"{upstream.Id} is not available now: {said}", "upstream_unavailable"), response);
            case HttpStatusCode.RequestTimeout or HttpStatusCode.GatewayTimeout:
                return Failure(StatusCodes.Status504GatewayTimeout, $"{upstream.Id}: {said}", "upstream_timeout");
            default:
                // The client asked rightly; what is wrong lies between this service and the upstream.
                return Failure(StatusCodes.Status502BadGateway, $"{upstream.Id} failed: {said}", "upstream_failed");
        }
    }

    /// <summary>The message of an "error" object, wherever engines put it; null where there is none.</summary>
    public static (string? Message, string? Field) Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            return (null, null);
        }

        JsonElement error = root.TryGetProperty("error", out JsonElement inner) ? inner : root;
        if (error.ValueKind == JsonValueKind.String)
        {
            return (Cut(error.GetString()!), null);
        }

        return error.ValueKind == JsonValueKind.Object ? (Text(error, "message") ?? Text(error, "detail"), Text(error, "param")) : (null, null);
    }

    private static async Task<(string? Message, string? Field)> ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        try
        {
            using JsonDocument body = JsonDocument.Parse(await LimitedContent.ReadAsync(response.Content, MaxErrorBytes, cancellation));
            return Read(body.RootElement);
        }
        catch (Exception e) when (e is JsonException or IOException or HttpRequestException or InvalidOperationException)
        {
            return (null, null);
        }
    }

    private static string? Text(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? Cut(text) : null;

    private static string Cut(string text) => text.Length > MaxMessage ? text[..MaxMessage] + "..." : text;

    private static ApiException Failure(int status, string message, string code) => new(status, message, code: code, type: "server_error");

    private static ApiException Again(ApiException error, HttpResponseMessage response)
    {
        TimeSpan? wait = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - DateTimeOffset.UtcNow,
            _ => null,
        };
        if (wait is { } time)
        {
            error.Headers[ApiException.RetryAfter] = ApiException.Seconds(time < TimeSpan.FromDays(1) ? time : TimeSpan.FromDays(1));
        }

        return error;
    }
}
