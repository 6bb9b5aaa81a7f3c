using System.Globalization;
using System.Text.Json;

namespace Aspire.Hosting.Running;

/// <summary>Asks a process for its health.</summary>
internal sealed class HealthProbe : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
    })
    {
        Timeout = TimeSpan.FromSeconds(2),
    };

    /// <returns>Null when all answers are as expected, otherwise why not, in a few words.</returns>
    public async Task<string?> AskAsync(IEnumerable<HealthQuestion> questions, CancellationToken cancellationToken)
    {
        foreach (var question in questions)
        {
            try
            {
                using var response = await _http.GetAsync(question.Address, cancellationToken).ConfigureAwait(false);
                if ((int)response.StatusCode != question.Expected)
                {
                    var body = await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
                    return Reason(body) ?? string.Create(CultureInfo.InvariantCulture, $"{question.Address} answers {(int)response.StatusCode}");
                }
            }
            catch (HttpRequestException)
            {
                return $"{question.Address} does not answer yet";
            }
            catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return $"{question.Address} did not answer within 2 s";
            }
        }

        return null;
    }

    public void Dispose() => _http.Dispose();

    /// <summary>
    /// What GreenTune's services answer while they are not ready:
    /// <c>{"status":"Unhealthy","checks":[{"name":"models","status":"Unhealthy","description":"building greentune-tiny int4"}]}</c>
    /// </summary>
    internal static string? Reason(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("checks", out var checks) || checks.ValueKind != JsonValueKind.Array)
            {
                return null;
            }

            var reasons = checks.EnumerateArray()
                .Where(check => Text(check, "status") is not "Healthy")
                .Select(check => Text(check, "description") is { Length: > 0 } description ? $"{Text(check, "name")}: {description}" : Text(check, "name"))
                .Where(text => !string.IsNullOrEmpty(text));
            return string.Join("; ", reasons) is { Length: > 0 } reason ? reason : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement check, string property)
        => check.ValueKind == JsonValueKind.Object && check.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
