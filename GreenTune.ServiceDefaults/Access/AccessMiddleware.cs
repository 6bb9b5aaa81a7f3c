using System.Globalization;
using GreenTune.Core.Access;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Access;

/// <summary>A call that is not let in.</summary>
/// <param name="Status">401, 403, 429 or 503.</param>
/// <param name="Code">A word for programs.</param>
/// <param name="Message">For people.</param>
/// <param name="RetryAfter">When another try may succeed; null when none will.</param>
public sealed record AccessRefusal(int Status, string Code, string Message, TimeSpan? RetryAfter = null);

/// <summary>Writes refusals in the form of the service's errors.</summary>
public interface IAccessRefusalWriter
{
    Task WriteAsync(HttpContext context, AccessRefusal refusal);
}

/// <summary>Lets a call in by its key, its role and its limits. Runs behind routing, so that it knows the endpoint, and before anything that acts.</summary>
internal sealed partial class AccessMiddleware(
    RequestDelegate next, AccessMatrix matrix, KeySwitch keys, IKeyVerifier verifier, KeyRateLimits limits, IAccessRefusalWriter writer, IOptions<AccessOptions> options, ILogger<AccessMiddleware> logger)
{
    private const string Bearer = "Bearer ";

    private readonly string? _serviceKey = options.Value.ServiceKey;

    public async Task InvokeAsync(HttpContext context)
    {
        if (!keys.On || context.GetEndpoint() is not { } endpoint)
        {
            await next(context);
            return;
        }

        AccessRule? rule = matrix.Find(endpoint, context.Request.Method);
        if (rule is { Level: AccessLevel.Anyone })
        {
            await next(context);
            return;
        }

        (Caller? caller, AccessRefusal? refusal) = await CallerAsync(context);
        refusal ??= Refusal(caller!, rule);
        if (refusal is not null)
        {
            await RefuseAsync(context, refusal);
            return;
        }

        if (caller!.Key is not { } key)
        {
            context.Features.Set(caller);
            await next(context);
            return;
        }

        if (limits.Admit(key, rule!.Generates, out RateTicket? ticket) is { } limited)
        {
            await RefuseAsync(context, new AccessRefusal(StatusCodes.Status429TooManyRequests, limited.Code, limited.Message, limited.RetryAfter));
            return;
        }

        using (ticket)
        {
            Describe(context, ticket);
            if (rule.Tenant && key.Role == AccessRole.Use)
            {
                Confine(context.Request, key.Tenant);
            }

            context.Features.Set(caller with { Allowance = ticket?.Allowance });
            await next(context);
        }
    }

    private async Task<(Caller?, AccessRefusal?)> CallerAsync(HttpContext context)
    {
        if (Presented(context.Request) is not { } presented)
        {
            return (null, new AccessRefusal(StatusCodes.Status401Unauthorized, "missing_api_key", "This service asks for a key: send the header Authorization: Bearer gt_..."));
        }

        try
        {
            if (_serviceKey is not null && AccessKeys.SameText(presented, _serviceKey))
            {
                return await ServiceAsync(context);
            }

            return AccessKeys.IsKey(presented) && await verifier.VerifyAsync(presented, context.RequestAborted) is { } key
                ? (new Caller(key, false), null)
                : (null, new AccessRefusal(StatusCodes.Status401Unauthorized, "invalid_api_key", "The key is unknown, was revoked or has expired. GET /api/keys of Accounting lists them."));
        }
        catch (KeysUnavailableException e)
        {
            return (null, new AccessRefusal(StatusCodes.Status503ServiceUnavailable, "keys_unavailable", e.Message, TimeSpan.FromSeconds(5)));
        }
    }

    /// <summary>A service asks for itself, or for the key that it names, and then may do what that key may.</summary>
    private async Task<(Caller?, AccessRefusal?)> ServiceAsync(HttpContext context)
    {
        string? behalf = context.Request.Headers[Headers.OnBehalfOf];
        if (string.IsNullOrEmpty(behalf))
        {
            return (new Caller(null, true), null);
        }

        return Guid.TryParse(behalf, out Guid id) && await verifier.FindAsync(id, context.RequestAborted) is { } key
            ? (new Caller(key, true), null)
            : (null, new AccessRefusal(StatusCodes.Status401Unauthorized, "invalid_api_key", "The key that was signed in with was revoked or has expired. Sign in again."));
    }

    private static AccessRefusal? Refusal(Caller caller, AccessRule? rule)
    {
        if (rule is null)
        {
            return new AccessRefusal(StatusCodes.Status403Forbidden, "closed", "No role may call this endpoint.");
        }

        if (caller.Key is not { } key)
        {
            return null;
        }

        AccessRole? needed = rule.Level switch
        {
            AccessLevel.Use => AccessRole.Use,
            AccessLevel.Operate => AccessRole.Operate,
            AccessLevel.Admin => AccessRole.Admin,
            _ => null,
        };
        return needed is null ? new AccessRefusal(StatusCodes.Status403Forbidden, "services_only", "Only GreenTune's own services call this endpoint.")
            : key.Role >= needed ? null
            : new AccessRefusal(StatusCodes.Status403Forbidden, "role_missing", $"This needs a key with the role {Word(needed.Value)}; \"{key.Name}\" has the role {Word(key.Role)}.");
    }

    private static string Word(AccessRole role) => role switch
    {
        AccessRole.Use => "use",
        AccessRole.Operate => "operate",
        _ => "admin",
    };

    private static string? Presented(HttpRequest request)
    {
        string? authorization = request.Headers.Authorization;
        if (authorization is not null && authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return authorization[Bearer.Length..].Trim();
        }

        string? other = request.Headers["x-api-key"];
        return string.IsNullOrWhiteSpace(other) ? null : other.Trim();
    }

    /// <summary>The query asks for the key's own tenant, whatever it asked for.</summary>
    private static void Confine(HttpRequest request, string tenant)
    {
        var query = request.Query.Where(pair => !pair.Key.Equals("tenant", StringComparison.OrdinalIgnoreCase)).SelectMany(pair => pair.Value, (pair, value) => KeyValuePair.Create(pair.Key, value));
        request.QueryString = new QueryString(QueryHelpers.AddQueryString("", query.Append(KeyValuePair.Create("tenant", (string?)tenant))));
    }

    /// <summary>OpenAI's headers for limits, so that clients can pace themselves.</summary>
    private static void Describe(HttpContext context, RateTicket? ticket)
    {
        if (ticket is null)
        {
            return;
        }

        void Set(string name, long? value)
        {
            if (value is { } number)
            {
                context.Response.Headers[name] = number.ToString(CultureInfo.InvariantCulture);
            }
        }

        Set("x-ratelimit-limit-requests", ticket.Limits.RequestsPerMinute);
        Set("x-ratelimit-remaining-requests", ticket.RemainingRequests);
        Set("x-ratelimit-limit-tokens", ticket.Limits.TokensPerMinute);
        Set("x-ratelimit-remaining-tokens", ticket.RemainingTokens);
    }

    private Task RefuseAsync(HttpContext context, AccessRefusal refusal)
    {
        LogRefused(context.Request.Method, context.Request.Path, refusal.Status, refusal.Code);
        if (refusal.Status == StatusCodes.Status401Unauthorized)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
        }

        if (refusal.RetryAfter is { } after)
        {
            context.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(after.TotalSeconds)).ToString("0", CultureInfo.InvariantCulture);
        }

        return writer.WriteAsync(context, refusal);
    }

    [LoggerMessage(1, LogLevel.Information, "{Method} {Path} was refused: {Status} {Code}")]
    private partial void LogRefused(string method, PathString path, int status, string code);
}
