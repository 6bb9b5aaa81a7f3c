using GreenTune.Accounting.Http;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Access;

/// <summary>Checks what somebody asks a key to be.</summary>
internal static class KeyInputValidator
{
    public const int MaxNameLength = 80;
    private const int MaxLimit = 1_000_000_000;

    public static FieldErrors Validate(KeyInput input, DateTimeOffset now)
    {
        var errors = new FieldErrors();
        if (string.IsNullOrWhiteSpace(input.Name) || input.Name.Length > MaxNameLength || input.Name.Any(char.IsControl))
        {
            errors.Add("name", $"Give the key a name of 1 to {MaxNameLength} characters that says who uses it, for example \"support desk\".");
        }

        if (!Identifiers.IsTenant(input.Tenant))
        {
            errors.Add("tenant", $"A tenant is {Identifiers.TenantForm}, for example \"team-support\".");
        }

        if (!Enum.IsDefined(input.Role))
        {
            errors.Add("role", "The role is \"use\", \"operate\" or \"admin\".");
        }

        if (input.ExpiresAt <= now)
        {
            errors.Add("expiresAt", "The key would have expired already; name a time ahead, for example one a year from now.");
        }

        Limit("limits.requestsPerMinute", input.Limits.RequestsPerMinute);
        Limit("limits.tokensPerMinute", input.Limits.TokensPerMinute);
        Limit("limits.concurrent", input.Limits.Concurrent);
        return errors;

        void Limit(string field, int? value)
        {
            if (value is < 1 or > MaxLimit)
            {
                errors.Add(field, $"A limit is a whole number from 1 to {MaxLimit}, or null for none, for example 60.");
            }
        }
    }
}
