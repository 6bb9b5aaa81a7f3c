using System.Diagnostics.CodeAnalysis;
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

    public static bool IsTenant(string? tenant) => IsText(tenant, 100) && tenant.Trim().Length == tenant.Length;

    public static bool IsSession(string? session) => IsText(session, 200);

    /// <summary>1 to so many printable characters: a name of any kind.</summary>
    public static bool IsText([NotNullWhen(true)] string? text, int most) => text is { Length: >= 1 } && text.Length <= most && !text.Any(char.IsControl);

    public static bool IsConfiguration(string? id) => id is not null && ConfigurationPattern().IsMatch(id);

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{8,64}\z")]
    private static partial Regex RequestPattern();

    [GeneratedRegex(@"\A[A-Za-z0-9._:/@+-]{1,200}\z")]
    private static partial Regex ConfigurationPattern();
}
