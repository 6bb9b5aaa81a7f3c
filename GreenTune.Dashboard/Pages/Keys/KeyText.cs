using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Pages.Keys;

/// <summary>Words of keys.</summary>
public static class KeyText
{
    /// <summary>A key that ends within this time says so.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromDays(14);

    /// <summary>Roles with what they may, least first.</summary>
    public static IReadOnlyList<(string, string)> Roles { get; } =
    [
        (nameof(AccessRole.Use), "use: make requests, read what its own tenant cost"),
        (nameof(AccessRole.Operate), "operate: read everything, set budgets, measure, sign in here"),
        (nameof(AccessRole.Admin), "admin: also keys, webhooks, engines elsewhere"),
    ];

    public static IReadOnlyList<(string, string)> Lifetimes { get; } =
        [(KeyForm.Never, "Never"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year"), (KeyForm.OnDate, "On a day of my choice")];

    public static string Headline(IReadOnlyList<KeyView>? keys, bool on, DateTimeOffset now)
    {
        var asked = on ? "Every call needs a key." : "Access control is off: nobody is asked for a key.";
        if (keys is null)
        {
            return $"{asked} A key stands for one tenant and one role.";
        }

        var active = keys.Where(key => IsActive(key, now)).ToList();
        if (active.Count == 0)
        {
            return $"{asked} There is no key that works.";
        }

        var roles = Enum.GetValues<AccessRole>().Reverse().Select(role => (role, active.Count(key => key.Role == role))).Where(pair => pair.Item2 > 0).Select(pair => $"{Figures.Count(pair.Item2)} {Role(pair.role)}");
        return $"{asked} {(active.Count == 1 ? "One key works" : $"{Figures.Count(active.Count)} keys work")}: {string.Join(", ", roles)}.";
    }

    /// <summary>"use", "operate", "admin".</summary>
    public static string Role(AccessRole role) => role switch
    {
        AccessRole.Use => "use",
        AccessRole.Operate => "operate",
        _ => "admin",
    };

    public static bool IsActive(KeyView key, DateTimeOffset now) => key.RevokedAt is null && !(key.ExpiresAt <= now);

    /// <summary>"active", "expires 3 Dec", "expired 1 Nov", "revoked 5 Nov by ops".</summary>
    public static (string Text, ChipKind Kind, string? Detail) State(KeyView key, DateTimeOffset now, LocalTimes times) => key switch
    {
        { RevokedAt: { } at } => ("revoked", ChipKind.Off, $"{times.Recent(at, now)}{(key.RevokedBy is { } by ? $" by {by}" : string.Empty)}"),
        { ExpiresAt: { } at } when at <= now => ("expired", ChipKind.Off, times.Recent(at, now)),
        { ExpiresAt: { } at } when at - now <= Soon => ("expires soon", ChipKind.Notify, times.Recent(at, now)),
        { ExpiresAt: { } at } => ("active", ChipKind.Ok, $"until {times.Day(at)} {times.In(at).Year}"),
        _ => ("active", ChipKind.Ok, null),
    };

    /// <summary>"60 requests/min, 100 000 tokens/min, 8 at once"; "none".</summary>
    public static string Limits(KeyLimits limits)
    {
        string?[] parts =
        [
            limits.RequestsPerMinute is { } requests ? $"{Figures.Count(requests)} requests/min" : null,
            limits.TokensPerMinute is { } tokens ? $"{Figures.Count(tokens)} tokens/min" : null,
            limits.Concurrent is { } concurrent ? $"{Figures.Count(concurrent)} at once" : null,
        ];
        return string.Join(", ", parts.OfType<string>()) is { Length: > 0 } text ? text : "none";
    }

    /// <summary>What revoking ends, asked before it is done.</summary>
    /// <param name="key">The key.</param>
    /// <param name="keys">All keys.</param>
    /// <param name="own">The key that is signed in with; null while keys are off.</param>
    /// <param name="now">Now.</param>
    public static string RevokeQuestion(KeyView key, IReadOnlyList<KeyView> keys, Guid? own, DateTimeOffset now)
    {
        var text = $"{key.Name} ({key.Prefix}...) works no longer: its clients get 401 from now on, within a minute everywhere. This cannot be undone.";
        if (key.Id == own)
        {
            text += " You are signed in with this key, and will be signed out.";
        }

        return key.Role == AccessRole.Admin && !keys.Any(other => other.Id != key.Id && other.Role == AccessRole.Admin && IsActive(other, now))
            ? text + " It is the last one with the role admin: after it, keys can be made only by starting Accounting with Access__BootstrapKey."
            : text;
    }
}
