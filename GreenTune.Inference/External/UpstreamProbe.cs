using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.External;

/// <summary>Asks every upstream for its models now and then, so that what is away shows before a request meets it.</summary>
internal sealed partial class UpstreamProbe(ExternalRegistry registry, IOptions<ExternalOptions> options, TimeProvider clock, ILogger<UpstreamProbe> logger) : BackgroundService
{
    private const int MaxAnswerBytes = 4 << 20;
    private const int MaxListed = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Probes one upstream and notes what it found.</summary>
    public async Task ProbeAsync(ExternalConfiguration configuration, CancellationToken cancellation)
    {
        string? error = await ErrorOfAsync(configuration, cancellation);
        if (configuration.Probed(error, clock.GetUtcNow()))
        {
            if (error is null)
            {
                LogReady(configuration.Upstream.Id, configuration.Upstream.Url);
            }
            else
            {
                LogFailed(configuration.Upstream.Id, error);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAll(registry.All.Select(configuration => ProbeAsync(configuration, stoppingToken))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Task.Delay(TimeSpan.FromSeconds(options.Value.ProbeSeconds), clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<string?> ErrorOfAsync(ExternalConfiguration configuration, CancellationToken cancellation)
    {
        Upstream upstream = configuration.Upstream;
        using var patience = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        try
        {
            using HttpResponseMessage response = await configuration.Connection.SendAsync(HttpMethod.Get, "models", null, null, either.Token);
            return response.StatusCode switch
            {
                HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => UpstreamErrors.Refused(upstream),
                // Engines without a list of models answer 404 or 405, and are there.
                >= HttpStatusCode.InternalServerError => $"it answers its list of models with status {(int)response.StatusCode}.",
                >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest => $"it redirects to {response.Headers.Location}, and redirects are not followed; set its url to where it is.",
                HttpStatusCode.OK => await MissingAsync(response, upstream, either.Token),
                _ => null,
            };
        }
        catch (HttpRequestException e)
        {
            return $"it cannot be reached: {UpstreamErrors.Reason(e)}.";
        }
        catch (IOException e)
        {
            return $"its answer broke off: {UpstreamErrors.Reason(e)}.";
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"it did not answer within {Patience.TotalSeconds:0} s.";
        }
    }

    /// <summary>What is wrong with a list of models that lacks the upstream's; null for a list that has it, and for anything that is no such list.</summary>
    private static async Task<string?> MissingAsync(HttpResponseMessage response, Upstream upstream, CancellationToken cancellation)
    {
        byte[] bytes = await LimitedContent.ReadAsync(response.Content, MaxAnswerBytes, cancellation);
        try
        {
            using JsonDocument list = JsonDocument.Parse(bytes);
            if (list.RootElement.ValueKind != JsonValueKind.Object || !list.RootElement.TryGetProperty("data", out JsonElement data) || data.ValueKind != JsonValueKind.Array)
            {
                return null;
            }

            string[] names = [.. data.EnumerateArray().Select(Name).OfType<string>()];
            return names.Length == 0 || names.Contains(upstream.Model)
                ? null
                : $"it has no model {upstream.Model}; it has {string.Join(", ", names.Take(MaxListed))}{(names.Length > MaxListed ? " and more" : "")}.";
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Name(JsonElement model) =>
        model.ValueKind == JsonValueKind.Object && model.TryGetProperty("id", out JsonElement id) && id.ValueKind == JsonValueKind.String ? id.GetString() : null;

    [LoggerMessage(1, LogLevel.Information, "The upstream {Upstream} at {Address} is ready")]
    private partial void LogReady(string upstream, Uri address);

    [LoggerMessage(2, LogLevel.Warning, "The upstream {Upstream} cannot be used: {Reason}")]
    private partial void LogFailed(string upstream, string reason);
}
