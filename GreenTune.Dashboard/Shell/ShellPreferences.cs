namespace GreenTune.Dashboard.Shell;

/// <summary>What the browser's cookies said when the page was asked for; handed to the interactive components with the page.</summary>
/// <param name="Tenant">Tenant chosen in the top bar; null for all.</param>
/// <param name="TimeZone">The browser's IANA time zone; null before its first visit.</param>
public sealed record ShellPreferences(string? Tenant, string? TimeZone)
{
    public const string TenantCookie = "greentune-tenant";
    public const string TimeZoneCookie = "greentune-zone";
    public const string ThemeCookie = "greentune-theme";

    /// <summary>Longest value taken from a cookie.</summary>
    private const int Longest = 128;

    public static ShellPreferences From(IRequestCookieCollection? cookies) => new(Read(cookies, TenantCookie), Read(cookies, TimeZoneCookie));

    /// <summary>"light" or "dark" when the reader chose one; null follows the system.</summary>
    public static string? ThemeOf(IRequestCookieCollection? cookies) => Read(cookies, ThemeCookie) is { } theme and ("light" or "dark") ? theme : null;

    private static string? Read(IRequestCookieCollection? cookies, string name) =>
        cookies?[name] is { Length: > 0 and <= Longest } value ? Uri.UnescapeDataString(value) : null;
}
