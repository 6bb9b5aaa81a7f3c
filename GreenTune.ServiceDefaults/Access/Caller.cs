using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Http;

namespace GreenTune.ServiceDefaults.Access;

/// <summary>Who makes a call.</summary>
/// <param name="Key">The key's identity; null for a service on its own account and while keys are off.</param>
/// <param name="IsService">One of GreenTune's services.</param>
/// <param name="Allowance">The key's tokens; null without a limit.</param>
public sealed record Caller(KeyIdentity? Key, bool IsService, TokenAllowance? Allowance = null)
{
    /// <summary>Whoever calls while keys are off: all is allowed.</summary>
    public static Caller Local { get; } = new(null, false);

    /// <summary>For logs: the key's name, "service", or "local" while keys are off.</summary>
    public string Name => Key?.Name ?? (IsService ? "service" : "local");
}

/// <summary>What endpoints ask about their caller.</summary>
public static class CallerExtensions
{
    /// <summary>Who calls; <see cref="Caller.Local"/> while keys are off.</summary>
    public static Caller Caller(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<Caller>() ?? Access.Caller.Local;
    }

    /// <summary>Name of the caller, for the log of changes.</summary>
    public static string Actor(this HttpContext context) => context.Caller().Name;

    /// <summary>Whether the caller may see what belongs to a tenant: a key with the role use sees its own alone.</summary>
    public static bool MaySee(this HttpContext context, string tenant) => context.Caller().Key is not { Role: AccessRole.Use } key || key.Tenant == tenant;
}
