using System.Text.Json.Serialization;

namespace GreenTune.Core.Contracts;

/// <summary>What a key may do. Ordered: a later one may do all that an earlier one may.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<AccessRole>))]
public enum AccessRole
{
    /// <summary>Make requests, and read what its own tenant's cost.</summary>
    Use,

    /// <summary>Read everything, set budgets and weights, measure, pull and build models.</summary>
    Operate,

    /// <summary>Make and revoke keys, set webhooks, register engines elsewhere, remove models.</summary>
    Admin,
}

/// <summary>What a key may ask for at most; null is no limit. Each instance of Inference counts for itself.</summary>
public sealed record KeyLimits
{
    public static KeyLimits None { get; } = new();

    public int? RequestsPerMinute { get; init; }

    /// <summary>Prompt and answer together. A request counts with its max_tokens until it has ended.</summary>
    public int? TokensPerMinute { get; init; }

    /// <summary>Requests that are being answered at once.</summary>
    public int? Concurrent { get; init; }
}

/// <summary>POST /api/keys.</summary>
public sealed record KeyInput
{
    /// <summary>Who or what uses it; 1 to 80 characters.</summary>
    public required string Name { get; init; }

    /// <summary>Whose requests it makes. "default" where nothing is said.</summary>
    public string Tenant { get; init; } = Headers.DefaultTenant;

    public AccessRole Role { get; init; }

    /// <summary>Null for one that does not expire.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public KeyLimits Limits { get; init; } = KeyLimits.None;
}

/// <summary>A key as it is listed, without the key.</summary>
public sealed record KeyView
{
    public required Guid Id { get; init; }

    public required string Name { get; init; }

    /// <summary>The key's first characters, to tell it from others: "gt_Ab3d".</summary>
    public required string Prefix { get; init; }

    public required string Tenant { get; init; }

    public required AccessRole Role { get; init; }

    public required KeyLimits Limits { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required string CreatedBy { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    public string? RevokedBy { get; init; }

    /// <summary>To within ten minutes; null when it was never used.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }
}

/// <summary>A new key. <see cref="Key"/> is shown this once and kept nowhere.</summary>
public sealed record KeyCreated(string Key, KeyView View);

/// <summary>POST /api/keys/verify, by a service.</summary>
/// <param name="Key">What a client presented.</param>
public sealed record KeyCheck(string Key);

/// <summary>Whom a key stands for.</summary>
public sealed record KeyIdentity
{
    public required Guid Id { get; init; }

    public required string Name { get; init; }

    public required string Tenant { get; init; }

    public required AccessRole Role { get; init; }

    public KeyLimits Limits { get; init; } = KeyLimits.None;

    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A key holds no longer.</summary>
public sealed record KeyRevoked(Guid Id);
