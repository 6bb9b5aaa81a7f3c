using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.EndToEnd.Tests.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace GreenTune.EndToEnd.Tests.Webhooks;

/// <summary>Somebody's chat channel, which takes what is signed with its secret and refuses the rest.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly ConcurrentQueue<WebhookEvent> _events = [];
    private WebApplication _app = null!;

    private WebhookReceiver()
    {
    }

    public string Address => _app.Urls.First() + "/hook";

    /// <summary>What deliveries are signed with.</summary>
    public string Secret { get; set; } = string.Empty;

    public IReadOnlyCollection<WebhookEvent> Events => _events;

    public static async Task<WebhookReceiver> StartAsync()
    {
        var receiver = new WebhookReceiver();
        receiver._app = await LoopbackServer.StartAsync(app => app.MapPost("/hook", receiver.TakeAsync));
        return receiver;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task<IResult> TakeAsync(HttpRequest request)
    {
        using var reader = new StreamReader(request.Body);
        string body = await reader.ReadToEndAsync();
        var parts = request.Headers["X-GreenTune-Signature"].ToString().Split(',').Select(part => part.Split('=', 2)).ToDictionary(part => part[0], part => part[1]);
        byte[] expected = HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes($"{parts["t"]}.{body}"));
        DateTimeOffset at = DateTimeOffset.FromUnixTimeSeconds(long.Parse(parts["t"], CultureInfo.InvariantCulture));
        if (!CryptographicOperations.FixedTimeEquals(expected, Convert.FromHexString(parts["v1"])) || (DateTimeOffset.UtcNow - at).Duration() > TimeSpan.FromMinutes(5))
        {
            return Results.Unauthorized();
        }

        _events.Enqueue(JsonSerializer.Deserialize<WebhookEvent>(body, ContractJson.Options)!);
        return Results.NoContent();
    }
}
