using System.Globalization;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Pages.Keys;

/// <summary>A key to be, as it is typed. Errors are kept by field, ours and the service's.</summary>
public sealed class KeyForm : TypedForm
{
    public const string NameField = "name";
    public const string TenantField = "tenant";
    public const string RoleField = "role";
    public const string ExpiresField = "expiresAt";
    public const string RequestsField = "limits.requestsPerMinute";
    public const string TokensField = "limits.tokensPerMinute";
    public const string ConcurrentField = "limits.concurrent";

    /// <summary>Values of <see cref="Lifetime"/> beside numbers of days.</summary>
    public const string Never = "";

    public const string OnDate = "date";

    /// <summary>Longest name, as the contract says.</summary>
    public const int LongestName = 80;

    private const int MostLimit = 1_000_000_000;
    private static readonly string[] Fields = [NameField, TenantField, RoleField, ExpiresField, RequestsField, TokensField, ConcurrentField];

    public string Name { get; set; } = string.Empty;

    public string Tenant { get; set; } = Headers.DefaultTenant;

    public AccessRole Role { get; set; }

    /// <summary><see cref="Never"/>, a number of days, or <see cref="OnDate"/>.</summary>
    public string Lifetime { get; set; } = Never;

    /// <summary>A day, "2027-12-31"; the key ends as it begins in UTC.</summary>
    public string Date { get; set; } = string.Empty;

    public string RequestsPerMinute { get; set; } = string.Empty;

    public string TokensPerMinute { get; set; } = string.Empty;

    public string Concurrent { get; set; } = string.Empty;

    protected override IReadOnlyCollection<string> Shown => Fields;

    public static KeyForm New(string? tenant) => new() { Tenant = tenant ?? Headers.DefaultTenant };

    /// <summary>Reads the form; null when something is wrong, with the errors set.</summary>
    public KeyInput? Read(DateTimeOffset now)
    {
        Clear();
        if (Name.Trim().Length is 0 or > LongestName)
        {
            Wrong(NameField, Name.Trim().Length == 0 ? "Say who or what uses it, for example support desk" : $"At most {LongestName} characters");
        }

        if (!Identifiers.IsTenant(Tenant.Trim()))
        {
            Wrong(TenantField, $"{Identifiers.TenantForm}, for example team-support");
        }

        var expires = ReadExpiry(now);
        var limits = new KeyLimits
        {
            RequestsPerMinute = ReadLimit(RequestsField, RequestsPerMinute),
            TokensPerMinute = ReadLimit(TokensField, TokensPerMinute),
            Concurrent = ReadLimit(ConcurrentField, Concurrent),
        };
        return !IsGood ? null : new KeyInput { Name = Name.Trim(), Tenant = Tenant.Trim(), Role = Role, ExpiresAt = expires, Limits = limits };
    }

    private DateTimeOffset? ReadExpiry(DateTimeOffset now)
    {
        if (Lifetime == OnDate)
        {
            if (!DateTimeOffset.TryParseExact(Date.Trim(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var day))
            {
                Wrong(ExpiresField, "A day, for example 2027-12-31");
            }
            else if (day <= now)
            {
                Wrong(ExpiresField, "The key would have expired already: name a day ahead");
            }

            return day;
        }

        return int.TryParse(Lifetime, NumberStyles.None, CultureInfo.InvariantCulture, out var days) ? now.AddDays(days) : null;
    }

    private int? ReadLimit(string field, string text)
    {
        if (text.Trim().Length == 0)
        {
            return null;
        }

        // Digits as people group them: 100 000, 100,000.
        var digits = new string([.. text.Where(c => !char.IsWhiteSpace(c) && c is not ',' and not '\'')]);
        if (int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= MostLimit)
        {
            return limit;
        }

        Wrong(field, "A whole number from 1, for example 60; empty for no limit");
        return null;
    }
}
