using System.Text.RegularExpressions;

namespace GreenTune.Core.Contracts;

/// <summary>Forms of the ids that cross the API, checked wherever one comes in.</summary>
public static partial class Identifiers
{
    public const string RequestForm = "8 to 64 characters of [A-Za-z0-9._-]";

    public const string TenantForm = "1 to 100 printable characters without a space at either end";

    public const string SessionForm = "1 to 200 printable characters";

    public const string ConfigurationForm = "1 to 200 characters of [A-Za-z0-9._:/@+-]";

    public static bool IsRequest(string? id) => id is not null && RequestPattern().IsMatch(id);

    public static bool IsTenant(string? tenant) => tenant is { Length: >= 1 and <= 100 } && !tenant.Any(char.IsControl) && tenant.Trim().Length == tenant.Length;

    public static bool IsSession(string? session) => session is { Length: >= 1 and <= 200 } && !session.Any(char.IsControl);

    public static bool IsConfiguration(string? id) => id is not null && ConfigurationPattern().IsMatch(id);

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{8,64}\z")]
    private static partial Regex RequestPattern();

    [GeneratedRegex(@"\A[A-Za-z0-9._:/@+-]{1,200}\z")]
    private static partial Regex ConfigurationPattern();
}
