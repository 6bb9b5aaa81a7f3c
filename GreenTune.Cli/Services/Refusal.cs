using System.Net;
using System.Text;
using System.Text.Json;
using GreenTune.Cli.CommandLine;

namespace GreenTune.Cli.Services;

/// <summary>
/// A service's refusal in its own words: a problem document's detail ({"title": "Bad Request", "status": 400, "detail": "..."}), or the message of OpenAI's
/// envelope ({"error": {"message": "..."}}).
/// </summary>
internal static class Refusal
{
    private const int LongestBody = 64 * 1024;
    private const int LongestSentence = 1000;

    public static async Task<CommandFailedException> ReadAsync(string service, Uri address, HttpResponseMessage response, CancellationToken cancellation)
    {
        string status = $"{(int)response.StatusCode} {response.ReasonPhrase ?? response.StatusCode.ToString()}";
        string? said = Words(await BodyAsync(response, cancellation));
        if (said is null)
            return new CommandFailedException($"{service} at {address} answered {status} without saying why; if that is not {service}'s address, --url names it");
        string retry = response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable && RetryAfter(response) is { } seconds
            ? $"; it may be asked again in {seconds:N0} s"
            : "";
        string key = response.StatusCode == HttpStatusCode.Unauthorized ? $"; name a key with --api-key or the variable {ApiKey.Variable}" : "";
        return new CommandFailedException($"{service} answered {status}: {said.TrimEnd('.', ' ')}{retry}{key}");
    }

    private static double? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter?.Delta?.TotalSeconds;

    private static string? Words(byte[] body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return null;
            JsonElement root = document.RootElement;
            string? words = root.TryGetProperty("error", out JsonElement error) && error.ValueKind == JsonValueKind.Object
                ? Text(error, "message")
                : Text(root, "detail") ?? Text(root, "title");
            return words is { Length: > LongestSentence } ? words[..LongestSentence] + "..." : words;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    private static async Task<byte[]> BodyAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        try
        {
            await using Stream stream = await response.Content.ReadAsStreamAsync(cancellation);
            var body = new byte[LongestBody];
            int length = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellation);
            return body[..length];
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return Encoding.UTF8.GetBytes("");
        }
    }
}
