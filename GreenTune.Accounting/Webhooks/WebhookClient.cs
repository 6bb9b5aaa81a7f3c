using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using GreenTune.ServiceDefaults.Access;

namespace GreenTune.Accounting.Webhooks;

/// <summary>What came of one attempt.</summary>
/// <param name="Status">The receiver's status; null when there was no answer.</param>
/// <param name="Problem">Why it was not delivered; null when it was.</param>
/// <param name="Hopeless">Another attempt would not help.</param>
internal sealed record WebhookAttempt(int? Status, string? Problem, bool Hopeless = false);

/// <summary>Sends one signed delivery, through the policy for outgoing addresses. Answers are not read beyond their status.</summary>
internal sealed class WebhookClient(IHttpClientFactory clients, TimeProvider clock)
{
    public const string Name = "webhooks";

    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    public const string EventHeader = "X-GreenTune-Event";
    public const string DeliveryHeader = "X-GreenTune-Delivery";
    public const string SignatureHeader = "X-GreenTune-Signature";

    public async Task<WebhookAttempt> SendAsync(string url, string secret, string name, Guid id, string body, CancellationToken cancellation)
    {
        using HttpClient http = clients.CreateClient(Name);
        using var request = new HttpRequestMessage(HttpMethod.Post, url);
        request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        request.Headers.Add(EventHeader, name);
        request.Headers.Add(DeliveryHeader, id.ToString());
        request.Headers.Add(SignatureHeader, Signature(secret, clock.GetUtcNow(), body));
        request.Headers.UserAgent.ParseAdd("greentune-webhook");
        try
        {
            using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            int status = (int)response.StatusCode;
            return response.IsSuccessStatusCode ? new WebhookAttempt(status, null)
                : status is >= 300 and < 400 ? new WebhookAttempt(status, $"The receiver redirects ({status}), which is not followed: name the address that it redirects to.")
                : new WebhookAttempt(status, $"The receiver answered {status}.", response.StatusCode == HttpStatusCode.Gone);
        }
        catch (OutgoingUrlRefusedException e)
        {
            return new WebhookAttempt(null, e.Message);
        }
        catch (HttpRequestException e)
        {
            return new WebhookAttempt(null, $"The receiver cannot be reached: {e.Message}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new WebhookAttempt(null, $"The receiver did not answer within {Timeout.TotalSeconds:0} s.");
        }
    }

    /// <summary>"t=1763550000,v1=5257a8...": a receiver repeats the sum over "t.body" and refuses a t that is minutes old, so that nobody can send it again later.</summary>
    public static string Signature(string secret, DateTimeOffset at, string body)
    {
        string time = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] sum = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{time}.{body}"));
        return $"t={time},v1={Convert.ToHexStringLower(sum)}";
    }
}
