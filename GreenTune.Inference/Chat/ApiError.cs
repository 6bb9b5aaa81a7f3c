using System.Globalization;
using System.Text.Json.Serialization;
using Contracts = GreenTune.Core.Contracts;

namespace GreenTune.Inference.Chat;

/// <summary>A request that cannot be served, with what OpenAI's envelope needs. Thrown by the /v1 endpoints' code and written by <see cref="ApiErrorMiddleware"/>.</summary>
internal sealed class ApiException(int status, string message, string? field = null, string? code = null, string type = "invalid_request_error") : Exception(message)
{
    public const string RetryAfter = "Retry-After";

    /// <summary>OpenAI's own clients heed it.</summary>
    public const string ShouldRetry = "x-should-retry";

    public int Status { get; } = status;

    /// <summary>The field at fault, for example "messages[0].role".</summary>
    public string? Field { get; } = field;

    public string? Code { get; } = code;

    public string Type { get; } = type;

    /// <summary>Headers of the answer, Retry-After among them.</summary>
    public Dictionary<string, string> Headers { get; } = [];

    public ApiErrorEnvelope Envelope() => new(new ApiErrorBody(Message, Type, Field, Code));

    public static ApiException Bad(string field, string message) => new(StatusCodes.Status400BadRequest, $"{field}: {message}", field);

    public static ApiException Unsupported(string field, string message) =>
        new(StatusCodes.Status400BadRequest, $"{field}: {message}", field, "unsupported_parameter");

    /// <summary>The client's own deadline has passed.</summary>
    public static ApiException DeadlineExceeded() =>
        new(StatusCodes.Status408RequestTimeout, "The deadline of the request has passed before its answer was complete.", Contracts.Headers.Deadline, "deadline_exceeded", "deadline_exceeded")
        {
            // 408 is what clients retry by themselves, and whoever set the deadline does not wait any more.
            Headers = { [ShouldRetry] = "false" },
        };

    /// <summary>A Retry-After: whole seconds, at least one.</summary>
    public static string Seconds(TimeSpan time) => Math.Max(1, Math.Ceiling(time.TotalSeconds)).ToString("0", CultureInfo.InvariantCulture);
}

/// <summary>OpenAI's error envelope: {"error": {...}}.</summary>
internal sealed record ApiErrorEnvelope([property: JsonPropertyName("error")] ApiErrorBody Error);

internal sealed record ApiErrorBody(
    [property: JsonPropertyName("message")] string Message,
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("param")] string? Param,
    [property: JsonPropertyName("code")] string? Code);
