using System.Net;
using System.Text.Json;

namespace GreenTune.Accounting.Carbon.Sources;

/// <summary>One call to a source: bounded in time and size, its failures told apart.</summary>
internal static class SourceHttp
{
    /// <summary>Name of the client.</summary>
    public const string Client = "carbon";

    /// <summary>A day of five-minute values is 60 KB; this is far above.</summary>
    private const int MaxBytes = 8 * 1024 * 1024;

    /// <exception cref="IntensitySourceException">No answer, or one that is no JSON.</exception>
    public static async Task<JsonDocument> GetJsonAsync(HttpClient http, HttpRequestMessage request, string source, TimeSpan timeout, DateTimeOffset now, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(timeout);
        try
        {
            using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            ThrowUnlessSuccess(response, source, now);
            await response.Content.LoadIntoBufferAsync(MaxBytes, limit.Token);
            await using Stream body = await response.Content.ReadAsStreamAsync(limit.Token);
            return await JsonDocument.ParseAsync(body, cancellationToken: limit.Token);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new IntensitySourceException(FormattableString.Invariant($"{source} did not answer within {timeout.TotalSeconds:0.#} s."), SourceFailure.Passing, inner: e);
        }
        catch (HttpRequestException e)
        {
            throw new IntensitySourceException($"{source} cannot be reached: {e.Message}", SourceFailure.Passing, inner: e);
        }
        catch (JsonException e)
        {
            throw new IntensitySourceException($"{source} answered something that is no JSON.", SourceFailure.Nonsense, inner: e);
        }
    }

    private static void ThrowUnlessSuccess(HttpResponseMessage response, string source, DateTimeOffset now)
    {
        if (response.StatusCode == HttpStatusCode.OK)
        {
            return;
        }

        int status = (int)response.StatusCode;
        TimeSpan? retryAfter = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } when date > now => date - now,
            _ => null,
        };
        throw response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => new IntensitySourceException($"{source} does not accept the key (status 401).", SourceFailure.Refused, retryAfter),
            HttpStatusCode.Forbidden => new IntensitySourceException($"{source} does not let this key have that (status 403).", SourceFailure.Refused, retryAfter),
            HttpStatusCode.TooManyRequests => new IntensitySourceException($"{source} has been asked too often (status 429).", SourceFailure.Passing, retryAfter),
            HttpStatusCode.RequestTimeout => new IntensitySourceException($"{source} failed (status 408).", SourceFailure.Passing, retryAfter),
            >= HttpStatusCode.InternalServerError => new IntensitySourceException($"{source} failed (status {status}).", SourceFailure.Passing, retryAfter),
            _ => new IntensitySourceException($"{source} refused the call (status {status}).", SourceFailure.Refused, retryAfter),
        };
    }
}
