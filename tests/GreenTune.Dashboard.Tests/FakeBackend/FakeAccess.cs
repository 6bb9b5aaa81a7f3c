using GreenTune.Core.Access;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>Accounting's /api/keys and /api/webhooks.</summary>
internal sealed class FakeAccess
{
    public const string Inner = "127.0.0.1";

    private readonly Lock _gate = new();
    private readonly SampleWorld _world;
    private readonly FakeEvents _events;
    private readonly Dictionary<Guid, KeyView> _keys = [];
    private readonly Dictionary<Guid, WebhookView> _webhooks = [];

    public FakeAccess(SampleWorld world, FakeEvents events, bool filled)
    {
        _world = world;
        _events = events;
        if (filled)
        {
            foreach (var key in SampleAccess.Keys(world.Now))
            {
                _keys.Add(key.Id, key);
            }

            foreach (var webhook in SampleAccess.Webhooks(world))
            {
                _webhooks.Add(webhook.Id, webhook);
            }
        }
    }

    public IReadOnlyList<KeyView> Keys
    {
        get
        {
            lock (_gate)
            {
                return [.. _keys.Values.OrderByDescending(key => key.CreatedAt)];
            }
        }
    }

    public IReadOnlyList<WebhookView> Webhooks
    {
        get
        {
            lock (_gate)
            {
                return [.. _webhooks.Values.OrderBy(hook => hook.Name, StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>What receivers answer to tests.</summary>
    public WebhookTest Answer { get; set; } = new(true, 204, null);

    /// <summary>Secrets that came in with webhooks, newest last.</summary>
    public List<string?> Secrets { get; } = [];

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/api/keys", () => Keys);
        app.MapPost("/api/keys", CreateKey);
        app.MapDelete("/api/keys/{id:guid}", (Guid id) => Revoke(id, "local"));
        app.MapGet("/api/webhooks", () => Webhooks);
        app.MapPost("/api/webhooks", CreateWebhook);
        app.MapPut("/api/webhooks/{id:guid}", UpdateWebhook);
        app.MapDelete("/api/webhooks/{id:guid}", (Guid id) => Remove(id) ? Results.NoContent() : Results.Problem(statusCode: 404, detail: $"There is no webhook {id}."));
        app.MapPost("/api/webhooks/{id:guid}/test", Test);
    }

    public IResult Revoke(Guid id, string by)
    {
        lock (_gate)
        {
            if (!_keys.TryGetValue(id, out var key))
            {
                return Results.Problem(statusCode: 404, detail: $"There is no key {id}.");
            }

            _keys[id] = key = key.RevokedAt is null ? key with { RevokedAt = _world.Now, RevokedBy = by } : key;
            _events.Send(EventNames.KeyRevoked, new KeyRevoked(id));
            return Results.Ok(key);
        }
    }

    public bool Remove(Guid id)
    {
        lock (_gate)
        {
            return _webhooks.Remove(id);
        }
    }

    private IResult CreateKey(KeyInput input)
    {
        if (input.Name.Contains('\t', StringComparison.Ordinal))
        {
            return Results.ValidationProblem(new Dictionary<string, string[]> { ["name"] = ["Give the key a name of 1 to 80 characters that says who uses it, for example \"support desk\"."] });
        }

        var secret = AccessKeys.Create();
        var key = SampleAccess.Key(input.Name, input.Tenant, input.Role, _world.Now) with { Prefix = AccessKeys.Shown(secret), Limits = input.Limits, ExpiresAt = input.ExpiresAt, CreatedBy = "local" };
        lock (_gate)
        {
            _keys[key.Id] = key;
        }

        return Results.Created($"/api/keys/{key.Id}", new KeyCreated(secret, key));
    }

    private IResult CreateWebhook(WebhookInput input)
    {
        if (Refusal(input) is { } refusal)
        {
            return refusal;
        }

        lock (_gate)
        {
            Secrets.Add(input.Secret);
            var webhook = Of(input, Guid.NewGuid(), _world.Now);
            _webhooks[webhook.Id] = webhook;
            return Results.Created($"/api/webhooks/{webhook.Id}", new WebhookCreated(input.Secret ?? "made-secret-0123456789abcdefghij", webhook));
        }
    }

    private IResult UpdateWebhook(Guid id, WebhookInput input)
    {
        if (Refusal(input) is { } refusal)
        {
            return refusal;
        }

        lock (_gate)
        {
            if (!_webhooks.TryGetValue(id, out var old))
            {
                return Results.Problem(statusCode: 404, detail: $"There is no webhook {id}.");
            }

            Secrets.Add(input.Secret);
            return Results.Ok(_webhooks[id] = Of(input, id, old.CreatedAt) with { LastDeliveredAt = old.LastDeliveredAt, LastFailedAt = old.LastFailedAt, LastProblem = old.LastProblem, Waiting = old.Waiting });
        }
    }

    private IResult Test(Guid id)
    {
        lock (_gate)
        {
            if (!_webhooks.TryGetValue(id, out var webhook))
            {
                return Results.Problem(statusCode: 404, detail: $"There is no webhook {id}.");
            }

            _webhooks[id] = Answer.Delivered ? webhook with { LastDeliveredAt = _world.Now } : webhook with { LastFailedAt = _world.Now, LastProblem = Answer.Problem };
            return Results.Ok(Answer);
        }
    }

    private static IResult? Refusal(WebhookInput input) => new Uri(input.Url).Host == Inner
        ? Results.ValidationProblem(new Dictionary<string, string[]>
        {
            ["url"] = [$"{Inner} is an inner address (loopback, private, link-local or the like). If that is meant, the operator lists it by its whole name in OutgoingUrls:Allow, for example OutgoingUrls__Allow__0={Inner}."],
        })
        : null;

    private static WebhookView Of(WebhookInput input, Guid id, DateTimeOffset created) => new()
    {
        Id = id,
        Name = input.Name,
        Url = input.Url,
        Actions = input.Actions,
        BudgetId = input.BudgetId,
        Paused = input.Paused,
        CreatedAt = created,
        CreatedBy = "local",
        Waiting = 0,
    };
}
